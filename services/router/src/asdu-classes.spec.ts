import { expect, it } from 'vitest';
import { asduClass, byClass } from './asdu-classes.js';

it('every cause has a class', () => {
  const causes = new Map<string, number[]>();
  for (let cause = 0; cause < 64; cause++) {
    const name = asduClass(cause);
    causes.set(name, [...(causes.get(name) ?? []), cause]);
  }
  expect(Object.fromEntries(causes)).toMatchObject({
    spontaneous: [3, 11, 12],
    cyclic: [1],
    background: [2],
    requested: [5],
    interrogated: Array.from({ length: 22 }, (_, index) => 20 + index),
    initialized: [4],
    answer: [6, 7, 8, 9, 10, 44, 45, 46, 47],
    file: [13],
  });
});

it('counts by cause are added up, and what never came is 0', () => {
  const causes = new Float64Array(64);
  causes[3] = 5;
  causes[11] = 2;
  causes[20] = 7;
  causes[60] = 1;
  const counts = Object.fromEntries(byClass(causes));
  expect(counts).toMatchObject({ spontaneous: 7, interrogated: 7, other: 1, cyclic: 0, answer: 0 });
  expect(Object.keys(counts)).toHaveLength(9);
});
