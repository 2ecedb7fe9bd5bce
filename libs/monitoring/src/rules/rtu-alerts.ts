import { buckets, GROUP_KEYS, m, maxByGroup, sumByGroup } from '../metric.js';
import { above, type Alert, longerThanOwn, THE_GROUP, withoutOwn } from './rule.js';

const rtuUp = maxByGroup(m('mm2ss_rtu_up'));
const rtuIsDown = {
  severity: 'critical',
  for: '2m',
  summary: `RTU ${THE_GROUP} is down`,
  description:
    'There is no connection to the RTU. No master gets its events and no command reaches it; masters that connect are refused. ' +
    'The RTU keeps its events as long as it has room for them.',
} as const;

/** About the connection to an RTU. */
export const RTU_ALERTS: readonly Alert[] = [
  {
    alert: 'RtuDown',
    conditions: [
      { ...rtuIsDown, cause: 'down', expr: withoutOwn('RtuDown', `${rtuUp} == 0`) },
      {
        ...rtuIsDown,
        cause: 'too_long',
        // For RTUs that are dialled now and then. Two days: as far as is looked back for the last time that it was up.
        expr: longerThanOwn(
          'RtuDown',
          `${rtuUp} == 0`,
          (own) => `(time() - max_over_time(timestamp(${rtuUp} == 1 and on (group) ${own})[2d:1m]))`,
        ),
      },
    ],
  },
  {
    alert: 'ConnectorAbsent',
    conditions: [
      {
        severity: 'critical',
        for: '2m',
        expr: `${maxByGroup(m('mm2ss_group_connector_heard'))} == 0`,
        summary: `No connector for ${THE_GROUP}`,
        description:
          'No gateway hears a connector of this group: it does not run, has not got the lease, or cannot reach NATS. Nobody holds ' +
          'the connection to the RTU.',
      },
    ],
  },
  {
    alert: 'RtuFlapping',
    conditions: [
      {
        severity: 'warning',
        for: '0m',
        expr: above('RtuFlapping', sumByGroup(`increase(${m('mm2ss_rtu_connects_total')}[30m])`), 5.5),
        summary: `RTU ${THE_GROUP} was connected {{ $value | printf "%.0f" }} times in 30 minutes`,
        description:
          'The connection comes up and breaks again. Events are delayed and not lost, commands are refused while it is down, and ' +
          'masters are disconnected each time.',
      },
    ],
  },
  {
    alert: 'TwoRtuLinks',
    conditions: [
      {
        severity: 'critical',
        for: '1m',
        expr: `${sumByGroup(m('mm2ss_rtu_up'))} > 1`,
        summary: `{{ $value }} processes are connected to RTU ${THE_GROUP}`,
        description:
          'One connection to each RTU is the promise. An RTU with two may send events to the one that is not used, or refuse the ' +
          'other. The lease on the NATS server does not do its work, or a connector runs without NATS.',
      },
    ],
  },
  {
    alert: 'LinkSlow',
    conditions: [
      {
        severity: 'warning',
        for: '5m',
        expr: above(
          'LinkSlow',
          `histogram_quantile(0.95, sum by (${GROUP_KEYS}, side, le) (rate(${buckets('mm2ss_link_test_seconds')}[5m])))`,
          0.05,
        ),
        summary: `The {{ $labels.side }} side of ${THE_GROUP} answers a test in {{ $value | humanizeDuration }}`,
        description:
          '95 % of the link tests (TESTFR) of the last five minutes were answered within this time and no sooner; the bound is 50 ms ' +
          'unless the group has one of its own. The path is slow or loses segments, or the peer is busy.',
      },
    ],
  },
];
