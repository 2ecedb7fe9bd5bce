import { expect, test } from 'vitest';
import { objectText } from './traffic-store.js';

test.each([
  [{ ioa: 102, value: false, invalid: false }, 'ioa 102 value false'],
  [{ ioa: 1, value: 49.97999954223633 }, 'ioa 1 value 49.98'],
  [{ ioa: 1, value: true, quality: { blocked: true, invalid: false } }, 'ioa 1 value true quality blocked'],
  [
    { ioa: 1, value: 2, time: { iso: '2026-11-27T01:02:03.004', dayOfWeek: 5, invalid: false } },
    'ioa 1 value 2 time 2026-11-27T01:02:03.004',
  ],
  [
    { ioa: 1, value: 2, time: { iso: '2026-11-27T01:02:03.004', dayOfWeek: 5, invalid: true } },
    'ioa 1 value 2 time 2026-11-27T01:02:03.004 invalid',
  ],
  [{ qualifier: 20 }, 'qualifier 20'],
])('%j is %s', (object, text) => {
  expect(objectText(object)).toBe(text);
});
