import { expect, it } from 'vitest';
import { ackPolicy, reportGapMs } from './ack-policy.js';
import type { GroupConfig } from './types.js';

const group = (ack: GroupConfig['ack'], buffsize = 1_000): GroupConfig => ({ ack, buffsize }) as GroupConfig;

it.each([
  [undefined, 'memory', 'delivered'],
  [undefined, 'nats', 'stored'],
  ['received', 'nats', 'received'],
  ['stored', 'memory', 'stored'],
  ['delivered', 'nats', 'delivered'],
] as const)('acknowledges with %s on the %s bus when %s', (ack, bus, policy) => {
  expect(ackPolicy(group(ack), bus)).toBe(policy);
});

it.each([
  ['memory', undefined, 1_000, 0],
  ['nats', 'delivered', 1_000, 0],
  ['nats', undefined, 1_000, 5],
  ['nats', undefined, 100_000, 5],
  ['nats', undefined, 400, 2],
  ['nats', undefined, 100, 0],
] as const)('on the %s bus with ack %s and a log of %i reports every %i ms', (bus, ack, buffsize, gapMs) => {
  expect(reportGapMs(group(ack, buffsize), bus)).toBe(gapMs);
});
