/**
 * How much of something may be done: `burst` at once, and `perSecond` on the average. Time comes in as an argument, in
 * milliseconds of a clock that never steps.
 */
export class TokenBucket {
  private tokens: number;
  private at: number;

  /**
   * @param perSecond above 0
   * @param burst at least 1
   */
  constructor(
    private perSecond: number,
    private burst: number,
    now: number,
  ) {
    this.tokens = burst;
    this.at = now;
  }

  /** Takes up to `wanted` and returns how many there were. */
  take(wanted: number, now: number): number {
    this.refill(now);
    const taken = Math.min(wanted, Math.floor(this.tokens));
    this.tokens -= taken;
    return taken;
  }

  /** How long until there is one, ms; 0: there is. */
  waitMs(now: number): number {
    this.refill(now);
    return this.tokens >= 1 ? 0 : ((1 - this.tokens) / this.perSecond) * 1_000;
  }

  /** Nothing was taken for so long that it is as good as new. */
  isFull(now: number): boolean {
    this.refill(now);
    return this.tokens >= this.burst;
  }

  /** Takes other terms from now on. */
  change(perSecond: number, burst: number, now: number): void {
    this.refill(now);
    this.perSecond = perSecond;
    this.burst = burst;
    this.tokens = Math.min(this.tokens, burst);
  }

  private refill(now: number): void {
    const elapsedMs = Math.max(0, now - this.at);
    this.at = Math.max(now, this.at);
    if (this.tokens < this.burst) {
      this.tokens = Math.min(this.burst, this.tokens + (elapsedMs / 1_000) * this.perSecond);
    }
  }
}
