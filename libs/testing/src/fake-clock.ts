import type { Clock } from '@iec104mm2ss/runtime';

/** 2026-01-01 UTC: what the wall clock shows when a fake clock is at 0. */
const WALL_START_MS = Date.UTC(2026, 0, 1);

/**
 * A clock that stands still until it is told to go on, and then fires the timers it passes, in order. What was to be called
 * at the end of the turn, or soon, is called by `flush`, which `advance` and `runUntil` begin and end each step with, and at
 * the end of the real turn at the latest.
 */
export class FakeClock implements Clock {
  /** How far the wall clock is off: it may be stepped at any time. */
  wallOffsetMs = WALL_START_MS;
  private readonly timers = new Map<object, { readonly at: number; readonly callback: () => void }>();
  private turn: (() => void)[] = [];
  private next: (() => void)[] = [];

  constructor(public time = 0) {}

  now(): number {
    return this.time;
  }

  wallMs(): number {
    return this.time + this.wallOffsetMs;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = {};
    this.timers.set(timer, { at: this.time + delayMs, callback });
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as object);
  }

  endOfTurn(callback: () => void): void {
    this.turn.push(callback);
    process.nextTick(() => this.flush());
  }

  soon(callback: () => void): void {
    this.next.push(callback);
    setImmediate(() => this.flush());
  }

  /** Timers that are set. */
  get pending(): number {
    return this.timers.size;
  }

  /** Ends this turn: calls what waits for that, and what that makes wait. */
  flush(): void {
    while (this.turn.length > 0 || this.next.length > 0) {
      const callback = this.turn.shift() ?? this.next.shift();
      callback?.();
    }
  }

  advance(ms: number): void {
    this.runUntil(this.time + ms);
  }

  runUntil(time: number): void {
    this.flush();
    for (;;) {
      const next = [...this.timers].filter(([, { at }]) => at <= time).sort(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined) break;
      const [timer, { at, callback }] = next;
      this.timers.delete(timer);
      this.time = Math.max(this.time, at);
      callback();
      this.flush();
    }
    this.time = Math.max(this.time, time);
  }

  /** As `runUntil`, but lets promises go on after each timer. */
  async advanceAsync(ms: number, stepMs = 10): Promise<void> {
    const end = this.time + ms;
    while (this.time < end) {
      this.runUntil(Math.min(this.time + stepMs, end));
      await new Promise((resolve) => setImmediate(resolve));
      this.flush();
    }
  }
}
