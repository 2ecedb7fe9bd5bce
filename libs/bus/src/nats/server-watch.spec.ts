import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { QUIET_MS, ServerWatch } from './server-watch.js';

/** How long this process was suspended: its timers did not run. */
let suspendedMs: number;
const clock = { ...SYSTEM_CLOCK, now: () => SYSTEM_CLOCK.now() + suspendedMs };
let pings: number;
let answers: boolean;
let givenUp: number[];
let watch: ServerWatch;

beforeEach(() => {
  vi.useFakeTimers();
  [suspendedMs, pings, answers, givenUp] = [0, 0, true, []];
  const ping = (): Promise<void> => {
    pings++;
    return answers ? Promise.resolve() : new Promise(() => undefined);
  };
  watch = new ServerWatch(clock, ping, () => givenUp.push(performance.now()));
  watch.start();
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

async function run(ms: number, heardEveryMs = Infinity): Promise<void> {
  for (let at = 0; at < ms; at += 100) {
    if (at > 0 && at % heardEveryMs === 0) watch.heard();
    await vi.advanceTimersByTimeAsync(100);
  }
}

describe('the watch over a server', () => {
  it('asks nothing while something is heard', async () => {
    await run(60_000, 1_000);
    expect([pings, givenUp]).toEqual([0, []]);
  });

  it('asks a silent server, which answers and is kept', async () => {
    await run(60_000);
    expect(pings).toBeGreaterThanOrEqual(60_000 / QUIET_MS - 2);
    expect(givenUp).toEqual([]);
  });

  it('gives up a server that does not answer, once, 3.6 s after it was heard last', async () => {
    await run(10_000, 1_000);
    answers = false;
    const heardLast = performance.now() - 1_000;
    await run(20_000);
    expect(pings).toBe(2);
    expect(givenUp).toHaveLength(1);
    expect((givenUp[0] as number) - heardLast).toBeLessThanOrEqual(3 * QUIET_MS + 100);
    expect((givenUp[0] as number) - heardLast).toBeGreaterThanOrEqual(3 * QUIET_MS - 100);
  });

  it('has more patience with one that it has given up, as it may be busy with us, until that answers', async () => {
    const waits: number[] = [];
    answers = false;
    for (let time = 0; time < 6; time++) {
      const since = performance.now();
      const before = givenUp.length;
      watch.start();
      while (givenUp.length === before) await vi.advanceTimersByTimeAsync(100);
      waits.push(Math.round((performance.now() - since) / QUIET_MS));
    }
    expect(waits).toEqual([3, 5, 9, 17, 25, 25]);
    answers = true;
    watch.start();
    await run(2 * QUIET_MS);
    answers = false;
    const before = givenUp.length;
    await run(4 * QUIET_MS);
    expect(givenUp).toHaveLength(before + 1);
  });

  it('keeps a server that is heard again after it left a question unanswered', async () => {
    answers = false;
    await run(2 * QUIET_MS + 100);
    expect(pings).toBe(2);
    watch.heard();
    await run(QUIET_MS + 100);
    expect([pings, givenUp]).toEqual([3, []]);
  });

  it('does not take its own absence for the silence of the server', async () => {
    await run(1_000, 500);
    // What came meanwhile is read after the timers.
    suspendedMs = 60_000;
    await run(2_000);
    expect(pings).toBeGreaterThan(0);
    expect(givenUp).toEqual([]);
  });

  it('watches a new connection from its beginning', async () => {
    answers = false;
    await run(4_000);
    expect(givenUp).toHaveLength(1);
    answers = true;
    watch.start();
    await run(10_000);
    expect(givenUp).toHaveLength(1);
  });

  it('leaves no timer when it is stopped', () => {
    watch.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
