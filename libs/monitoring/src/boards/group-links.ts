import { buckets, count, m } from '../metric.js';
import { GREEN, lines, type Placed, RED, YELLOW, RATE } from './panel.js';
import { JOB, OF_GROUP as here } from './uids.js';

const quantile = (q: number, by: string, histogram: string): string =>
  `histogram_quantile(${q}, sum by (${by}, le) (rate(${histogram}[${RATE}])))`;
const durations = buckets('mm2ss_command_duration_seconds', { ...here, outcome: 'done' });

export const COMMAND_PANELS: readonly Placed[] = [
  lines({
    id: 41,
    title: 'Commands by outcome',
    text: 'In five minutes. Refused: by the RTU or by us; unknown: no answer tells what became of it.',
    unit: 'short',
    width: 12,
    height: 8,
    queries: [
      {
        expr: `sum by (outcome) (increase(${count('mm2ss_command_duration_seconds', here)}[5m]))`,
        legend: '{{outcome}}',
      },
      {
        expr: `sum by (rule) (increase(${m('mm2ss_commands_denied_total', here)}[5m])) > 0`,
        legend: 'denied: {{rule}}',
      },
    ],
  }),
  lines({
    id: 42,
    title: 'How long commands take, p50 and p95',
    text: 'From the command to its last answer, of those that were done.',
    unit: 's',
    colours: [GREEN, [5, RED]],
    width: 12,
    height: 8,
    queries: [
      { expr: quantile(0.5, 'group', durations), legend: 'p50' },
      { expr: quantile(0.95, 'group', durations), legend: 'p95' },
    ],
  }),
];

const tests = buckets('mm2ss_link_test_seconds', here);

export const LINK_PANELS: readonly Placed[] = [
  lines({
    id: 51,
    title: 'Link test, p50 and p95',
    text: 'TESTFR act to con, every 10 s: the way there and back. The bound is 50 ms; a link over radio has its own.',
    unit: 's',
    colours: [GREEN, [0.05, RED]],
    width: 12,
    height: 8,
    queries: [
      { expr: quantile(0.5, 'side', tests), legend: 'p50 {{side}}' },
      { expr: quantile(0.95, 'side', tests), legend: 'p95 {{side}}' },
    ],
  }),
  lines({
    id: 52,
    title: 'I-format APDU to its acknowledgement, p95',
    text: 'With how long the peer waits with it (w, t2): seconds are normal where little is sent.',
    unit: 's',
    width: 12,
    height: 8,
    queries: [
      {
        expr: quantile(0.95, 'side', buckets('mm2ss_link_acknowledgement_seconds', here)),
        legend: 'p95 {{side}}',
      },
    ],
  }),
  lines({
    id: 53,
    title: 'TCP segments sent again',
    text: 'Part of all that were sent, of the whole network namespace of each process. Above 1 % the path loses.',
    unit: 'percentunit',
    colours: [GREEN, [0.01, RED]],
    width: 12,
    height: 8,
    queries: [
      {
        expr:
          `sum by (instance) (rate(${m('mm2ss_tcp_segments_retransmitted_total', { job: JOB })}[${RATE}]))\n` +
          `/ sum by (instance) (rate(${m('mm2ss_tcp_segments_sent_total', { job: JOB })}[${RATE}]))`,
        legend: '{{instance}}',
      },
    ],
  }),
  lines({
    id: 54,
    title: 'Connections made to the RTU',
    text: 'In each minute. One after a change is normal.',
    unit: 'short',
    decimals: 0,
    width: 12,
    height: 8,
    queries: [{ expr: `sum(increase(${m('mm2ss_rtu_connects_total', here)}[1m]))`, legend: 'connections' }],
  }),
];

export const CONNECTION_PANELS: readonly Placed[] = [
  lines({
    id: 61,
    title: 'Masters refused and disconnected, by reason',
    text: 'In five minutes.',
    unit: 'short',
    width: 12,
    height: 8,
    queries: [
      {
        expr: `sum by (reason) (increase(${m('mm2ss_master_connections_refused_total', here)}[5m])) > 0`,
        legend: 'refused: {{reason}}',
      },
      {
        expr: `sum by (reason) (increase(${m('mm2ss_master_disconnects_total', here)}[5m])) > 0`,
        legend: 'disconnected: {{reason}}',
      },
    ],
  }),
  lines({
    id: 62,
    title: 'Why the link to the RTU ended',
    text: 'In five minutes, by reason.',
    unit: 'short',
    width: 6,
    height: 8,
    queries: [
      { expr: `sum by (reason) (increase(${m('mm2ss_rtu_disconnects_total', here)}[5m])) > 0`, legend: '{{reason}}' },
    ],
  }),
  lines({
    id: 63,
    title: 'Certificates: days left',
    text: 'Of the files of this group and of those for all groups. Without TLS there are none.',
    unit: 'd',
    decimals: 0,
    colours: [RED, [7, YELLOW], [30, GREEN]],
    width: 6,
    height: 8,
    queries: [
      {
        expr: `(min by (group, file) (${m('mm2ss_tls_certificate_not_after_seconds', {
          job: JOB,
          group: '=~$group|all',
        })}) - time()) / 86400`,
        legend: '{{file}} ({{group}})',
      },
    ],
  }),
];
