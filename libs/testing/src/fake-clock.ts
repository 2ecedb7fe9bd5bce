import type { Clock } from '@iec104mm2ss/transport';

/** A clock that stands still until it is told to go on, and then fires the timers it passes, in order. */
export class FakeClock implements Clock {
  private readonly timers = new Map<object, { readonly at: number; readonly callback: () => void }>();

  constructor(public time = 0) {}

  now(): number {
    return this.time;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = {};
    this.timers.set(timer, { at: this.time + delayMs, callback });
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as object);
  }

  get pending(): number {
    return this.timers.size;
  }

  advance(ms: number): void {
    this.runUntil(this.time + ms);
  }

  runUntil(time: number): void {
    for (;;) {
      const next = [...this.timers].filter(([, { at }]) => at <= time).sort(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined) break;
      const [timer, { at, callback }] = next;
      this.timers.delete(timer);
      this.time = Math.max(this.time, at);
      callback();
    }
    this.time = Math.max(this.time, time);
  }
}
