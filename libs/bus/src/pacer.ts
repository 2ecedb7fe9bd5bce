/**
 * Limits how often something is reported: at once when the last report is long enough ago, else as soon as the gap has
 * passed. What changes seldom is not delayed, what changes often costs few messages.
 */
export class Pacer {
  private lastAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  /** `gapMs` 0: every `soon` reports at once. */
  constructor(
    private readonly gapMs: number,
    private readonly report: () => void,
  ) {}

  soon(): void {
    if (this.timer !== undefined) return;
    const waitMs = this.gapMs === 0 ? 0 : this.lastAt + this.gapMs - performance.now();
    if (waitMs <= 0) this.now();
    else this.timer = setTimeout(() => this.now(), waitMs);
  }

  /** Reports without waiting. */
  now(): void {
    this.stop();
    if (this.gapMs > 0) this.lastAt = performance.now();
    this.report();
  }

  /** Forgets a report that waits. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
