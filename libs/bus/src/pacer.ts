import type { Clock } from '@iec104mm2ss/runtime';

/**
 * Reports together what changes within a gap: nobody waits for it, and each report wakes processes that have commands and
 * events to pass on, whose answers and acknowledgements caused it.
 */
export class Pacer {
  private timer: unknown;

  /** `gapMs` 0: every `soon` reports at once. */
  constructor(
    private readonly clock: Clock,
    private readonly gapMs: number,
    private readonly report: () => void,
  ) {}

  /** Reports when the gap has passed since the first of those that wait. */
  soon(): void {
    if (this.gapMs === 0) this.report();
    else this.timer ??= this.clock.setTimer(() => this.now(), this.gapMs);
  }

  /** Reports without waiting. */
  now(): void {
    this.stop();
    this.report();
  }

  /** Forgets a report that waits. */
  stop(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }
}
