import { GroupMetrics, numericGauge, registerLinkMetrics, type Registry } from '@iec104mm2ss/observability';
import type { ConnectionLimits } from './connection-limits.js';
import type { GroupGateway } from './group-gateway.js';

/** What a gateway counts of each of its groups. */
export function registerGatewayMetrics(
  registry: Registry,
  gateways: () => readonly GroupGateway[],
  connections: ConnectionLimits,
): void {
  const metrics = new GroupMetrics(registry, gateways);
  registerLinkMetrics(registry, 'master', gateways, ({ masters }) => masters.figures);
  metrics.counter('mm2ss_master_asdus_sent_total', 'ASDUs sent to masters.', ({ masters }) => masters.delivered);
  metrics.counter(
    'mm2ss_master_asdus_undelivered_total',
    'ASDUs that waited for a master when its data transfer or connection ended; the event log has them.',
    ({ masters }) => masters.undelivered,
  );
  metrics.counter(
    'mm2ss_master_connections_total',
    'Connections of masters accepted.',
    ({ masters }) => masters.counters.accepted,
  );
  metrics.counterBy(
    'reason',
    'mm2ss_master_connections_refused_total',
    'Connections of masters that were closed before they became sessions, by reason.',
    ({ masters }) => Object.entries(masters.counters.refused),
  );
  metrics.counterBy(
    'reason',
    'mm2ss_master_disconnects_total',
    'Connections of masters that ended, by reason.',
    ({ masters }) => Object.entries(masters.counters.closed),
  );
  metrics.counter(
    'mm2ss_master_commands_refused_total',
    'Commands refused by the gateway, as no router could take them over.',
    ({ masters }) => masters.commandsRefused,
  );
  metrics.counter(
    'mm2ss_master_commands_delayed_total',
    'Commands that waited as their master gives more than `cmd rate`.',
    ({ masters }) => masters.commandsDelayed,
  );
  metrics.counter(
    'mm2ss_master_commands_late_total',
    'Of those: refused, as they had waited too long.',
    ({ masters }) => masters.commandsLate,
  );
  numericGauge(
    registry,
    {
      name: 'mm2ss_gateway_at_the_door',
      help: 'Connections that are about to become sessions, and those that wait for their turn.',
      labelNames: ['waiting'],
    },
    () => {
      const { active, waiting } = connections.admissions.size;
      return [
        { labels: { waiting: 'no' }, value: active },
        { labels: { waiting: 'yes' }, value: waiting },
      ];
    },
  );
  metrics.gauge('mm2ss_listener_open', 'The port for masters is open in this process.', ({ listening }) =>
    listening.length > 0 ? 1 : 0,
  );
  metrics.gauge(
    'mm2ss_tls_port_unusable',
    'The group has a port for TLS, and there are no certificates that could be used: it stays closed.',
    ({ tlsTrouble }) => (tlsTrouble === undefined ? 0 : 1),
  );
  metrics.gauge('mm2ss_master_tls_sessions', 'Masters that are connected with TLS.', ({ sessions }) => {
    return [...sessions.values()].filter(({ secure }) => secure !== undefined).length;
  });
  metrics.gauge('mm2ss_master_queue_asdus', 'Longest queue of a master.', ({ sessions }) =>
    Math.max(0, ...Array.from(sessions.values(), ({ queue }) => queue.length)),
  );
}
