import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SYSTEM_CLOCK } from './clock.js';
import { READ_MS, RunWatch } from './run-watch.js';

/** How long the process has not run in all: its timers did not either. */
let heldUpMs: number;
let told: number[];
let watch: RunWatch;

beforeEach(() => {
  vi.useFakeTimers();
  [heldUpMs, told] = [0, []];
  const clock = { ...SYSTEM_CLOCK, now: () => SYSTEM_CLOCK.now() + heldUpMs };
  watch = new RunWatch(clock, (ms) => told.push(ms));
});
afterEach(() => {
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('what is read', () => {
  it('has not waited while the process runs', async () => {
    for (let step = 0; step < 100; step++) {
      await vi.advanceTimersByTimeAsync(97);
      expect(watch.waitedMs).toBe(0);
    }
    expect(told).toEqual([]);
  });

  it.each([600, 5_000, 3_600_000])('may have waited since before the process did not run for %i ms', async (ms) => {
    await vi.advanceTimersByTimeAsync(1_000);
    heldUpMs = ms;
    // Before any timer.
    expect(watch.waitedMs).toBeGreaterThanOrEqual(ms);
    await vi.advanceTimersByTimeAsync(250);
    expect(told).toHaveLength(1);
    expect(watch.waitedMs).toBeGreaterThanOrEqual(ms);
    await vi.advanceTimersByTimeAsync(READ_MS - 10);
    expect(watch.waitedMs, 'while sockets are read').toBeGreaterThanOrEqual(ms);
    await vi.advanceTimersByTimeAsync(20);
    expect(watch.waitedMs, 'afterwards').toBe(0);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toHaveLength(1);
  });

  it('may have waited since before the first of two pauses, when nothing was read between them', async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    heldUpMs = 4_000;
    await vi.advanceTimersByTimeAsync(260);
    heldUpMs += 4_000;
    await vi.advanceTimersByTimeAsync(250);
    expect(watch.waitedMs).toBeGreaterThanOrEqual(4_000);
  });
});
