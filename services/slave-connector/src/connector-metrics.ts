import type { GroupConfig } from '@iec104mm2ss/config';
import { GroupMetrics, registerGroupOwner, registerLinkMetrics, type Registry } from '@iec104mm2ss/observability';
import type { GroupConnector } from './group-connector.js';

const COUNTERS = [
  ['mm2ss_rtu_asdus_received_total', 'received'],
  ['mm2ss_rtu_connects_total', 'connects'],
  ['mm2ss_rtu_link_failures_total', 'linkFailures'],
  ['mm2ss_rtu_path_resets_total', 'pathResets'],
  ['mm2ss_rtu_forced_acknowledgements_total', 'forcedAcknowledgements'],
  ['mm2ss_rtu_repeated_asdus_total', 'repeated'],
  ['mm2ss_rtu_held_asdus_total', 'heldRepeats'],
  ['mm2ss_rtu_commands_sent_total', 'commandsSent'],
  ['mm2ss_rtu_commands_not_sent_total', 'commandsRefused'],
  ['mm2ss_rtu_commands_withdrawn_total', 'commandsWithdrawn'],
  ['mm2ss_log_lost_asdus_total', 'lostByLog'],
] as const;

/**
 * The metrics of all connectors of this process.
 *
 * @param groups those that it may serve
 */
export function registerConnectorMetrics(
  registry: Registry,
  connectors: () => readonly GroupConnector[],
  groups: () => Iterable<GroupConfig>,
): void {
  registerGroupOwner(registry, 'connector', groups, connectors);
  const metrics = new GroupMetrics(registry, connectors);
  registerLinkMetrics(registry, 'rtu', connectors, ({ figures }) => figures);
  for (const [name, counter] of COUNTERS) metrics.counter(name, ({ counters }) => counters[counter]);
  metrics.counterByReason(
    'mm2ss_rtu_disconnects_total',
    ({ counters }) => counters.disconnects,
    ({ config }) => config.rtuNames.length > 0,
  );
  metrics.counterByReason('mm2ss_rtu_floods_total', ({ counters }) => counters.floods);
  metrics.gauge('mm2ss_rtu_up', ({ isUp }) => (isUp ? 1 : 0));
  metrics.gauge('mm2ss_rtu_tls_unusable', ({ tlsTrouble }) => (tlsTrouble === undefined ? 0 : 1));
  metrics.gauge('mm2ss_rtu_started', (connector) => (connector.status().state === 'started' ? 1 : 0));
  metrics.gauge('mm2ss_rtu_state_timestamp_seconds', ({ stateSince }) => stateSince / 1000);
  metrics.gauge('mm2ss_rtu_commands_waiting', ({ waitingCommands }) => waitingCommands);
  metrics.gauge('mm2ss_log_capacity_asdus', ({ config }) => config.buffsize);
  metrics.gauge('mm2ss_log_unconfirmed_asdus', (connector) => connector.logStatus().unconfirmed);
  metrics.gauge('mm2ss_log_full', (connector) =>
    connector.logStatus().full || connector.logTrouble !== undefined ? 1 : 0,
  );
  metrics.counter('mm2ss_log_full_total', (connector) => connector.logStatus().fullTimes);
  metrics.gaugeBy('queue', 'mm2ss_queue_high_water', (connector) => [
    ['log', connector.logStatus().highWater],
    ['commands', connector.commandsHighWater],
  ]);
}
