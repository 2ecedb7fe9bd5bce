import { m } from '@iec104mm2ss/monitoring';
import { CONNECTOR, GATEWAY, ONE, ownThreshold, ROUTER, RTU_UP, type RuleCase } from './rule-case.ts';

const ofRouter = { ...ROUTER, ...ONE };
const masterA = { ...ofRouter, master: 'A' } as const;
const startedA = m('mm2ss_named_master_started', masterA);

export const MASTER_CASES: readonly RuleCase[] = [
  {
    alert: 'NoMasterStarted',
    title: 'all masters leave for ten minutes',
    series: [RTU_UP, [m('mm2ss_masters', { ...ofRouter, state: 'started' }), '2x5 0x9 1x20']],
    firing: { 8: [], 13: ['group="1"'], 20: [] },
  },
  {
    alert: 'NoMasterStarted',
    title: 'the RTU is down as well: that is another alert',
    series: [
      [m('mm2ss_rtu_up', { ...CONNECTOR, ...ONE }), '0x40'],
      [m('mm2ss_masters', { ...ofRouter, state: 'started' }), '0x40'],
    ],
    firing: { 20: [] },
  },
  {
    alert: 'ExpectedMasterMissing',
    title: 'A is away for ten minutes, B is there',
    series: [
      RTU_UP,
      [startedA, '1x5 0x9 1x20'],
      [m('mm2ss_named_master_started', { ...masterA, master: 'B' }), '1x40'],
    ],
    firing: { 8: [], 13: ['group="1", master="A"'], 20: [] },
  },
  {
    alert: 'ExpectedMasterMissing',
    title: 'of a group where that is normal',
    series: [RTU_UP, [startedA, '0x40'], ownThreshold('ExpectedMasterMissing', 1)],
    firing: { 20: [] },
  },
  {
    alert: 'MasterLag',
    title: 'A is two minutes behind for a while',
    series: [
      [startedA, '1x60'],
      [m('mm2ss_named_master_oldest_seconds', masterA), '1x5 120x10 0x20'],
    ],
    firing: { 5: [], 12: ['group="1", master="A"'], 20: [] },
  },
  {
    alert: 'MasterLag',
    title: 'A is not there: that is another alert',
    series: [
      [startedA, '0x60'],
      [m('mm2ss_named_master_oldest_seconds', masterA), '600x60'],
    ],
    firing: { 20: [] },
  },
  {
    alert: 'EventsLost',
    title: 'A does not get seven events; those without a name are nobody in particular',
    series: [
      [m('mm2ss_master_events_lost_total', masterA), '0x5 7x60'],
      [m('mm2ss_master_events_lost_total', { ...masterA, master: '*' }), '0+9x60'],
    ],
    firing: { 4: [], 10: ['group="1", master="A", cause="master"'], 30: [] },
  },
  {
    alert: 'EventsLost',
    title: 'the log loses what the RTU was told to forget',
    series: [[m('mm2ss_log_lost_asdus_total', { ...CONNECTOR, ...ONE }), '0x5 3x60']],
    firing: { 4: [], 10: ['group="1", cause="log"'], 30: [] },
  },
  {
    alert: 'EventsLost',
    title:
      'a router takes the group over, and A has lost three events before it is read for the first time; later two more',
    series: [[m('mm2ss_master_events_lost_total', masterA), '_x5 3x40 5x60']],
    firing: {
      4: [],
      10: ['group="1", master="A", cause="master"'],
      40: [],
      50: ['group="1", master="A", cause="master"'],
      70: [],
    },
  },
  {
    alert: 'EventsLost',
    title: 'A lost three events a day ago, and one scrape of the router fails',
    series: [[m('mm2ss_master_events_lost_total', masterA), '3x30 stale 3x60']],
    firing: { 33: [], 46: [], 47: [], 60: [] },
  },
  {
    alert: 'EventsLost',
    title: 'A lost three events a day ago, and the group gets another name; later A loses one more',
    series: [
      [m('mm2ss_master_events_lost_total', masterA), '3x30 stale'],
      [m('mm2ss_master_events_lost_total', { ...masterA, name: 'RTU-9' }), '_x31 3x30 4x60'],
    ],
    firing: { 33: [], 40: [], 48: [], 65: ['group="1", master="A", cause="master"'], 90: [] },
  },
  {
    alert: 'EventsLost',
    title: 'a connector begins with a log that has lost something',
    series: [[m('mm2ss_log_lost_asdus_total', { ...CONNECTOR, ...ONE }), '_x5 3x60']],
    firing: { 4: [], 10: ['group="1", cause="log"'], 30: [] },
  },
  {
    alert: 'GatewayNearLimit',
    title: 'masters are refused as there is no place',
    series: [[m('mm2ss_masters_refused_total', { ...ofRouter, reason: 'max_connections' }), '0x5 4x60']],
    firing: { 4: [], 10: ['group="1", cause="refused"'], 30: [] },
  },
  {
    alert: 'GatewayNearLimit',
    title: 'a queue is nearly full for ten minutes',
    series: [
      [m('mm2ss_master_queue_asdus', { ...GATEWAY, ...ONE }), '0x5 900x10 3x30'],
      [m('mm2ss_group_limit', { ...GATEWAY, ...ONE, limit: 'master_queue_asdus' }), '1000x60'],
      [m('mm2ss_group_limit', { ...ofRouter, limit: 'master_queue_asdus' }), '1000x60'],
    ],
    firing: { 4: [], 14: ['group="1", cause="queue"'], 20: [] },
  },
  {
    alert: 'GatewayNearLimit',
    title: 'all places are taken for half an hour',
    series: [
      [m('mm2ss_masters', { ...ofRouter, state: 'started' }), '3x5 4x30 2x30'],
      [m('mm2ss_masters', { ...ofRouter, state: 'stopped' }), '1x60'],
      [m('mm2ss_group_limit', { ...ofRouter, limit: 'connections' }), '5x60'],
      [m('mm2ss_group_limit', { ...GATEWAY, ...ONE, limit: 'connections' }), '5x60'],
    ],
    firing: { 10: [], 30: ['group="1", cause="places"'], 50: [] },
  },
];
