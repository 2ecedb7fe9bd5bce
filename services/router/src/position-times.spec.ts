import { expect, it } from 'vitest';
import { PositionTimes } from './position-times.js';

it('tells when an ASDU was received, at most a quarter of a second too early', () => {
  const times = new PositionTimes();
  expect(times.at(0)).toBeUndefined();
  for (let position = 0; position < 1_000; position += 10) times.add(position, 5_000 + position * 10);
  for (const position of [0, 5, 333, 999]) {
    const early = 5_000 + Math.floor(position / 10) * 100 - (times.at(position) as number);
    expect(early).toBeGreaterThanOrEqual(0);
    expect(early).toBeLessThanOrEqual(250);
  }
});

it('what is older than all samples counts as the first of them, until it is known', () => {
  const times = new PositionTimes();
  times.add(100, 9_000);
  expect(times.at(40)).toBe(9_000);
  times.addBefore(40, 2_000);
  times.addBefore(50, 3_000);
  expect(times.at(40)).toBe(2_000);
  expect(times.at(99)).toBe(2_000);
  expect(times.at(100)).toBe(9_000);
});

it('for however long nobody acknowledges: few samples, the first one kept, the order kept', () => {
  const times = new PositionTimes();
  for (let second = 0; second < 100_000; second++) times.add(second, second * 1_000);
  expect(times.at(0)).toBe(0);
  let before = -1;
  const different = new Set<number>();
  for (let position = 0; position < 100_000; position += 7) {
    const at = times.at(position) as number;
    expect(at).toBeLessThanOrEqual(position * 1_000);
    expect(at).toBeGreaterThanOrEqual(before);
    before = at;
    different.add(at);
  }
  expect(different.size).toBeGreaterThan(100);
  expect(different.size).toBeLessThanOrEqual(256);
  times.forgetBefore(99_000, Infinity);
  expect(99_000_000 - (times.at(99_000) as number)).toBeLessThan(2_000_000);
});

it('a clock that is set back, a log that goes on earlier, and a forgotten beginning', () => {
  const times = new PositionTimes();
  times.add(0, 50_000);
  times.add(10, 10_000);
  expect(times.at(10)).toBe(10_000);
  times.add(20, 11_000);
  times.cut(15);
  expect(times.at(20)).toBe(10_000);
  times.add(15, 12_000);
  expect(times.at(16)).toBe(12_000);
  times.forgetBefore(15, Infinity);
  expect(times.at(10)).toBe(12_000);
  times.cut(0);
  expect(times.at(10)).toBeUndefined();
});

it('keeps nothing when nobody needs anything of the log', () => {
  const times = new PositionTimes();
  times.add(10, 1_000);
  times.add(20, 2_000);
  times.forgetBefore(30, 30);
  expect([times.first, times.at(30)]).toEqual([Infinity, undefined]);
  times.add(30, 2_001);
  expect(times.at(30)).toBe(2_001);
});
