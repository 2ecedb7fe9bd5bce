import { GROUP, type MetricEntries } from './description.js';
import { FLOODS, RTU_ENDS } from './reasons.js';

const counter = { type: 'counter', labels: GROUP, exposedBy: ['connector'] } as const;
const gauge = { type: 'gauge', labels: GROUP, exposedBy: ['connector'] } as const;

/** Of the groups whose connector's lease this process has. */
export const CONNECTOR_METRICS = {
  mm2ss_rtu_asdus_received_total: { ...counter, help: 'ASDUs received from the RTU.', unit: 'asdus' },
  mm2ss_rtu_connects_total: { ...counter, help: 'Connections made to the RTU.', unit: 'connections' },
  mm2ss_rtu_link_failures_total: { ...counter, help: 'Connections to the RTU that ended.', unit: 'connections' },
  mm2ss_rtu_disconnects_total: {
    ...counter,
    help: 'Connections to the RTU that ended, by reason.',
    unit: 'connections',
    labels: [...GROUP, 'reason'],
    values: { reason: RTU_ENDS },
  },
  mm2ss_rtu_path_resets_total: {
    ...counter,
    help: 'Connections that were reset because the RTU did not answer a test after a command.',
    unit: 'connections',
  },
  mm2ss_rtu_floods_total: {
    ...counter,
    help: 'Links that were closed as the RTU sent too much of what brings nothing, by reason.',
    unit: 'connections',
    labels: [...GROUP, 'reason'],
    values: { reason: FLOODS },
  },
  mm2ss_rtu_forced_acknowledgements_total: {
    ...counter,
    help: 'ASDUs acknowledged to the RTU because t1 was near, before a master had acknowledged them.',
    unit: 'asdus',
  },
  mm2ss_rtu_repeated_asdus_total: {
    ...counter,
    help: 'ASDUs the RTU sent once more after its link broke, not appended again.',
    unit: 'asdus',
  },
  mm2ss_rtu_held_asdus_total: {
    ...counter,
    help: 'ASDUs that were held because they looked like repeated ones, and were new.',
    unit: 'asdus',
  },
  mm2ss_rtu_commands_sent_total: { ...counter, help: 'Commands sent to the RTU.', unit: 'commands' },
  mm2ss_rtu_commands_not_sent_total: {
    ...counter,
    help: 'Commands given up before the RTU: expired, withdrawn, RTU not connected, too many waiting.',
    unit: 'commands',
  },
  mm2ss_rtu_commands_withdrawn_total: {
    ...counter,
    help: 'Commands given up because another router took over before they were sent.',
    unit: 'commands',
  },
  mm2ss_log_lost_asdus_total: {
    ...counter,
    help: 'ASDUs acknowledged to the RTU that the event log lost, as far as no master is known to have them.',
    unit: 'asdus',
  },
  mm2ss_rtu_up: { ...gauge, help: 'The RTU is connected.', unit: 'flag' },
  mm2ss_rtu_started: { ...gauge, help: 'Data transfer with the RTU is started.', unit: 'flag' },
  mm2ss_rtu_state_timestamp_seconds: {
    ...gauge,
    help: 'Since when the link to the RTU is in its present state.',
    unit: 'timestamp',
  },
  mm2ss_rtu_tls_unusable: {
    ...gauge,
    help: 'The RTU is to be connected to with TLS, and there are no certificates that could be used.',
    unit: 'flag',
  },
  mm2ss_rtu_commands_waiting: { ...gauge, help: 'Commands waiting for the window of the RTU.', unit: 'commands' },
  mm2ss_log_capacity_asdus: {
    ...gauge,
    help: 'ASDUs the event log may hold unacknowledged (buffsize).',
    unit: 'asdus',
  },
  mm2ss_log_unconfirmed_asdus: {
    ...gauge,
    help: 'ASDUs in the event log that no master has acknowledged.',
    unit: 'asdus',
    absent: 'until a router has said what is acknowledged',
  },
  mm2ss_log_full: {
    ...gauge,
    help: '1: the event log is full or cannot be written: the RTU is not acknowledged.',
    unit: 'flag',
  },
  mm2ss_log_full_total: {
    ...counter,
    help: 'How often the event log was full or could not be written.',
    unit: 'occurrences',
  },
} as const satisfies MetricEntries;
