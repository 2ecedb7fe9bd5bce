import { GroupMetrics, registerLinkMetrics, type Registry } from '@iec104mm2ss/observability';
import type { ConnectorCounters } from './counters.js';
import type { GroupConnector } from './group-connector.js';

/** Name, help and number of each counter. */
const COUNTERS: readonly [name: string, help: string, counter: Exclude<keyof ConnectorCounters, 'floods'>][] = [
  ['mm2ss_rtu_asdus_received_total', 'ASDUs received from the RTU.', 'received'],
  ['mm2ss_rtu_connects_total', 'Connections made to the RTU.', 'connects'],
  ['mm2ss_rtu_link_failures_total', 'Connections to the RTU that ended.', 'linkFailures'],
  [
    'mm2ss_rtu_path_resets_total',
    'Connections that were reset because the RTU did not answer a test after a command.',
    'pathResets',
  ],
  [
    'mm2ss_rtu_forced_acknowledgements_total',
    'ASDUs acknowledged to the RTU because t1 was near, before a master had acknowledged them.',
    'forcedAcknowledgements',
  ],
  [
    'mm2ss_rtu_repeated_asdus_total',
    'ASDUs the RTU sent once more after its link broke, not appended again.',
    'repeated',
  ],
  [
    'mm2ss_rtu_held_asdus_total',
    'ASDUs that were held because they looked like repeated ones, and were new.',
    'heldRepeats',
  ],
  ['mm2ss_rtu_commands_sent_total', 'Commands sent to the RTU.', 'commandsSent'],
  [
    'mm2ss_rtu_commands_not_sent_total',
    'Commands given up before the RTU: expired, withdrawn, RTU not connected, too many waiting.',
    'commandsRefused',
  ],
  [
    'mm2ss_rtu_commands_withdrawn_total',
    'Commands given up because another router took over before they were sent.',
    'commandsWithdrawn',
  ],
  [
    'mm2ss_log_lost_asdus_total',
    'ASDUs acknowledged to the RTU that the event log lost, as far as no master is known to have them.',
    'lostByLog',
  ],
];

/** The metrics of all connectors of this process. */
export function registerConnectorMetrics(registry: Registry, connectors: () => readonly GroupConnector[]): void {
  const metrics = new GroupMetrics(registry, connectors);
  registerLinkMetrics(registry, 'rtu', connectors, ({ figures }) => figures);
  for (const [name, help, counter] of COUNTERS) metrics.counter(name, help, ({ counters }) => counters[counter]);
  metrics.counterBy(
    'reason',
    'mm2ss_rtu_floods_total',
    'Links that were closed as the RTU sent too much of what brings nothing, by reason.',
    ({ counters }) => Object.entries(counters.floods),
  );
  metrics.gauge('mm2ss_rtu_up', 'The RTU is connected.', ({ isUp }) => (isUp ? 1 : 0));
  metrics.gauge(
    'mm2ss_rtu_tls_unusable',
    'The RTU is to be connected to with TLS, and there are no certificates that could be used.',
    ({ tlsTrouble }) => (tlsTrouble === undefined ? 0 : 1),
  );
  metrics.gauge('mm2ss_rtu_started', 'Data transfer with the RTU is started.', (connector) =>
    connector.status().state === 'started' ? 1 : 0,
  );
  metrics.gauge(
    'mm2ss_rtu_commands_waiting',
    'Commands waiting for the window of the RTU.',
    ({ waitingCommands }) => waitingCommands,
  );
  metrics.gauge(
    'mm2ss_log_capacity_asdus',
    'ASDUs the event log may hold unacknowledged (buffsize).',
    ({ config }) => config.buffsize,
  );
  metrics.gauge(
    'mm2ss_log_unconfirmed_asdus',
    'ASDUs in the event log that no master has acknowledged.',
    (connector) => connector.logStatus().unconfirmed,
  );
  metrics.counter(
    'mm2ss_log_full_total',
    'How often the event log was full or could not be written.',
    (connector) => connector.logStatus().fullTimes,
  );
}
