import { expect, it } from 'vitest';
import { repeatableAsdus } from './repeatable-asdus.js';

it.each([
  [1, 64],
  [12, 64],
  [100, 200],
  [512, 1_024],
  [32_767, 1_024],
])('with a k of the RTU of %i the last %i ASDUs of the log are compared with what an RTU sends first', (k, count) => {
  expect(repeatableAsdus({ rtuLink: { t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, w: 1, k } })).toBe(count);
});
