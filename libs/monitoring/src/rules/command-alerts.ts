import { buckets, count, GROUP_KEYS, grownOfGroup, m, maxByGroup, sumByGroup } from '../metric.js';
import { above, type Alert, THE_GROUP } from './rule.js';

const failed = sumByGroup(
  `increase(${count('mm2ss_command_duration_seconds', { outcome: '=~refused|unknown' })}[10m])`,
);
const all = sumByGroup(`increase(${count('mm2ss_command_duration_seconds')}[10m])`);

/** About commands, and what keeps them from passing. */
export const COMMAND_ALERTS: readonly Alert[] = [
  {
    alert: 'CommandFailures',
    conditions: [
      {
        cause: 'failed',
        severity: 'warning',
        for: '0m',
        // Three, so that one refused command on a quiet day is nobody's business.
        expr: `(\n${above('CommandFailures', `${failed}\n/ ${all}`, 0.2)}\n)\nand on (job, group) ${failed} > 2.5`,
        summary: `{{ $value | humanizePercentage }} of the commands to ${THE_GROUP} fail`,
        description:
          'Of the commands of the last ten minutes that many were refused, by the RTU or by us, or nobody knows what became of them.',
      },
      {
        cause: 'unknown',
        severity: 'critical',
        for: '0m',
        expr: `${sumByGroup(grownOfGroup(m('mm2ss_commands_unknown_total'), '10m'))} > 0`,
        summary: `Nobody knows what became of {{ $value | printf "%.0f" }} commands to ${THE_GROUP}`,
        description:
          'The commands were sent, or may have been, and no answer tells whether the RTU executed them. The masters got a negative ' +
          'confirmation; look at the state of the object before the command is given again.',
      },
    ],
  },
  {
    alert: 'CommandSlow',
    conditions: [
      {
        severity: 'warning',
        for: '5m',
        expr: above(
          'CommandSlow',
          `histogram_quantile(0.95, sum by (${GROUP_KEYS}, le) (rate(${buckets('mm2ss_command_duration_seconds', { outcome: 'done' })}[10m])))`,
          5,
        ),
        summary: `Commands to ${THE_GROUP} take {{ $value | humanizeDuration }}`,
        description:
          '95 % of the commands of the last ten minutes ended within this time, from the command to its last answer.',
      },
    ],
  },
  {
    alert: 'ObserveModeOn',
    conditions: [
      {
        severity: 'info',
        for: '1m',
        expr: `${maxByGroup(m('mm2ss_group_observe'))} == 1`,
        summary: `${THE_GROUP} is in observe mode: no command passes`,
        description:
          'Only monitoring passes; every command is refused. Somebody ordered it, or a condition of the column `observe` holds.',
      },
    ],
  },
];
