import { GROUP, type MetricEntries } from './description.js';

const MASTER = [...GROUP, 'master'] as const;

/** Of each master that the column "masters" names; it is there from the start, connected or not. */
export const MASTER_METRICS = {
  mm2ss_named_master_connected: {
    type: 'gauge',
    help: '1: the master has a connection.',
    unit: 'flag',
    labels: MASTER,
    exposedBy: ['router'],
  },
  mm2ss_named_master_started: {
    type: 'gauge',
    help: '1: data transfer with the master is started.',
    unit: 'flag',
    labels: MASTER,
    exposedBy: ['router'],
  },
  mm2ss_named_master_lag_asdus: {
    type: 'gauge',
    help: 'ASDUs of the event log that the master has not acknowledged yet.',
    unit: 'asdus',
    labels: MASTER,
    exposedBy: ['router'],
  },
  mm2ss_named_master_oldest_seconds: {
    type: 'gauge',
    help: 'Age of the oldest ASDU that the master has not acknowledged; 0: there is none.',
    unit: 'seconds',
    labels: MASTER,
    exposedBy: ['router'],
  },
  mm2ss_named_master_asdus_delivered_total: {
    type: 'counter',
    help: 'ASDUs sent to the master by this gateway, those sent once more among them.',
    unit: 'asdus',
    labels: MASTER,
    exposedBy: ['gateway'],
  },
  mm2ss_named_master_asdus_acknowledged_total: {
    type: 'counter',
    help: 'ASDUs sent to the master by this gateway that it has acknowledged.',
    unit: 'asdus',
    labels: MASTER,
    exposedBy: ['gateway'],
  },
  mm2ss_named_master_last_acknowledgement_timestamp_seconds: {
    type: 'gauge',
    help: 'When the master last acknowledged anything that this gateway has sent to it.',
    unit: 'timestamp',
    labels: MASTER,
    exposedBy: ['gateway'],
    absent: 'until it has',
  },
  mm2ss_master_events_lost_total: {
    type: 'counter',
    help:
      'ASDUs that a master did not get, because they were given up for it or lost: events, and at most as many more as ' +
      'others were answered in between; `*`: all without a name.',
    unit: 'asdus',
    labels: MASTER,
    exposedBy: ['router'],
  },
  mm2ss_master_gaps_total: {
    type: 'counter',
    help: 'How often what a master gets had a gap: each is counted in mm2ss_master_events_lost_total as well.',
    unit: 'occurrences',
    labels: MASTER,
    exposedBy: ['router'],
  },
  mm2ss_named_master_events_lost_total: {
    type: 'counter',
    help: 'ASDUs that named masters did not get, counted as in mm2ss_master_events_lost_total.',
    unit: 'asdus',
    labels: GROUP,
    exposedBy: ['router'],
  },
} as const satisfies MetricEntries;
