import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { buckets, m } from '../metric.js';
import { board } from './board.js';
import { fleetTable } from './fleet-table.js';
import { BLUE, figure, GREEN, lines, RED, timeline, words, RATE } from './panel.js';
import { groupState, max, oldestUndelivered, STATE_WORDS } from './state.js';
import { FIRING, FLEET_UID, JOB, JOB_VARIABLE } from './uids.js';

const here = { job: JOB } as const;
const named = `max by (group, master) (${m('mm2ss_named_master_started', here)})`;

const GLANCE = [
  figure({
    id: 1,
    title: 'RTUs down',
    text: 'Groups of the file whose RTU is not connected, a connector that never started among them.',
    colours: [GREEN, [1, RED]],
    width: 4,
    height: 4,
    queries: [{ expr: `count(${max(m('mm2ss_group_rtu_up', here))} == 0) or vector(0)` }],
  }),
  figure({
    id: 2,
    title: 'RTUs up of total',
    text: 'Connected now, and how many the file has.',
    colours: [BLUE],
    width: 4,
    height: 4,
    queries: [
      { expr: `sum(${max(m('mm2ss_group_rtu_up', here))})`, legend: 'up' },
      { expr: `count(${max(m('mm2ss_group_info', here))})`, legend: 'in the file' },
    ],
  }),
  figure({
    id: 3,
    title: 'Named masters started of expected',
    text: 'Those that the column `masters` names. Masters without a name are counted in the table below.',
    colours: [BLUE],
    width: 5,
    height: 4,
    queries: [
      { expr: `sum(${named}) or vector(0)`, legend: 'started' },
      { expr: `count(${named}) or vector(0)`, legend: 'expected' },
    ],
  }),
  figure({
    id: 4,
    title: 'Events from RTUs',
    text: 'ASDUs a second from all RTUs.',
    unit: 'ops',
    decimals: 1,
    colours: [BLUE],
    width: 3,
    height: 4,
    queries: [{ expr: `sum(rate(${m('mm2ss_rtu_asdus_received_total', here)}[${RATE}]))` }],
  }),
  oldestUndelivered('Age of the oldest event that no master has acknowledged. Under 10 s is normal.', here),
  figure({
    id: 6,
    title: 'Alerts',
    text: 'Alerts of this product that are firing.',
    colours: [GREEN, [1, RED]],
    width: 3,
    height: 4,
    queries: [{ expr: `count(${FIRING}) or vector(0)` }],
  }),
  figure({
    id: 7,
    title: 'Files',
    text: 'Different configuration files in force. More than one for minutes: some processes have not taken the new one.',
    colours: [GREEN, [2, RED]],
    width: 2,
    height: 4,
    queries: [{ expr: `count(count by (digest) (${m('mm2ss_config_info', here)}))` }],
  }),
];

const STATES = timeline({
  id: 11,
  title: 'State by group',
  text: 'Green: the RTU is connected and a master has started. Yellow: nobody takes the events. Red: no connection to the RTU.',
  mappings: [STATE_WORDS],
  width: 24,
  height: 7,
  queries: [{ expr: groupState(here), legend: '{{group}} {{name}}' }],
});

const REFUSALS = [
  lines({
    id: 31,
    title: 'Connections of masters refused, by reason',
    text: 'In five minutes, by the rules (filter, places, RTU down ...) and at the door (rates, TLS ...).',
    unit: 'short',
    width: 12,
    height: 8,
    queries: [
      {
        expr: `sum by (reason) (increase(${m('mm2ss_master_connections_refused_total', here)}[5m])) > 0`,
        legend: '{{reason}}',
      },
    ],
  }),
  lines({
    id: 32,
    title: 'Security events',
    text: 'In five minutes, by name; docs/security-events.md says what each means.',
    unit: 'short',
    width: 12,
    height: 8,
    queries: [
      {
        expr: `sum by (event) (increase(${m('mm2ss_security_events_total', here)}[5m])) > 0`,
        legend: '{{event}}',
      },
    ],
  }),
];

const PROCESSES = [
  lines({
    id: 41,
    title: 'Sessions by gateway',
    text: 'Masters connected to each gateway. They do not move by themselves: after a restart one has few.',
    unit: 'short',
    width: 8,
    height: 7,
    queries: [{ expr: `sum by (instance) (${m('mm2ss_master_sessions', here)})`, legend: '{{instance}}' }],
  }),
  lines({
    id: 42,
    title: 'Groups by router',
    text: 'Groups that each router has the lease on. All of them together: the groups of the file.',
    unit: 'short',
    width: 8,
    height: 7,
    queries: [
      { expr: `sum by (instance) (${m('mm2ss_group_owner', { ...here, role: 'router' })})`, legend: '{{instance}}' },
    ],
  }),
  lines({
    id: 43,
    title: 'Event loop lag, p99',
    text: 'How late timers fire. Above 250 ms links suffer; from t1 on they break.',
    unit: 's',
    colours: [GREEN, [0.25, RED]],
    width: 8,
    height: 7,
    queries: [
      {
        expr: `histogram_quantile(0.99, sum by (instance, le) (rate(${buckets('mm2ss_event_loop_lag_seconds', here)}[${RATE}])))`,
        legend: '{{instance}}',
      },
    ],
  }),
  lines({
    id: 44,
    title: 'Memory',
    text: 'Resident memory of each process.',
    unit: 'bytes',
    width: 8,
    height: 7,
    queries: [{ expr: m('process_resident_memory_bytes', here), legend: '{{instance}}' }],
  }),
  lines({
    id: 45,
    title: 'Restarts in the last hour',
    text: 'Of each target of Prometheus. A pod that is replaced is a new target and shows as a line that begins.',
    unit: 'short',
    decimals: 0,
    width: 8,
    height: 7,
    queries: [
      { expr: `sum by (instance) (changes(${m('process_start_time_seconds', here)}[1h]))`, legend: '{{instance}}' },
    ],
  }),
  lines({
    id: 46,
    title: 'Processor time',
    text: 'Cores that each process uses; one is the most that its event loop can.',
    unit: 'percentunit',
    width: 8,
    height: 7,
    queries: [
      {
        expr: `sum by (instance) (rate(${m('process_cpu_seconds_total', here)}[${RATE}]))`,
        legend: '{{instance}}',
      },
    ],
  }),
];

const used = m('mm2ss_nats_store_used_bytes', here);
const limit = m('mm2ss_nats_store_limit_bytes', here);

const NATS = [
  figure({
    id: 51,
    title: 'Without NATS',
    text: 'Processes that have no connection to the NATS server now.',
    colours: [GREEN, [1, RED]],
    width: 6,
    height: 5,
    queries: [{ expr: `count(${m('mm2ss_bus_connected', here)} == 0) or vector(0)` }],
  }),
  figure({
    id: 52,
    title: 'Streams and buckets in trouble',
    text: 'What a process could not read or write when it last tried.',
    colours: [GREEN, [1, RED]],
    width: 6,
    height: 5,
    queries: [{ expr: `count(max by (store) (${m('mm2ss_storage_trouble', here)}) > 0) or vector(0)` }],
  }),
  timeline({
    id: 53,
    title: 'Connection to NATS',
    text: 'By process. In one process without NATS it is always there.',
    mappings: [words({ 0: ['lost', RED], 1: ['connected', GREEN] })],
    width: 12,
    height: 5,
    queries: [{ expr: m('mm2ss_bus_connected', here), legend: '{{instance}}' }],
  }),
  lines({
    id: 54,
    title: 'Store of each NATS server: part used',
    text: 'Of what JetStream may take of the disk. When it is full no event can be stored. Needs the monitoring endpoints (`--nats-monitor`).',
    unit: 'percentunit',
    colours: [GREEN, [0.8, RED]],
    width: 12,
    height: 7,
    queries: [{ expr: `max by (server) (${used} / ${limit})`, legend: '{{server}}' }],
  }),
  lines({
    id: 55,
    title: 'Store of each NATS server: used and limit',
    text: 'What JetStream has stored, and what it may store.',
    unit: 'bytes',
    width: 12,
    height: 7,
    queries: [
      { expr: `max by (server) (${used})`, legend: 'used: {{server}}' },
      { expr: `max by (server) (${limit})`, legend: 'limit: {{server}}' },
    ],
  }),
];

/** All groups at a glance. */
export const fleetBoard = (): Dashboard =>
  board({
    uid: FLEET_UID,
    title: 'mm2ss fleet',
    text: 'All RTUs and masters of one system, those in trouble first.',
    variables: [JOB_VARIABLE],
    annotations: [],
    sections: [
      { id: 100, title: 'At a glance', panels: GLANCE },
      { id: 101, title: 'Groups, those in trouble first', panels: [fleetTable(), STATES] },
      { id: 102, title: 'Refusals', panels: REFUSALS },
      { id: 103, title: 'Processes', panels: PROCESSES },
      { id: 104, title: 'NATS', panels: NATS },
    ],
  });
