import { buckets, m } from '@iec104mm2ss/monitoring';
import { bucketSeries, CONNECTOR, GATEWAY, ONE, ROUTER, type RuleCase } from './rule-case.ts';

const DAY = 86_400;
const stored = (what: 'used' | 'limit'): string =>
  m(`mm2ss_nats_store_${what}_bytes`, { ...ROUTER, server: 'nats-0:8222' });
const owner = (instance: string): string => m('mm2ss_group_owner', { ...ROUTER, ...ONE, instance, role: 'router' });
const routerHeard = m('mm2ss_group_router_heard', { ...GATEWAY, ...ONE });
const notAfter = m('mm2ss_tls_certificate_not_after_seconds', { ...GATEWAY, group: 'all', file: 'tls.crt' });
const security = (event: string): string => m('mm2ss_security_events_total', { ...ROUTER, event });
const build = (instance: string): string => m('mm2ss_build_info', { ...ROUTER, instance, release: '1', node: '24' });
const late = (le: string): string => `${buckets('mm2ss_event_loop_lag_seconds', GATEWAY).slice(0, -1)}, le="${le}"}`;

export const SYSTEM_CASES: readonly RuleCase[] = [
  {
    alert: 'NoOwner',
    title: 'two routers stand by and none has the lease',
    series: [
      [owner('router'), '1x5 0x5 1x20'],
      [owner('router2'), '0x40'],
      [routerHeard, '1x40'],
    ],
    firing: { 5: [], 9: ['group="1", role="router"'], 15: [] },
  },
  {
    alert: 'NoOwner',
    title: 'no router runs, gateways hear none',
    series: [[routerHeard, '1x5 0x5 1x20']],
    firing: { 5: [], 9: ['group="1", role="router"'], 15: [] },
  },
  {
    alert: 'TwoOwners',
    title: 'two say that they have the lease for five minutes',
    series: [
      [owner('router'), '1x40'],
      [owner('router2'), '0x5 1x5 0x20'],
    ],
    firing: { 5: [], 9: ['group="1", role="router"'], 15: [] },
  },
  {
    alert: 'ConfigurationMismatch',
    title: 'a new file reaches one process at once, the other one after ten minutes',
    series: [
      [m('mm2ss_config_info', { ...ROUTER, digest: 'a' }), '1x5 _x20'],
      [m('mm2ss_config_info', { ...ROUTER, digest: 'b' }), '_x5 1x40'],
      [m('mm2ss_config_info', { ...GATEWAY, digest: 'a' }), '1x15 _x20'],
      [m('mm2ss_config_info', { ...GATEWAY, digest: 'b' }), '_x15 1x40'],
    ],
    firing: { 8: [], 13: ['cause="differ"'], 30: [] },
  },
  {
    alert: 'ConfigurationMismatch',
    title: 'a process refuses the file',
    series: [[m('mm2ss_config_in_force', GATEWAY), '1x5 0x10 1x20']],
    firing: { 8: [], 13: ['instance="gateway", cause="refused"'], 20: [] },
  },
  {
    alert: 'CertificateExpiring',
    title: 'in 20 days, then there is a new one',
    series: [[notAfter, `${20 * DAY}x100 ${90 * DAY}x60`]],
    firing: { 30: [], 80: ['group="all", file="tls.crt", cause="month"'], 120: [] },
  },
  {
    alert: 'CertificateExpiring',
    title: 'in three days, then there is a new one',
    series: [[notAfter, `${3 * DAY}x20 ${90 * DAY}x60`]],
    firing: { 2: [], 15: ['group="all", file="tls.crt", cause="week"'], 30: [] },
  },
  {
    alert: 'ClockOffset',
    title: 'a clock is two seconds behind for ten minutes',
    series: [[m('mm2ss_ntp_offset_seconds', GATEWAY), '0.001x5 -2x10 0.001x20']],
    firing: { 8: [], 13: ['instance="gateway", cause="offset"'], 20: [] },
  },
  {
    alert: 'ClockOffset',
    title: 'no server answers for hours',
    series: [[m('mm2ss_ntp_last_success_timestamp_seconds', GATEWAY), '0x200 12000x60']],
    firing: { 100: [], 150: ['instance="gateway", cause="unsynchronised"'], 205: [] },
  },
  {
    alert: 'ClockOffset',
    title: 'no server has ever answered one process, another one asks none',
    series: [
      [m('process_start_time_seconds', GATEWAY), '0x300'],
      [m('process_start_time_seconds', ROUTER), '0x300'],
      [m('mm2ss_ntp_clock_sets_total', { ...GATEWAY, result: 'ok' }), '0x300'],
      [m('mm2ss_ntp_clock_sets_total', { ...GATEWAY, result: 'failed' }), '0x300'],
      [m('mm2ss_ntp_last_success_timestamp_seconds', GATEWAY), '_x200 12000x60'],
    ],
    firing: { 100: [], 150: ['instance="gateway", cause="unsynchronised"'], 205: [] },
  },
  {
    alert: 'SecurityEvents',
    title: 'a message of the bus was forged',
    series: [
      [security('bus_forged'), '0x5 1x60'],
      [security('session_started'), '0+50x60'],
    ],
    firing: { 4: [], 10: ['event="bus_forged", cause="grave"'], 30: [] },
  },
  {
    alert: 'SecurityEvents',
    title: 'a process begins without the certificates that it needs',
    series: [[security('tls_unusable'), '_x5 1x60']],
    firing: { 4: [], 10: ['event="tls_unusable", cause="grave"'], 30: [] },
  },
  {
    alert: 'SecurityEvents',
    title: 'connections are refused again and again, then no more',
    series: [[security('session_refused_filter'), '0x5 0+30x10 300x60']],
    firing: { 5: [], 14: ['event="session_refused_filter", cause="many"'], 40: [] },
  },
  {
    alert: 'EventLoopLag',
    title: 'a process is late for twenty minutes',
    series: bucketSeries(late, { '0.01': '0+100x10 1000x20 1000+100x40', '1': '0+100x80', '+Inf': '0+100x80' }),
    firing: { 9: [], 28: ['instance="gateway", cause="late"'], 50: [] },
  },
  {
    alert: 'EventLoopLag',
    title: 'a process works all the time for twenty minutes',
    series: [[m('mm2ss_event_loop_active_seconds_total', GATEWAY), '0+6x10 60+59x20 1240+6x40']],
    firing: { 9: [], 28: ['instance="gateway", cause="busy"'], 50: [] },
  },
  {
    alert: 'NatsDown',
    title: 'a process loses NATS for five minutes',
    series: [
      [m('mm2ss_bus_connected', GATEWAY), '1x5 0x5 1x20'],
      [m('mm2ss_bus_connected', ROUTER), '1x40'],
    ],
    firing: { 5: [], 9: ['instance="gateway"'], 15: [] },
  },
  {
    alert: 'NatsStorage',
    title: 'a stream cannot be used for five minutes',
    series: [[m('mm2ss_storage_trouble', { ...CONNECTOR, store: 'IEC104_LOG_1' }), '_x5 1x5 _x20']],
    firing: { 5: [], 9: ['store="IEC104_LOG_1", cause="unusable"'], 20: [] },
  },
  {
    alert: 'NatsStorage',
    title: 'the store of a server fills, then there is more room',
    series: [
      [stored('used'), '50e6x5 90e6x20'],
      [stored('limit'), '100e6x15 200e6x20'],
    ],
    firing: { 8: [], 13: ['server="nats-0:8222", cause="full"'], 20: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'nobody gives metrics',
    series: [[build('router'), '1x5 _x20 1x30']],
    firing: { 5: [], 18: ['cause="all"'], 35: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'all of one system are down, those of another one are not',
    series: [
      [build('router'), '1x10 _x20 1x30'],
      [m('up', ROUTER), '1x10 0x20 1x30'],
      [m('mm2ss_build_info', { job: 'two', instance: 'b', release: '1', node: '24' }), '1x60'],
      [m('up', { job: 'two', instance: 'b' }), '1x60'],
      [m('up', { job: 'other', instance: 'c' }), '0x60'],
    ],
    firing: {
      10: [],
      25: ['cause="all"', 'instance="router", cause="target"'],
      40: [],
    },
  },
  {
    alert: 'MetricsMissing',
    title: 'a system is taken out of what Prometheus reads, while another one stays',
    series: [
      [build('router'), '1x10 _x50'],
      [m('up', ROUTER), '1x10 _x50'],
      [m('mm2ss_build_info', { job: 'two', instance: 'b', release: '1', node: '24' }), '1x60'],
      [m('up', { job: 'two', instance: 'b' }), '1x60'],
    ],
    firing: { 25: [], 50: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'one of two processes cannot be read for ten minutes',
    series: [
      [build('router'), '1x60'],
      [m('up', GATEWAY), '1x5 0x10 1x20'],
      [m('up', { job: 'other', instance: 'b' }), '0x60'],
    ],
    firing: { 8: [], 13: ['instance="gateway", cause="target"'], 20: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'a connector runs that is no target of Prometheus',
    series: [
      [build('gateway'), '1x60'],
      [m('mm2ss_group_connector_heard', { ...GATEWAY, ...ONE }), '1x60'],
      [m('mm2ss_rtu_up', { ...CONNECTOR, ...ONE }), '_x10 1x60'],
    ],
    firing: { 3: [], 9: ['group="1", cause="connector"'], 15: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'a router runs that is no target of Prometheus',
    series: [
      [build('gateway'), '1x60'],
      [routerHeard, '1x60'],
      [m('mm2ss_masters', { ...ROUTER, ...ONE, state: 'started' }), '_x10 0x60'],
    ],
    firing: { 3: [], 9: ['group="1", cause="router"'], 15: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'no gateway is a target of Prometheus',
    series: [
      [build('router'), '1x60'],
      [owner('router'), '1x60'],
      [m('mm2ss_listener_open', { ...GATEWAY, ...ONE }), '_x10 0x60'],
    ],
    firing: { 3: [], 9: ['cause="gateway"'], 15: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'one of two gateways is no target of Prometheus',
    series: [
      [build('router'), '1x60'],
      [m('mm2ss_masters', { ...ROUTER, ...ONE, state: 'started' }), '3x60'],
      [m('mm2ss_masters', { ...ROUTER, ...ONE, state: 'stopped' }), '1x60'],
      [m('mm2ss_master_sessions', { ...GATEWAY, ...ONE }), '3x60'],
      [m('mm2ss_master_sessions', { ...GATEWAY, instance: 'gateway2', ...ONE }), '_x10 1x60'],
    ],
    firing: { 3: [], 9: ['group="1", cause="sessions"'], 20: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'masters come and go at two gateways while these are read at different times',
    series: [
      [build('router'), '1x60'],
      [m('mm2ss_masters', { ...ROUTER, ...ONE, state: 'started' }), '3 2 4 2 3 2 4 2 3 2 4 2 3x30'],
      [m('mm2ss_master_sessions', { ...GATEWAY, ...ONE }), '2x60'],
    ],
    firing: { 3: [], 9: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'a metric cannot be read once',
    series: [
      [build('gateway'), '1x60'],
      [m('mm2ss_metrics_collect_failures_total', { ...GATEWAY, metric: 'mm2ss_masters' }), '_x5 1x60'],
    ],
    firing: { 4: [], 8: ['instance="gateway", metric="mm2ss_masters", cause="incomplete"'], 30: [] },
  },
  {
    alert: 'MetricsMissing',
    title: 'a metric cannot be read',
    series: [
      [build('gateway'), '1x60'],
      [m('mm2ss_metrics_collect_failures_total', { ...GATEWAY, metric: 'mm2ss_masters' }), '0x5 1x60'],
    ],
    firing: { 4: [], 8: ['instance="gateway", metric="mm2ss_masters", cause="incomplete"'], 30: [] },
  },
];
