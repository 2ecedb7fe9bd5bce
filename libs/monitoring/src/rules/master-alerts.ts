import { grownOfGroup, m, maxByGroup, sumByGroup } from '../metric.js';
import { above, type Alert, THE_GROUP, withoutOwn } from './rule.js';

const MASTER_KEYS = 'job, group, name, master';
const whileRtuUp = `and on (job, group) max by (job, group) (${m('mm2ss_rtu_up')}) == 1`;
const maxByMaster = (expr: string): string => `max by (${MASTER_KEYS}) (${expr})`;
const started = maxByMaster(m('mm2ss_named_master_started'));
const NO_PLACE = '=~max_connections|per_source|reserved';
const places = maxByGroup(m('mm2ss_group_limit', { limit: 'connections' }));

/** About masters: who is there, and whether all of them get everything. */
export const MASTER_ALERTS: readonly Alert[] = [
  {
    alert: 'NoMasterStarted',
    conditions: [
      {
        severity: 'critical',
        for: '5m',
        expr: withoutOwn(
          'NoMasterStarted',
          `${maxByGroup(m('mm2ss_masters', { state: 'started' }))} == 0\n${whileRtuUp}`,
        ),
        summary: `No master has started data transfer with ${THE_GROUP}`,
        description:
          'The RTU is connected and nobody sees what happens there. It is told to stop sending (STOPDT) and keeps its events as long ' +
          'as it has room for them.',
      },
    ],
  },
  {
    alert: 'ExpectedMasterMissing',
    conditions: [
      {
        severity: 'warning',
        for: '5m',
        expr: withoutOwn('ExpectedMasterMissing', `${started} == 0\n${whileRtuUp}`),
        summary: `Master {{ $labels.master }} of ${THE_GROUP} is not there`,
        description:
          'The file names this master, and it has not started data transfer. What it misses is kept for it, up to `buffsize` ASDUs.',
      },
    ],
  },
  {
    alert: 'MasterLag',
    conditions: [
      {
        severity: 'warning',
        for: '2m',
        expr: above(
          'MasterLag',
          `${maxByMaster(m('mm2ss_named_master_oldest_seconds'))} and on (job, group, master) ${started} == 1`,
          60,
        ),
        summary: `Master {{ $labels.master }} of ${THE_GROUP} is {{ $value | humanizeDuration }} behind`,
        description:
          'The master is started, and has not acknowledged an event that is as old as that. It reads too slowly, its path is slow, or ' +
          'it does not acknowledge.',
      },
    ],
  },
  {
    alert: 'EventsLost',
    conditions: [
      {
        cause: 'master',
        severity: 'critical',
        for: '0m',
        expr: `sum by (${MASTER_KEYS}) (${grownOfGroup(m('mm2ss_master_events_lost_total', { master: '!=*' }), '15m')}) > 0`,
        summary: `Master {{ $labels.master }} of ${THE_GROUP} did not get {{ $value | printf "%.0f" }} events`,
        description:
          '0 is the promise. Events were given up for this master, as more came than `buffsize` keeps for it, or they were lost. ' +
          'It has to ask for a general interrogation; the states are right then, the history has a gap.',
      },
      {
        cause: 'log',
        severity: 'critical',
        for: '0m',
        expr: `${sumByGroup(grownOfGroup(m('mm2ss_log_lost_asdus_total'), '15m'))} > 0`,
        summary: `The event log of ${THE_GROUP} lost {{ $value | printf "%.0f" }} events`,
        description:
          'Events that were acknowledged to the RTU are not in the log any more, and no master is known to have them: the NATS server ' +
          'lost its store or a part of it.',
      },
    ],
  },
  {
    alert: 'GatewayNearLimit',
    conditions: [
      {
        cause: 'refused',
        severity: 'warning',
        for: '0m',
        expr: `${sumByGroup(`increase(${m('mm2ss_masters_refused_total', { reason: NO_PLACE })}[10m])`)} > 0`,
        summary: `Masters of ${THE_GROUP} are refused: there is no place`,
        description:
          'Connections were refused as `max conn` masters are connected, as one address has all that it may have, or as the rest is kept ' +
          'for masters that the file names.',
      },
      {
        cause: 'queue',
        severity: 'warning',
        for: '5m',
        expr: `${maxByGroup(m('mm2ss_master_queue_asdus'))}\n  / ${maxByGroup(m('mm2ss_group_limit', { limit: 'master_queue_asdus' }))} > 0.8`,
        summary: `The queue of a master of ${THE_GROUP} is {{ $value | humanizePercentage }} full`,
        description:
          'A master reads too slowly. When its queue is full it is disconnected, and gets the rest when it is back.',
      },
      {
        cause: 'places',
        severity: 'warning',
        for: '15m',
        expr: above('GatewayNearLimit', `${sumByGroup(m('mm2ss_masters'))}\n/ ${places}`, 0.99),
        summary: `All places of ${THE_GROUP} are taken`,
        description:
          '`max conn` masters are connected: a master whose old connection is not known to be dead yet cannot come back before it is.',
      },
    ],
  },
];
