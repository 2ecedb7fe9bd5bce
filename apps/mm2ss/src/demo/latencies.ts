/** Each bucket is 2 % wider than the one before, from a microsecond to above a minute. */
const GROWTH = 1.02;
const SMALLEST_MS = 0.001;
const BUCKETS = 1000;

/** Counts durations so that percentiles cost nothing while measuring and are exact to 2 %. */
export class Latencies {
  count = 0;
  private readonly buckets = new Uint32Array(BUCKETS);

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / Math.log(GROWTH));
    const at = Math.min(bucket, BUCKETS - 1);
    this.buckets[at] = (this.buckets[at] ?? 0) + 1;
    this.count++;
  }

  /** The duration that this share (0..1) of all stayed below or at, in milliseconds; undefined when there are none. */
  percentile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    let left = Math.ceil(this.count * share);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.buckets[bucket] ?? 0;
      if (left <= 0) return SMALLEST_MS * GROWTH ** bucket;
    }
    return undefined;
  }

  clear(): void {
    this.count = 0;
    this.buckets.fill(0);
  }
}
