import { afterEach, describe, expect, it, vi } from 'vitest';
import { every, sleep, SYSTEM_CLOCK } from './clock.js';
import { randomId, systemRuntime } from './runtime.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('the system clock', () => {
  it('is monotonic and its timers can be cleared', async () => {
    const called = vi.fn();
    SYSTEM_CLOCK.clearTimer(SYSTEM_CLOCK.setTimer(called, 0));
    const before = SYSTEM_CLOCK.now();
    await sleep(SYSTEM_CLOCK, 2);
    expect(SYSTEM_CLOCK.now()).toBeGreaterThanOrEqual(before + 1);
    expect(called).not.toHaveBeenCalled();
  });

  it('calls at the end of the turn before it calls soon', async () => {
    const calls: string[] = [];
    SYSTEM_CLOCK.soon(() => calls.push('soon'));
    SYSTEM_CLOCK.endOfTurn(() => calls.push('end of turn'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual(['end of turn', 'soon']);
  });

  it('is not moved by a step of the wall clock', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const before = SYSTEM_CLOCK.now();
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(SYSTEM_CLOCK.now() - before).toBeLessThan(10_000);
  });
});

describe('every', () => {
  it('calls again and again until it is stopped, also after a callback that threw', () => {
    const timers: (() => void)[] = [];
    const clock = {
      ...SYSTEM_CLOCK,
      setTimer: (callback: () => void) => timers.push(callback),
      clearTimer: () => timers.splice(0),
    };
    let calls = 0;
    const going = every(clock, 100, () => {
      if (++calls === 2) throw new Error('mistake');
    });
    timers.shift()?.();
    expect(() => timers.shift()?.()).toThrow('mistake');
    timers.shift()?.();
    expect(calls).toBe(3);
    going.stop();
    expect(timers).toEqual([]);
  });

  it('sets no timer again when it is stopped by its own callback', () => {
    const timers: (() => void)[] = [];
    const clock = {
      ...SYSTEM_CLOCK,
      setTimer: (callback: () => void) => timers.push(callback),
      clearTimer: () => undefined,
    };
    const going = every(clock, 100, () => going.stop());
    timers.shift()?.();
    expect(timers).toEqual([]);
  });
});

describe('a runtime', () => {
  it('has another instance name each time, of host, process id and a random part', () => {
    const [one, other] = [systemRuntime().instance, systemRuntime().instance];
    expect(one).toMatch(new RegExp(`-${process.pid}-[0-9a-f]{8}$`));
    expect(one).not.toBe(other);
  });

  it('gives random numbers that a position on the wire can hold', () => {
    expect(randomId({ random: () => 0 })).toBe(0);
    expect(Number.isSafeInteger(randomId({ random: () => 0.999_999_999 }))).toBe(true);
  });
});
