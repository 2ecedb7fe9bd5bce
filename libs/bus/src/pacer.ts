import type { Clock } from '@iec104mm2ss/runtime';

/**
 * Reports what nobody waits for: a little later, together with what else changes until then. So it costs few messages, and
 * none at the moment when what caused it is still on its way.
 */
export class Pacer {
  private timer: unknown;

  /** @param gapMs how long a report waits for more; 0: every `soon` reports at once */
  constructor(
    private readonly clock: Clock,
    public gapMs: number,
    private readonly report: () => void,
  ) {}

  soon(): void {
    if (this.timer !== undefined) return;
    if (this.gapMs === 0) this.now();
    else this.timer = this.clock.setTimer(() => this.now(), this.gapMs);
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
