import {
  GroupMetrics,
  numericGauge,
  registerGroupInfo,
  registerLinkMetrics,
  type Registry,
} from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import type { ConnectionLimits } from './connection-limits.js';
import type { GroupGateway } from './group-gateway.js';
import { queueLimitOf } from './master-session.js';
import type { MasterTotal } from './master-totals.js';

/** What a gateway counts of each of its groups. */
export function registerGatewayMetrics(
  registry: Registry,
  gateways: () => readonly GroupGateway[],
  connections: ConnectionLimits,
  clock: Clock,
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
  const hasTls = ({ config }: GroupGateway): boolean => config.tlsPort !== undefined;
  metrics.counterByReason('mm2ss_master_connections_refused_total', ({ masters }) => masters.counters.refused, hasTls);
  metrics.counterByReason('mm2ss_master_disconnects_total', ({ masters }) => masters.counters.closed, hasTls);
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
  registerNamedMasters(registry, gateways, clock);
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

/** What every master of the file has from the start. */
function registerNamedMasters(registry: Registry, gateways: () => readonly GroupGateway[], clock: Clock): void {
  const metrics = new GroupMetrics(registry, gateways);
  // They are added up for the first metric, and the others of a scrape tell of the same moment.
  const added = new WeakMap<GroupGateway, ReadonlyMap<string, MasterTotal>>();
  const add = (gateway: GroupGateway): ReadonlyMap<string, MasterTotal> => {
    const { config, masters, sessions } = gateway;
    const names = config.masters.map(({ name }) => name);
    const totals = masters.totals.all(names, sessions.values());
    added.set(gateway, totals);
    return totals;
  };
  const totalsOf = (gateway: GroupGateway): ReadonlyMap<string, MasterTotal> => added.get(gateway) ?? add(gateway);
  metrics.counterBy('master', 'mm2ss_named_master_asdus_delivered_total', (gateway) =>
    Array.from(add(gateway), ([name, { sent }]) => [name, sent] as const),
  );
  metrics.counterBy('master', 'mm2ss_named_master_asdus_acknowledged_total', (gateway) =>
    Array.from(totalsOf(gateway), ([name, { acknowledged }]) => [name, acknowledged] as const),
  );
  metrics.gaugeBy('master', 'mm2ss_named_master_last_acknowledgement_timestamp_seconds', (gateway) =>
    Array.from(totalsOf(gateway)).flatMap(([name, { acknowledgedAt }]) => {
      if (acknowledgedAt === -Infinity) return [];
      // To a tenth of a second, so that it stays the same number from scrape to scrape.
      const ms = clock.wallMs() - (clock.now() - acknowledgedAt);
      return [[name, Math.round(ms / 100) / 10] as const];
    }),
  );
}
