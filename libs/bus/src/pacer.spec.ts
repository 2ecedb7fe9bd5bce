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

it('reports at once when the last report is long enough ago', () => {
  pacer.soon();
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(GAP_MS);
  pacer.soon();
  expect(reports).toHaveLength(2);
});

it('makes one report, after the gap, of all that is asked for within it', () => {
  pacer.soon();
  for (let i = 0; i < 10; i++) pacer.soon();
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(reports).toHaveLength(2);
  expect((reports[1] as number) - (reports[0] as number)).toBeGreaterThanOrEqual(GAP_MS);
});

it('reports once when asked for it now while a report waits', () => {
  pacer.soon();
  pacer.soon();
  pacer.now();
  expect(reports).toHaveLength(2);
  vi.advanceTimersByTime(100);
  expect(reports).toHaveLength(2);
});

it('forgets a waiting report when stopped', () => {
  pacer.soon();
  pacer.soon();
  pacer.stop();
  vi.advanceTimersByTime(100);
  expect(reports).toHaveLength(1);
});

it('reports every time without a gap', () => {
  make(0);
  for (let i = 0; i < 3; i++) pacer.soon();
  expect(reports).toHaveLength(3);
});
