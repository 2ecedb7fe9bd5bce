import { GROUP, type MetricEntries } from './description.js';

/** What every group of the file has from the start, whoever serves it. */
export const GROUP_METRICS = {
  mm2ss_group_info: {
    type: 'gauge',
    help: 'Always 1 for each group of the configuration file. port: for masters; rtu: the column "RTU number".',
    unit: 'info',
    labels: [...GROUP, 'port', 'rtu'],
    exposedBy: ['router', 'gateway'],
  },
  mm2ss_group_limit: {
    type: 'gauge',
    help:
      'What the group is limited to. limit: log_asdus (buffsize), master_queue_asdus (of one master), connections ' +
      '(max conn), commands_per_second (of one master).',
    unit: 'items',
    labels: [...GROUP, 'limit'],
    exposedBy: ['router', 'gateway'],
  },
  mm2ss_group_owner: {
    type: 'gauge',
    help: '1: this process has the lease on the group in this role; 0: it stands by for it.',
    unit: 'flag',
    labels: [...GROUP, 'role'],
    exposedBy: ['connector', 'router'],
  },
  mm2ss_group_connector_heard: {
    type: 'gauge',
    help: '1: this gateway hears a connector of the group; 0: none, or none any more.',
    unit: 'flag',
    labels: GROUP,
    exposedBy: ['gateway'],
  },
  mm2ss_group_router_heard: {
    type: 'gauge',
    help: '1: this gateway hears a router that owns the group; 0: none, or none any more.',
    unit: 'flag',
    labels: GROUP,
    exposedBy: ['gateway'],
  },
  mm2ss_group_rtu_up: {
    type: 'gauge',
    help: '1: by what this gateway hears of the connector the RTU is connected; 0: it is not, or nothing is heard.',
    unit: 'flag',
    labels: GROUP,
    exposedBy: ['gateway'],
  },
  mm2ss_queue_high_water: {
    type: 'gauge',
    help:
      'The most that waited at one time since the part began to serve the group. queue: log (ASDUs no master has ' +
      'acknowledged), commands (before the RTU), master (ASDUs of the master with the longest queue).',
    unit: 'items',
    labels: [...GROUP, 'queue'],
    exposedBy: ['connector', 'gateway'],
  },
} as const satisfies MetricEntries;
