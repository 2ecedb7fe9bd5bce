import { expect, it } from 'vitest';
import { repeatableAsdus } from './repeatable-asdus.js';

it.each([
  [1, 64],
  [12, 64],
  [100, 200],
  [512, 1_024],
  [32_767, 1_024],
])('with k = %i the last %i ASDUs of the log are compared with what an RTU sends first', (k, count) => {
  expect(repeatableAsdus({ k })).toBe(count);
});
