import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { Pacer } from './pacer.js';

const GAP_MS = 5;
let reports: number[];
let pacer: Pacer;

function make(gapMs: number): void {
  pacer = new Pacer(SYSTEM_CLOCK, gapMs, () => reports.push(performance.now()));
}

beforeEach(() => {
  vi.useFakeTimers();
  reports = [];
  make(GAP_MS);
});
afterEach(() => vi.useRealTimers());

it('reports a little later, and only once what is asked for until then', () => {
  for (let i = 0; i < 10; i++) pacer.soon();
  vi.advanceTimersByTime(GAP_MS - 1);
  expect(reports).toEqual([]);
  pacer.soon();
  vi.advanceTimersByTime(1);
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(reports).toHaveLength(1);
});

it('waits as long for the next one', () => {
  pacer.soon();
  vi.advanceTimersByTime(100);
  pacer.soon();
  vi.advanceTimersByTime(GAP_MS - 1);
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(reports).toHaveLength(2);
});

it('reports once when asked for it now while a report waits', () => {
  pacer.soon();
  pacer.now();
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(reports).toHaveLength(1);
});

it('forgets a waiting report when stopped', () => {
  pacer.soon();
  pacer.stop();
  vi.advanceTimersByTime(100);
  expect(reports).toEqual([]);
});

it('reports every time without a gap', () => {
  make(0);
  for (let i = 0; i < 3; i++) pacer.soon();
  expect(reports).toHaveLength(3);
});
