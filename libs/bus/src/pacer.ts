import type { Clock } from '@iec104mm2ss/runtime';

/**
 * Limits how often something is reported: at once when the last report is long enough ago, else as soon as the gap has
 * passed. What changes seldom is not delayed, what changes often costs few messages.
 */
export class Pacer {
  private lastAt = -Infinity;
  private timer: unknown;

  /** `gapMs` 0: every `soon` reports at once. */
  constructor(
    private readonly clock: Clock,
    public gapMs: number,
    private readonly report: () => void,
  ) {}

  soon(): void {
    if (this.timer !== undefined) return;
    const waitMs = this.gapMs === 0 ? 0 : this.lastAt + this.gapMs - this.clock.now();
    if (waitMs <= 0) this.now();
    else this.timer = this.clock.setTimer(() => this.now(), waitMs);
  }

  /** Reports without waiting. */
  now(): void {
    this.stop();
    if (this.gapMs > 0) this.lastAt = this.clock.now();
    this.report();
  }

  /** Forgets a report that waits. */
  stop(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }
}
