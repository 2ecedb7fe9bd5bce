import { buckets, count, m } from '@iec104mm2ss/monitoring';
import { bucketSeries, CONNECTOR, ONE, ownThreshold, ROUTER, type RuleCase } from './rule-case.ts';

const ofConnector = { ...CONNECTOR, ...ONE };
const ofRouter = { ...ROUTER, ...ONE };
const capacity = [m('mm2ss_log_capacity_asdus', ofConnector), '1000x60'] as const;
const filling = [m('mm2ss_log_unconfirmed_asdus', ofConnector), '3x5 600x10 0x30'] as const;
const ended = (outcome: string): string => count('mm2ss_command_duration_seconds', { ...ofRouter, outcome });
const took = (le: string): string =>
  `${buckets('mm2ss_command_duration_seconds', { ...ofRouter, outcome: 'done' }).slice(0, -1)}, le="${le}"}`;
const slowCommands = bucketSeries(took, { '1': '0+2x10 20x20 20+2x30', '30': '0+2x60', '+Inf': '0+2x60' });

export const LOG_AND_COMMAND_CASES: readonly RuleCase[] = [
  {
    alert: 'LogFilling',
    title: 'six tenths are taken for ten minutes',
    series: [capacity, filling],
    firing: { 4: [], 12: ['group="1"'], 20: [] },
  },
  {
    alert: 'LogFilling',
    title: 'of a group that may go up to nine tenths',
    series: [capacity, filling, ownThreshold('LogFilling', 0.9)],
    firing: { 12: [] },
  },
  {
    alert: 'LogFull',
    title: 'for three minutes',
    series: [
      [m('mm2ss_log_full', ofConnector), '0x5 1x3 0x30'],
      [m('mm2ss_log_full_total', ofConnector), '0x5 1x40'],
    ],
    firing: { 5: [], 8: ['group="1", cause="lasting"'], 20: [] },
  },
  {
    alert: 'LogFull',
    title: 'again and again between two scrapes',
    series: [
      [m('mm2ss_log_full', ofConnector), '0x60'],
      [m('mm2ss_log_full_total', ofConnector), '0x5 0+4x5 20x40'],
    ],
    firing: { 5: [], 10: ['group="1", cause="often"'], 30: [] },
  },
  {
    alert: 'LogFull',
    title: 'three servers of NATS are restarted one after the other',
    series: [
      [m('mm2ss_log_full', ofConnector), '0x5 1 0x2 1 0x2 1 0x30'],
      [m('mm2ss_log_full_total', ofConnector), '0x5 1x2 2x2 3x40'],
    ],
    firing: { 5: [], 6: [], 7: [], 8: [], 9: [], 12: [], 15: [] },
  },
  {
    alert: 'LogFull',
    title: 'because the connector has lost NATS, which NatsDown tells',
    series: [
      [m('mm2ss_log_full', ofConnector), '0x5 1x10 0x30'],
      [m('mm2ss_log_full_total', ofConnector), '0x5 1x40'],
      [m('mm2ss_bus_connected', CONNECTOR), '1x5 0x10 1x30'],
    ],
    firing: { 8: [], 12: [], 20: [] },
  },
  {
    alert: 'UndeliveredOld',
    title: 'an event waits for longer and longer, then a master takes it',
    series: [[m('mm2ss_undelivered_oldest_seconds', ofRouter), '0x5 0+60x8 0x30']],
    firing: { 5: [], 12: ['group="1"'], 20: [] },
  },
  {
    alert: 'UndeliveredOld',
    title: 'of a group whose master comes once an hour',
    series: [[m('mm2ss_undelivered_oldest_seconds', ofRouter), '0+60x40'], ownThreshold('UndeliveredOld', 4000)],
    firing: { 30: [] },
  },
  {
    alert: 'CommandFailures',
    title: 'half of the commands are refused for ten minutes',
    series: [
      [ended('done'), '0+1x60'],
      [ended('refused'), '0x5 0+1x10 10x40'],
    ],
    firing: { 5: [], 13: ['group="1", cause="failed"'], 40: [] },
  },
  {
    alert: 'CommandFailures',
    title: 'one refused command on a quiet day',
    series: [
      [ended('done'), '0x60'],
      [ended('refused'), '0x5 1x40'],
    ],
    firing: { 8: [] },
  },
  {
    alert: 'CommandFailures',
    title: 'nobody knows what became of one',
    series: [[m('mm2ss_commands_unknown_total', ofRouter), '0x5 1x60']],
    firing: { 4: [], 8: ['group="1", cause="unknown"'], 30: [] },
  },
  {
    alert: 'CommandFailures',
    title: 'a router takes the group over, and nobody knows what became of one before it is read for the first time',
    series: [[m('mm2ss_commands_unknown_total', ofRouter), '_x5 1x60']],
    firing: { 4: [], 8: ['group="1", cause="unknown"'], 30: [] },
  },
  {
    alert: 'CommandSlow',
    title: 'commands take up to 30 s for twenty minutes',
    series: slowCommands,
    firing: { 9: [], 28: ['group="1"'], 55: [] },
  },
  {
    alert: 'CommandSlow',
    title: 'of a link where they may',
    series: [...slowCommands, ownThreshold('CommandSlow', 60)],
    firing: { 28: [] },
  },
  {
    alert: 'ObserveModeOn',
    title: 'for ten minutes',
    series: [[m('mm2ss_group_observe', ofRouter), '0x5 1x10 0x20']],
    firing: { 5: [], 10: ['group="1"'], 20: [] },
  },
];
