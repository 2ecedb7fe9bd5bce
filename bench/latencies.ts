/** Times collected as whole tenths of a microsecond, and their percentiles: exact, from all samples, no buckets. */
import { STAMPS_PER_US } from './clock.ts';

export interface Percentiles {
  count: number;
  p50Us: number;
  p99Us: number;
  p999Us: number;
  maxUs: number;
}

export class Latencies {
  private readonly samples: Uint32Array;
  private count = 0;

  constructor(capacity: number) {
    this.samples = new Uint32Array(capacity);
  }

  clear(): void {
    this.count = 0;
  }

  /** Beyond the capacity samples are not kept: no run of the bench comes near it. */
  add(tenthsOfUs: number): void {
    if (this.count < this.samples.length) this.samples[this.count++] = tenthsOfUs;
  }

  percentiles(): Percentiles {
    const sorted = this.samples.subarray(0, this.count).sort();
    const at = (share: number): number =>
      this.count === 0 ? NaN : sorted[Math.min(this.count - 1, Math.ceil(share * this.count) - 1)]! / STAMPS_PER_US;
    return { count: this.count, p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999), maxUs: at(1) };
  }
}
