import { expect, it } from 'vitest';
import { kindOf, sourceOf } from './peer-line.js';

it.each([
  ['10.1.1.5:40000', '10.1.1.5'],
  ['rtu.example:2404', 'rtu.example'],
  ['[2001:db8:1:2:3:4:5:6]:40000', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::6]:40000', '2001:db8:1:2::/64'],
  ['[2001:db8::1]:1', '2001:db8:0:0::/64'],
  ['[2001:0db8::1]:1', '2001:db8:0:0::/64'],
  ['[::1]:40000', '0:0:0:0::/64'],
  ['[fe80::1%eth0]:40000', 'fe80:0:0:0::/64'],
  ['[64:ff9b::10.1.1.5]:40000', '64:ff9b:0:0::/64'],
  ['', ''],
])('behind %s is %s', (peer, source) => {
  expect(sourceOf(peer)).toBe(source);
});

it.each([
  ['master refused: 10.1.1.5 is not in the filter', { reason: 'filter' }, 'master refused (filter)'],
  ['events lost for 10.1.1.5:40000: too slow', {}, 'events lost for'],
  ['RTU is not reached', { reason: 'connect ECONNREFUSED 10.0.0.1:2404' }, 'RTU is not reached'],
  ['command terminated', { type: 'C_SC_NA_1', cot: 6 }, 'command terminated, C_SC_NA_1, cause 6'],
  ['', {}, ''],
])('%s is of one kind whatever varies in it', (message, fields, kind) => {
  expect(kindOf(message, fields)).toBe(kind);
});
