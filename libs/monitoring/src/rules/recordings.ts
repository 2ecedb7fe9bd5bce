import { buckets, GROUP_KEYS, m, maxByGroup, sumByGroup } from '../metric.js';
import type { Recording } from './rule.js';

/**
 * For long times and for federation: a few series a group, whatever runs in how many processes. The boards and the alerts do not
 * need them.
 */
export const RECORDINGS: readonly Recording[] = [
  { record: 'mm2ss:rtu_up:max', expr: `${maxByGroup(m('mm2ss_group_rtu_up'))}` },
  { record: 'mm2ss:masters_started:max', expr: maxByGroup(m('mm2ss_masters', { state: 'started' })) },
  { record: 'mm2ss:rtu_asdus:rate5m', expr: sumByGroup(`rate(${m('mm2ss_rtu_asdus_received_total')}[5m])`) },
  { record: 'mm2ss:master_asdus:rate5m', expr: sumByGroup(`rate(${m('mm2ss_master_asdus_sent_total')}[5m])`) },
  {
    record: 'mm2ss:event_latency_seconds:p99_5m',
    expr: `histogram_quantile(0.99, sum by (${GROUP_KEYS}, le) (rate(${buckets('mm2ss_event_latency_seconds')}[5m])))`,
  },
  {
    record: 'mm2ss:link_test_seconds:p95_5m',
    expr: `histogram_quantile(0.95, sum by (${GROUP_KEYS}, side, le) (rate(${buckets('mm2ss_link_test_seconds')}[5m])))`,
  },
];
