import type { Clock } from './clock.js';

/** Timers of one thing, which all end with it. */
export class Timers {
  private readonly pending = new Map<unknown, () => void>();
  private stopped = false;

  constructor(private readonly clock: Clock) {}

  /** Calls `callback` in `ms`, unless it is all over by then. */
  after(ms: number, callback: () => void): void {
    if (!this.stopped) this.set(ms, callback, () => undefined);
  }

  /** Resolves in `ms`, or when it is all over. */
  pause(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => this.set(ms, resolve, resolve));
  }

  stop(): void {
    this.stopped = true;
    const pending = [...this.pending];
    this.pending.clear();
    for (const [timer, whenStopped] of pending) {
      this.clock.clearTimer(timer);
      whenStopped();
    }
  }

  private set(ms: number, callback: () => void, whenStopped: () => void): void {
    const timer = this.clock.setTimer(() => {
      this.pending.delete(timer);
      callback();
    }, ms);
    this.pending.set(timer, whenStopped);
  }
}
