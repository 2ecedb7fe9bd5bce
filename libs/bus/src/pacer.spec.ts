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

it('makes one report, a gap after the first, of all that is asked for meanwhile', () => {
  for (let i = 0; i < 10; i++) pacer.soon();
  vi.advanceTimersByTime(GAP_MS - 1);
  pacer.soon();
  expect(reports).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(reports).toHaveLength(1);
  pacer.soon();
  vi.advanceTimersByTime(GAP_MS);
  expect(reports).toHaveLength(2);
});

it('is never in the way of what caused it, however long ago the last report was', () => {
  vi.advanceTimersByTime(1_000);
  pacer.soon();
  expect(reports).toHaveLength(0);
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
  expect(reports).toHaveLength(0);
});

it('reports every time without a gap', () => {
  make(0);
  for (let i = 0; i < 3; i++) pacer.soon();
  expect(reports).toHaveLength(3);
});
