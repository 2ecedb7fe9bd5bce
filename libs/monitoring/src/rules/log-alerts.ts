import { m, maxByGroup, sumByGroup } from '../metric.js';
import { above, type Alert, THE_GROUP } from './rule.js';

/** About what no master has yet. */
export const LOG_ALERTS: readonly Alert[] = [
  {
    alert: 'LogFilling',
    conditions: [
      {
        severity: 'warning',
        for: '2m',
        expr: above(
          'LogFilling',
          `${maxByGroup(m('mm2ss_log_unconfirmed_asdus'))}\n/ ${maxByGroup(m('mm2ss_log_capacity_asdus'))}`,
          0.5,
        ),
        summary: `The event log of ${THE_GROUP} is {{ $value | humanizePercentage }} full`,
        description:
          'So much of `buffsize` waits for a master to acknowledge it. When it is full the RTU is not acknowledged any more and has to ' +
          'keep its events itself.',
      },
    ],
  },
  {
    alert: 'LogFull',
    conditions: [
      {
        cause: 'lasting',
        severity: 'critical',
        for: '1m',
        // A connector that has lost NATS is told of by NatsDown, once and not for each of its groups.
        expr: `${maxByGroup(`${m('mm2ss_log_full')} unless on (job, instance) ${m('mm2ss_bus_connected')} == 0`)} == 1`,
        summary: `The event log of ${THE_GROUP} is full or cannot be written`,
        description:
          'The RTU is not acknowledged: it stops sending after k APDUs and keeps its events as long as it has room. Nothing is lost ' +
          'yet at our end; what the RTU gives up is.',
      },
      {
        cause: 'often',
        severity: 'warning',
        for: '0m',
        // A server of NATS that is restarted costs each log one or two.
        expr: `${sumByGroup(`increase(${m('mm2ss_log_full_total')}[10m])`)} > 5.5`,
        summary: `The event log of ${THE_GROUP} was full or could not be written {{ $value | printf "%.0f" }} times in 10 minutes`,
        description:
          'Each time the RTU was not acknowledged for a while. The masters read as slowly as the RTU sends, or NATS stores too slowly.',
      },
    ],
  },
  {
    alert: 'UndeliveredOld',
    conditions: [
      {
        severity: 'critical',
        for: '1m',
        expr: above('UndeliveredOld', maxByGroup(m('mm2ss_undelivered_oldest_seconds')), 60),
        summary: `An event of ${THE_GROUP} waits {{ $value | humanizeDuration }} for any master`,
        description:
          'No master has acknowledged it: those that are started do not acknowledge, or the last one left before it did.',
      },
    ],
  },
];
