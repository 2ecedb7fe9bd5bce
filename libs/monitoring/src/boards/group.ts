import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { m } from '../metric.js';
import { type Annotation, board } from './board.js';
import { COMMAND_PANELS, CONNECTION_PANELS, LINK_PANELS } from './group-links.js';
import { MASTER_PANELS } from './group-masters.js';
import { BLUE, figure, GREEN, lines, RED, timeline, words, YELLOW, RATE } from './panel.js';
import { groupState, oldestUndelivered, STATE_WORDS } from './state.js';
import { FIRING, GROUP_UID, GROUP_VARIABLE, JOB_VARIABLE, OF_GROUP as here } from './uids.js';

const unconfirmed = `max(${m('mm2ss_log_unconfirmed_asdus', here)})`;
const capacity = `max(${m('mm2ss_log_capacity_asdus', here)})`;

const GLANCE = [
  figure({
    id: 1,
    title: 'State',
    text: 'Works: the RTU is connected and a master has started data transfer.',
    mappings: [STATE_WORDS],
    width: 5,
    height: 4,
    queries: [{ expr: groupState(here), legend: '{{name}}' }],
  }),
  figure({
    id: 2,
    title: 'In this state for',
    text: 'Since when the link to the RTU is as it is.',
    unit: 's',
    decimals: 0,
    colours: [BLUE],
    width: 3,
    height: 4,
    queries: [{ expr: `time() - max(${m('mm2ss_rtu_state_timestamp_seconds', here)})` }],
  }),
  figure({
    id: 3,
    title: 'Masters',
    text: 'With data transfer started, connected only, and the most there may be (`max conn`).',
    colours: [BLUE],
    width: 5,
    height: 4,
    queries: [
      { expr: `max by (state) (${m('mm2ss_masters', here)})`, legend: '{{state}}' },
      { expr: `max(${m('mm2ss_group_limit', { ...here, limit: 'connections' })})`, legend: 'at most' },
    ],
  }),
  figure({
    id: 4,
    title: 'Log fill',
    text: 'Part of `buffsize` that waits for a master to acknowledge it.',
    unit: 'percentunit',
    decimals: 0,
    colours: [GREEN, [0.1, YELLOW], [0.5, RED]],
    width: 3,
    height: 4,
    queries: [{ expr: `${unconfirmed} / ${capacity}` }],
  }),
  oldestUndelivered('Age of the oldest event that no master has acknowledged.', here),
  figure({
    id: 6,
    title: 'Observe mode',
    text: 'On: only monitoring passes, every command is refused.',
    mappings: [words({ 0: ['off', GREEN], 1: ['ON', YELLOW] })],
    width: 2,
    height: 4,
    queries: [{ expr: `max(${m('mm2ss_group_observe', here)})` }],
  }),
  figure({
    id: 7,
    title: 'Alerts',
    text: 'Alerts of this group that are firing.',
    colours: [GREEN, [1, RED]],
    width: 3,
    height: 4,
    queries: [{ expr: `count(${FIRING} and on (group) ${m('mm2ss_group_info', here)}) or vector(0)` }],
  }),
];

const TIMELINES = [
  timeline({
    id: 11,
    title: 'RTU, owners and listeners',
    text: 'The link to the RTU, who has the lease in each role, and where the port for masters is open.',
    mappings: [words({ 0: ['no', RED], 1: ['yes', GREEN] })],
    width: 24,
    height: 8,
    queries: [
      { expr: `max(${m('mm2ss_group_rtu_up', here)})`, legend: 'RTU connected' },
      { expr: `max(${m('mm2ss_rtu_started', here)})`, legend: 'RTU started' },
      { expr: `max by (role) (${m('mm2ss_group_owner', here)})`, legend: 'a {{role}} has the lease' },
      { expr: m('mm2ss_listener_open', here), legend: 'listener of {{instance}}' },
    ],
  }),
];

const LOG_PANELS = [
  lines({
    id: 31,
    title: 'Event log against its limit',
    text: 'ASDUs that no master has acknowledged, the most there ever were, and `buffsize`. At the limit the RTU is not acknowledged.',
    unit: 'short',
    width: 12,
    height: 8,
    queries: [
      { expr: unconfirmed, legend: 'waiting' },
      { expr: `max(${m('mm2ss_queue_high_water', { ...here, queue: 'log' })})`, legend: 'the most there were' },
      { expr: capacity, legend: 'limit' },
    ],
  }),
  lines({
    id: 32,
    title: 'Age of the oldest undelivered event',
    text: 'By no master acknowledged. Above 60 s there is an alert.',
    unit: 's',
    colours: [GREEN, [60, RED]],
    width: 12,
    height: 8,
    queries: [{ expr: `max(${m('mm2ss_undelivered_oldest_seconds', here)})`, legend: 'oldest' }],
  }),
  lines({
    id: 33,
    title: 'ASDUs of the RTU by class',
    text: 'By their cause of transmission: events, what was asked for, cyclic values, answers to commands.',
    unit: 'ops',
    width: 12,
    height: 8,
    queries: [
      { expr: `sum by (class) (rate(${m('mm2ss_router_asdus_class_total', here)}[${RATE}]))`, legend: '{{class}}' },
    ],
  }),
  lines({
    id: 34,
    title: 'APDUs by side, direction and format',
    text: 'I: data; S: acknowledgements; U: start, stop, test.',
    unit: 'ops',
    width: 12,
    height: 8,
    queries: [
      {
        expr: `sum by (side, direction, format) (rate(${m('mm2ss_link_apdus_total', here)}[${RATE}]))`,
        legend: '{{side}} {{direction}} {{format}}',
      },
    ],
  }),
];

const RECONNECTS: Annotation = {
  name: 'RTU connected',
  expr: `sum(changes(${m('mm2ss_rtu_connects_total', here)}[1m])) > 0`,
  text: 'The connection to the RTU was made anew',
  colour: 'orange',
};

/** One RTU and its masters. */
export const groupBoard = (): Dashboard =>
  board({
    uid: GROUP_UID,
    title: 'mm2ss group',
    text: 'One RTU, the masters that share it, and what passes between them.',
    variables: [JOB_VARIABLE, GROUP_VARIABLE],
    annotations: [RECONNECTS],
    sections: [
      { id: 100, title: 'At a glance', panels: [...GLANCE, ...TIMELINES] },
      { id: 101, title: 'Masters', panels: MASTER_PANELS },
      { id: 102, title: 'Event log', panels: LOG_PANELS },
      { id: 103, title: 'Commands', panels: COMMAND_PANELS },
      { id: 104, title: 'Links', panels: LINK_PANELS },
      { id: 105, title: 'Refusals, disconnects, certificates', panels: CONNECTION_PANELS },
    ],
  });
