/** Remembers when the last few of something were: enough to know whether there were too many within a period. */
export class RecentTimes {
  private readonly times: number[] = [];
  private oldest = 0;
  private newest = -Infinity;

  /** @param limit how many are remembered */
  constructor(private readonly limit: number) {}

  /** `limit` of them were within the last `periodMs`. */
  full(nowMs: number, periodMs: number): boolean {
    return this.times.length === this.limit && nowMs - this.times[this.oldest]! < periodMs;
  }

  /** None was within the last `periodMs`. */
  quiet(nowMs: number, periodMs: number): boolean {
    return nowMs - this.newest >= periodMs;
  }

  add(nowMs: number): void {
    this.newest = nowMs;
    if (this.times.length < this.limit) {
      this.times.push(nowMs);
      return;
    }
    this.times[this.oldest] = nowMs;
    this.oldest = (this.oldest + 1) % this.limit;
  }
}
