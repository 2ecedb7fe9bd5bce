import type { MetricEntries } from './description.js';

const counter = { type: 'counter', labels: [], exposedBy: ['simulator'] } as const;
const gauge = { type: 'gauge', labels: [], exposedBy: ['simulator'] } as const;

/** Of `mm2ss simulate`, which is no part of the product that runs. */
export const SIMULATOR_METRICS = {
  mm2ss_simulator_rtus: { ...gauge, help: 'Simulated RTUs.', unit: 'rtus' },
  mm2ss_simulator_rtus_started: { ...gauge, help: 'Of these: a master has started data transfer.', unit: 'rtus' },
  mm2ss_simulator_connections: { ...gauge, help: 'Connections of masters.', unit: 'connections' },
  mm2ss_simulator_events_total: { ...counter, help: 'Events that came into being.', unit: 'events' },
  mm2ss_simulator_events_lost_total: { ...counter, help: 'Events that a full buffer lost.', unit: 'events' },
  mm2ss_simulator_events_pending: { ...gauge, help: 'Events no master has acknowledged.', unit: 'events' },
  mm2ss_simulator_asdus_sent_total: { ...counter, help: 'ASDUs sent.', unit: 'asdus' },
  mm2ss_simulator_requests_total: { ...counter, help: 'Requests received.', unit: 'asdus' },
  mm2ss_simulator_cpu_seconds_total: { ...counter, help: 'Processor time of this process.', unit: 'seconds' },
  mm2ss_simulator_resident_memory_bytes: { ...gauge, help: 'Memory of this process.', unit: 'bytes' },
} as const satisfies MetricEntries;
