import {
  GroupMetrics,
  numericGauge,
  registerGroupInfo,
  registerLinkMetrics,
  type Registry,
} from '@iec104mm2ss/observability';
import type { ConnectionLimits } from './connection-limits.js';
import type { GroupGateway } from './group-gateway.js';
import { queueLimitOf } from './master-session.js';
import type { MasterTotal } from './master-totals.js';

/** What a gateway counts of each of its groups. */
export function registerGatewayMetrics(
  registry: Registry,
  gateways: () => readonly GroupGateway[],
  connections: ConnectionLimits,
): void {
  const metrics = new GroupMetrics(registry, gateways);
  registerGroupInfo(
    registry,
    () => gateways().map(({ config }) => config),
    (config) => ({ master_queue_asdus: queueLimitOf(config) }),
  );
  registerLinkMetrics(registry, 'master', gateways, ({ masters }) => masters.figures);
  metrics.histogram('mm2ss_event_latency_seconds', ({ masters }) => masters.latencies);
  metrics.counter('mm2ss_master_asdus_sent_total', ({ masters }) => masters.delivered);
  metrics.counter('mm2ss_master_asdus_undelivered_total', ({ masters }) => masters.undelivered);
  metrics.counter('mm2ss_master_connections_total', ({ masters }) => masters.counters.accepted);
  metrics.counterBy('reason', 'mm2ss_master_connections_refused_total', ({ masters }) =>
    Object.entries(masters.counters.refused),
  );
  metrics.counterBy('reason', 'mm2ss_master_disconnects_total', ({ masters }) =>
    Object.entries(masters.counters.closed),
  );
  metrics.counter('mm2ss_master_commands_refused_total', ({ masters }) => masters.commandsRefused);
  metrics.counter('mm2ss_master_commands_delayed_total', ({ masters }) => masters.commandsDelayed);
  metrics.counter('mm2ss_master_commands_late_total', ({ masters }) => masters.commandsLate);
  numericGauge(registry, 'mm2ss_gateway_at_the_door', () => {
    const { active, waiting } = connections.admissions.size;
    return [
      { labels: { waiting: 'no' }, value: active },
      { labels: { waiting: 'yes' }, value: waiting },
    ];
  });
  metrics.gauge('mm2ss_group_connector_heard', ({ heard }) => (heard.connector ? 1 : 0));
  metrics.gauge('mm2ss_group_router_heard', ({ heard }) => (heard.router ? 1 : 0));
  metrics.gauge('mm2ss_group_rtu_up', ({ heard }) => (heard.rtuUp ? 1 : 0));
  const each = (value: (total: MasterTotal) => number) => (gateway: GroupGateway) =>
    Array.from(totalsOf(gateway), ([name, total]) => [name, value(total)] as const);
  metrics.counterBy(
    'master',
    'mm2ss_named_master_asdus_delivered_total',
    each(({ sent }) => sent),
  );
  metrics.counterBy(
    'master',
    'mm2ss_named_master_asdus_acknowledged_total',
    each(({ acknowledged }) => acknowledged),
  );
  metrics.gauge('mm2ss_master_sessions', ({ sessions }) => sessions.size);
  metrics.gaugeBy('queue', 'mm2ss_queue_high_water', ({ masters, sessions }) => [
    ['master', masters.totals.highWater(sessions.values())],
  ]);
  metrics.gauge('mm2ss_listener_open', ({ listening }) => (listening.length > 0 ? 1 : 0));
  metrics.gauge('mm2ss_tls_port_unusable', ({ tlsTrouble }) => (tlsTrouble === undefined ? 0 : 1));
  metrics.gauge('mm2ss_master_tls_sessions', ({ sessions }) => {
    return [...sessions.values()].filter(({ secure }) => secure !== undefined).length;
  });
  metrics.gauge('mm2ss_master_queue_asdus', ({ sessions }) =>
    Math.max(0, ...Array.from(sessions.values(), ({ queue }) => queue.length)),
  );
}

function totalsOf({ config, masters, sessions }: GroupGateway): ReadonlyMap<string, MasterTotal> {
  const names = config.masters.map(({ name }) => name);
  return masters.totals.all(names, sessions.values());
}
