/** Samples kept for one window; more would only make it smoother. */
const SLOTS = 10;

/**
 * The rate of a running counter over a sliding window. The hot path only increments its counter; whoever wants the rate
 * shows the meter the counter's value now and then (once a second, or at each `/status`) and reads the result.
 *
 * Asked more seldom than the window is long, it tells the rate since it was last asked.
 */
export class RateMeter {
  private readonly totals: number[] = [];
  private readonly times: number[] = [];
  private readonly slotMs: number;
  private last: number | undefined;

  constructor(private readonly windowMs = 10_000) {
    this.slotMs = windowMs / SLOTS;
  }

  /**
   * Takes `total`, the counter's value at `nowMs` (monotonic milliseconds), and returns its rate per second. A total
   * below the previous one is a counter that was restarted: the window begins anew. Undefined while one look is all there was.
   */
  update(total: number, nowMs: number): number | undefined {
    const newest = this.times.length - 1;
    if (newest >= 0 && total < this.totals[newest]!) {
      this.totals.length = this.times.length = 0;
      this.last = undefined;
    }
    this.forget(nowMs);
    const oldestTime = this.times[0];
    if (oldestTime !== undefined && nowMs > oldestTime) {
      this.last = ((total - this.totals[0]!) * 1000) / (nowMs - oldestTime);
    }
    const newestTime = this.times.at(-1);
    if (newestTime === undefined || nowMs - newestTime >= this.slotMs) {
      this.times.push(nowMs);
      this.totals.push(total);
    }
    return this.last;
  }

  /** The rate at the last update; undefined when it is not known. */
  get perSecond(): number | undefined {
    return this.last;
  }

  /** Drops samples older than the window, but keeps one to measure from. */
  private forget(nowMs: number): void {
    while (this.times.length > 1 && nowMs - this.times[0]! > this.windowMs) {
      this.times.shift();
      this.totals.shift();
    }
  }
}
