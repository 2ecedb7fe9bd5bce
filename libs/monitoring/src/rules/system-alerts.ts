import { SECURITY_EVENTS } from '@iec104mm2ss/observability';
import { buckets, GROUP_KEYS, grown, m, maxByGroup } from '../metric.js';
import { type Alert, THE_GROUP } from './rule.js';

const DAY_SECONDS = 86_400;
/** They have an alert of their own, or one of another metric says more. */
const TOLD_ELSEWHERE = ['clock_not_set', 'configuration_refused', 'configuration_in_part'];
const grave = Object.entries(SECURITY_EVENTS)
  .filter(([name, { severity }]) => ['alert', 'critical', 'error'].includes(severity) && !TOLD_ELSEWHERE.includes(name))
  .map(([name]) => name);
const warnings = Object.entries(SECURITY_EVENTS)
  .filter(([, { severity }]) => severity === 'warning')
  .map(([name]) => name);

const daysLeft = `(min by (job, group, file) (${m('mm2ss_tls_certificate_not_after_seconds')}) - time()) / ${DAY_SECONDS}`;
const ofProcess = 'max by (job, instance)';
/** When an NTP server last answered; since its start, where one is asked and none ever has. */
const lastTime = [
  `${ofProcess} (${m('mm2ss_ntp_last_success_timestamp_seconds')})`,
  `or ${ofProcess} (${m('process_start_time_seconds')} and on (job, instance) ${m('mm2ss_ntp_clock_sets_total')})`,
].join('\n  ');
const ofRole = `max by (${GROUP_KEYS}, role) (${m('mm2ss_group_owner')})`;
const CERTIFICATE =
  '{{ $labels.file }} of {{ if eq $labels.group "all" }}all groups{{ else }}group {{ $labels.group }}{{ end }}';

/** About who serves the groups, and with what file. */
const SERVING_ALERTS: readonly Alert[] = [
  {
    alert: 'NoOwner',
    conditions: [
      {
        severity: 'critical',
        for: '1m',
        expr: [
          `${ofRole} == 0`,
          `or label_replace(${maxByGroup(m('mm2ss_group_router_heard'))} == 0, "role", "router", "", "")`,
        ].join('\n'),
        summary: `No {{ $labels.role }} serves ${THE_GROUP}`,
        description:
          'No process has the lease on the group. Without a router no event reaches a master and no command passes; without a connector ' +
          'nobody holds the connection to the RTU.',
      },
    ],
  },
  {
    alert: 'TwoOwners',
    conditions: [
      {
        severity: 'critical',
        for: '1m',
        expr: `sum by (${GROUP_KEYS}, role) (${m('mm2ss_group_owner')}) > 1`,
        summary: `{{ $value }} {{ $labels.role }}s say that they have the lease on ${THE_GROUP}`,
        description:
          'One of them is cut off and does not know it yet, or the leases do not do their work. What the older one sends is refused by ' +
          'its fence; for more than a minute this must not be.',
      },
    ],
  },
  {
    alert: 'ConfigurationMismatch',
    conditions: [
      {
        cause: 'differ',
        severity: 'warning',
        for: '5m',
        expr: `count by (job) (count by (job, digest) (${m('mm2ss_config_info')})) > 1`,
        summary: '{{ $value }} different configuration files are in force',
        description:
          'Processes of one system work with different files for more than five minutes: groups, ports or rights differ between them.',
      },
      {
        cause: 'refused',
        severity: 'warning',
        for: '5m',
        expr: `min by (job, instance) (${m('mm2ss_config_in_force')}) == 0`,
        summary: '{{ $labels.instance }} did not take the changed configuration file',
        description: 'The file as it is now was refused, as a whole or in part; what was in force before stays.',
      },
    ],
  },
];

/** About processes, and what they need. */
const PROCESS_ALERTS: readonly Alert[] = [
  {
    alert: 'CertificateExpiring',
    conditions: [
      {
        cause: 'month',
        severity: 'warning',
        for: '1h',
        expr: `${daysLeft} < 30 > 7`,
        summary: `${CERTIFICATE} ends in {{ $value | printf "%.0f" }} days`,
        description: 'After that masters and RTUs refuse the connection. A new certificate is taken without a restart.',
      },
      {
        cause: 'week',
        severity: 'critical',
        for: '5m',
        expr: `${daysLeft} <= 7`,
        summary: `${CERTIFICATE} ends in {{ $value | printf "%.1f" }} days`,
        description:
          'After that masters and RTUs refuse the connection; below 0 it has ended. A new certificate is taken without a restart.',
      },
    ],
  },
  {
    alert: 'ClockOffset',
    conditions: [
      {
        cause: 'offset',
        severity: 'warning',
        for: '5m',
        expr: `max by (job, instance) (abs(${m('mm2ss_ntp_offset_seconds')})) > 0.5`,
        summary: 'The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} off',
        description:
          'The time tags of RTUs pass unchanged, but ages of commands, certificates, audit records and log lines go by this clock.',
      },
      {
        cause: 'unsynchronised',
        severity: 'warning',
        for: '5m',
        expr: `time() - (${lastTime}) > 7200`,
        summary: 'No NTP server has answered {{ $labels.instance }} for {{ $value | humanizeDuration }}',
        description:
          'Nobody knows how wrong its clock is by now. It may be that none has answered since the process was started.',
      },
    ],
  },
  {
    alert: 'SecurityEvents',
    conditions: [
      {
        cause: 'grave',
        severity: 'critical',
        for: '0m',
        expr: `sum by (job, event) (${grown(m('mm2ss_security_events_total', { event: `=~${grave.join('|')}` }), '15m')}) > 0`,
        summary: 'Security event {{ $labels.event }}',
        description:
          'An event that is never normal: of severity error or above in docs/security-events.md. The log line has the peer and the reason.',
      },
      {
        cause: 'many',
        severity: 'warning',
        for: '0m',
        expr: `sum by (job, event) (increase(${m('mm2ss_security_events_total', { event: `=~${warnings.join('|')}` })}[15m])) > 100`,
        summary: 'Security event {{ $labels.event }} came {{ $value | printf "%.0f" }} times in 15 minutes',
        description:
          'One of them is everyday life; so many are a peer that is badly configured, or one that tries things.',
      },
    ],
  },
  {
    alert: 'EventLoopLag',
    conditions: [
      {
        cause: 'late',
        severity: 'warning',
        for: '5m',
        expr: `histogram_quantile(0.99, sum by (job, instance, le) (rate(${buckets('mm2ss_event_loop_lag_seconds')}[5m]))) > 0.25`,
        summary: '{{ $labels.instance }} is late by {{ $value | humanizeDuration }}',
        description:
          'One in a hundred timers fired so late: for so long the process did nothing for any link. From t1 on, links break.',
      },
      {
        cause: 'busy',
        severity: 'warning',
        for: '5m',
        expr: `sum by (job, instance) (rate(${m('mm2ss_event_loop_active_seconds_total')}[5m])) > 0.9`,
        summary: '{{ $labels.instance }} is busy {{ $value | humanizePercentage }} of the time',
        description: 'It has no room for more; groups should be spread over more processes.',
      },
    ],
  },
  {
    alert: 'NatsDown',
    conditions: [
      {
        severity: 'critical',
        for: '1m',
        expr: `min by (job, instance) (${m('mm2ss_bus_connected')}) == 0`,
        summary: '{{ $labels.instance }} has no connection to NATS',
        description:
          'What this process serves stands still. After `--hold-seconds` masters are disconnected; events stay with the RTU. If all ' +
          'processes say so the NATS server is down, else the path of this one.',
      },
    ],
  },
  {
    alert: 'NatsStorage',
    conditions: [
      {
        cause: 'unusable',
        severity: 'critical',
        for: '1m',
        expr: `max by (job, store) (${m('mm2ss_storage_trouble')}) > 0`,
        summary: '{{ $labels.store }} on the NATS server cannot be used',
        description:
          'A stream or bucket could not be read or written: it is missing, its disk is full, or its servers have no majority. Events that ' +
          'cannot be stored are not acknowledged to the RTU.',
      },
      {
        cause: 'full',
        severity: 'warning',
        for: '5m',
        expr: `max by (job, server) (${m('mm2ss_nats_store_used_bytes')} / ${m('mm2ss_nats_store_limit_bytes')}) > 0.8`,
        summary: 'The store of the NATS server {{ $labels.server }} is {{ $value | humanizePercentage }} full',
        description:
          'When it is full no event can be stored and no RTU is acknowledged. What each stream may hold is bounded by `buffsize`; streams ' +
          'of groups that the file has no more stay.',
      },
    ],
  },
];

export const SYSTEM_ALERTS: readonly Alert[] = [...SERVING_ALERTS, ...PROCESS_ALERTS];
