import { buckets, m } from '@iec104mm2ss/monitoring';
import { bucketSeries, CONNECTOR, GATEWAY, ONE, ownThreshold, type RuleCase, TWO } from './rule-case.ts';

const up = { ...CONNECTOR, ...ONE };
const tests = (le: string): string =>
  `${buckets('mm2ss_link_test_seconds', { ...up, side: 'rtu' }).slice(0, -1)}, le="${le}"}`;
/** Six tests a minute: within 50 ms for 20 minutes, then for 20 minutes 250 ms, then within 50 ms again. */
const slowForAWhile = bucketSeries(tests, {
  '0.05': '0+6x20 120x20 120+6x20',
  '0.25': '0+6x60',
  '+Inf': '0+6x60',
});

export const RTU_CASES: readonly RuleCase[] = [
  {
    alert: 'RtuDown',
    title: 'the RTU is cut for ten minutes, another one is not',
    series: [
      [m('mm2ss_rtu_up', up), '1x5 0x9 1x20'],
      [m('mm2ss_rtu_up', { ...CONNECTOR, ...TWO }), '1x40'],
    ],
    firing: { 5: [], 7: [], 9: ['group="1", cause="down"'], 14: ['group="1", cause="down"'], 18: [] },
  },
  {
    alert: 'RtuDown',
    title: 'one that stands by tells 0 all the time',
    series: [
      [m('mm2ss_rtu_up', up), '1x40'],
      [m('mm2ss_rtu_up', { ...up, instance: 'standby' }), '0x40'],
    ],
    firing: { 20: [] },
  },
  {
    alert: 'RtuDown',
    title: 'an RTU that may be away for half an hour',
    series: [[m('mm2ss_rtu_up', up), '1x5 0x50 1x20'], ownThreshold('RtuDown', 1800)],
    firing: { 10: [], 30: [], 45: ['group="1", cause="too_long"'], 60: [] },
  },
  {
    alert: 'ConnectorAbsent',
    title: 'no gateway hears a connector for a while',
    series: [
      [m('mm2ss_group_connector_heard', { ...GATEWAY, ...ONE }), '1x5 0x10 1x20'],
      [m('mm2ss_group_connector_heard', { ...GATEWAY, ...ONE, instance: 'gateway2' }), '1x5 0x10 1x20'],
    ],
    firing: { 5: [], 12: ['group="1"'], 20: [] },
  },
  {
    alert: 'ConnectorAbsent',
    title: 'one gateway of two hears it',
    series: [
      [m('mm2ss_group_connector_heard', { ...GATEWAY, ...ONE }), '1x40'],
      [m('mm2ss_group_connector_heard', { ...GATEWAY, ...ONE, instance: 'gateway2' }), '0x40'],
    ],
    firing: { 20: [] },
  },
  {
    alert: 'RtuFlapping',
    title: 'a connection a minute for ten minutes',
    series: [[m('mm2ss_rtu_connects_total', up), '1x10 1+1x10 11x60']],
    firing: { 10: [], 18: ['group="1"'], 60: [] },
  },
  {
    alert: 'RtuFlapping',
    title: 'of an RTU that may be connected fifty times',
    series: [[m('mm2ss_rtu_connects_total', up), '1x10 1+1x10 11x60'], ownThreshold('RtuFlapping', 50)],
    firing: { 18: [] },
  },
  {
    alert: 'TwoRtuLinks',
    title: 'two connectors are connected for five minutes',
    series: [
      [m('mm2ss_rtu_up', up), '1x30'],
      [m('mm2ss_rtu_up', { ...up, instance: 'connector2' }), '0x5 1x5 0x20'],
    ],
    firing: { 5: [], 9: ['group="1"'], 15: [] },
  },
  {
    alert: 'LinkSlow',
    title: 'the path is slow for twenty minutes',
    series: slowForAWhile,
    firing: { 18: [], 38: ['group="1", side="rtu"'], 55: [] },
  },
  {
    alert: 'LinkSlow',
    title: 'the path of a radio link, which may take a second',
    series: [...slowForAWhile, ownThreshold('LinkSlow', 1)],
    firing: { 38: [] },
  },
];
