import { describe, expect, it } from 'vitest';
import type { Clock } from '@iec104mm2ss/runtime';
import { EventPace } from './event-pace.js';

/** A clock whose timers fire late by as much as the test wants. */
class LateClock implements Clock {
  readonly wallMs = (): number => 0;
  readonly endOfTurn = (callback: () => void): void => callback();
  readonly soon = (callback: () => void): void => callback();
  private time = 1000;
  private timer: { at: number; callback: () => void } | undefined;

  now(): number {
    return this.time;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    return (this.timer = { at: this.time + delayMs, callback });
  }

  clearTimer(): void {
    this.timer = undefined;
  }

  /** Goes to the next timer and `lateMs` beyond; false when there is none. */
  next(lateMs: number): boolean {
    const { timer } = this;
    if (timer === undefined) return false;
    this.timer = undefined;
    this.time = timer.at + lateMs;
    timer.callback();
    return true;
  }
}

describe('EventPace', () => {
  it('keeps its mean rate however late timers are', () => {
    const clock = new LateClock();
    const due: number[] = [];
    const pace = new EventPace(clock, 300, (at) => due.push(at));
    while (clock.now() < 11_000) clock.next(3.7);
    pace.stop();
    const expected = Math.floor((clock.now() - 1000) * 0.3);
    expect(due).toHaveLength(expected);
    due.forEach((at, index) => expect(at).toBeCloseTo(1000 + ((index + 1) * 1000) / 300, 6));
    expect(clock.next(0)).toBe(false);
  });

  it('is never early', () => {
    const clock = new LateClock();
    const pace = new EventPace(clock, 7, (at) => expect(at).toBeLessThanOrEqual(clock.now()));
    for (let i = 0; i < 100; i++) clock.next(0);
    pace.stop();
  });

  it('gives up what lies more than five seconds back', () => {
    const clock = new LateClock();
    let count = 0;
    const pace = new EventPace(clock, 100, () => count++);
    clock.next(3_600_000);
    pace.stop();
    expect(count).toBeLessThanOrEqual(502);
  });

  it('can be stopped by what it calls', () => {
    const clock = new LateClock();
    let count = 0;
    const pace = new EventPace(clock, 1000, () => {
      count++;
      pace.stop();
    });
    clock.next(50);
    expect(count).toBe(1);
    expect(clock.next(0)).toBe(false);
  });

  it.each([0, -1, NaN, Infinity])('refuses a rate of %f', (rate) => {
    expect(() => new EventPace(new LateClock(), rate, () => undefined)).toThrow(RangeError);
  });
});
