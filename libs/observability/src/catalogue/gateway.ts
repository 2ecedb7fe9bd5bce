import { EVENT_BOUNDS_MS } from './buckets.js';
import { GROUP, type MetricEntries } from './description.js';
import { CONNECTION_REFUSALS, MASTER_ENDS } from './reasons.js';

const counter = { type: 'counter', labels: GROUP, exposedBy: ['gateway'] } as const;
const gauge = { type: 'gauge', labels: GROUP, exposedBy: ['gateway'] } as const;

/** Of every group of the file, as each gateway may have masters of each. */
export const GATEWAY_METRICS = {
  mm2ss_event_latency_seconds: {
    type: 'histogram',
    help:
      'From the read of an ASDU from the RTU to its write to a master, over all masters of the group, without the way from ' +
      'the router to the gateway. What a master catches up on after it was away is not in it.',
    unit: 'seconds',
    labels: GROUP,
    exposedBy: ['gateway'],
    boundsMs: EVENT_BOUNDS_MS,
  },
  mm2ss_master_asdus_sent_total: { ...counter, help: 'ASDUs sent to masters.', unit: 'asdus' },
  mm2ss_master_asdus_undelivered_total: {
    ...counter,
    help: 'ASDUs that waited for a master when its data transfer or connection ended; the event log has them.',
    unit: 'asdus',
  },
  mm2ss_master_connections_total: { ...counter, help: 'Connections of masters accepted.', unit: 'connections' },
  mm2ss_master_connections_refused_total: {
    ...counter,
    help: 'Connections of masters that were closed before they became sessions, by reason.',
    unit: 'connections',
    labels: [...GROUP, 'reason'],
    values: { reason: CONNECTION_REFUSALS },
  },
  mm2ss_master_disconnects_total: {
    ...counter,
    help: 'Connections of masters that ended, by reason.',
    unit: 'connections',
    labels: [...GROUP, 'reason'],
    values: { reason: MASTER_ENDS },
  },
  mm2ss_master_commands_refused_total: {
    ...counter,
    help: 'Commands refused by the gateway, as no router could take them over.',
    unit: 'commands',
  },
  mm2ss_master_commands_delayed_total: {
    ...counter,
    help: 'Commands that waited as their master gives more than `cmd rate`.',
    unit: 'commands',
  },
  mm2ss_master_commands_late_total: {
    ...counter,
    help: 'Of those: refused, as they had waited too long.',
    unit: 'commands',
  },
  mm2ss_gateway_at_the_door: {
    type: 'gauge',
    help: 'Connections that are about to become sessions, and those that wait for their turn.',
    unit: 'connections',
    labels: ['waiting'],
    exposedBy: ['gateway'],
  },
  mm2ss_master_sessions: { ...gauge, help: 'Masters that are connected to this gateway.', unit: 'connections' },
  mm2ss_listener_open: { ...gauge, help: 'The port for masters is open in this process.', unit: 'flag' },
  mm2ss_tls_port_unusable: {
    ...gauge,
    help: 'The group has a port for TLS, and there are no certificates that could be used: it stays closed.',
    unit: 'flag',
  },
  mm2ss_master_tls_sessions: { ...gauge, help: 'Masters that are connected with TLS.', unit: 'connections' },
  mm2ss_master_queue_asdus: { ...gauge, help: 'Longest queue of a master.', unit: 'asdus' },
} as const satisfies MetricEntries;
