import { beforeEach, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '@iec104mm2ss/config';
import { FakeClock } from '@iec104mm2ss/testing';
import { ConnectionLimits, MAX_SOURCES } from './connection-limits.js';

let clock: FakeClock;
let limits: ConnectionLimits;

beforeEach(() => {
  clock = new FakeClock();
  limits = new ConnectionLimits({ ...DEFAULT_LIMITS, connects: 10, 'connect-burst': 50 }, clock);
});

const come = (peer: string, times: number, group = '1'): number =>
  Array.from({ length: times }).filter(() => limits.mayConnect({ id: group, maxConnections: 5 }, peer)).length;

it('one source may come so often at once, and then so often a second; other sources and groups have their own', () => {
  expect(come('10.0.0.1:5000', 254)).toBe(50);
  clock.advance(1_000);
  expect(come('10.0.0.1:6000', 254), 'whatever port it comes from').toBe(10);
  expect(come('10.0.0.2:5000', 5)).toBe(5);
  expect(come('10.0.0.1:5000', 5, '2')).toBe(5);
});

it('of a group with many places more may come at once: they may all be behind one address', () => {
  const many = Array.from({ length: 600 }).filter(() =>
    limits.mayConnect({ id: '9', maxConnections: 255 }, '10.0.0.1:1'),
  );
  expect(many.length).toBe(510);
});

it('of IPv6 a /64 is one source', () => {
  const many = Array.from({ length: 100 }, (_, i) => come(`[2001:db8::${i.toString(16)}]:5000`, 1));
  expect(many.reduce((sum, each) => sum + each)).toBe(50);
});

it('remembers a bounded number of sources', () => {
  for (let i = 0; i < 3 * MAX_SOURCES; i++)
    limits.mayConnect({ id: '1', maxConnections: 5 }, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1`);
  expect(limits.size).toBe(MAX_SOURCES);
});
