import { TokenBucket } from './token-bucket.js';

/** A token bucket for each of many, such as the sources of connections. The one that was asked for longest ago is forgotten first. */
export class TokenBuckets {
  private readonly buckets = new Map<string, TokenBucket>();

  /** @param max how many are remembered */
  constructor(private readonly max: number) {}

  /** How many are remembered. */
  get size(): number {
    return this.buckets.size;
  }

  /** The one of `key`; a new one is full. */
  of(key: string, perSecond: number, burst: number, now: number): TokenBucket {
    const bucket = this.buckets.get(key) ?? new TokenBucket(perSecond, burst, now);
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > this.max) this.buckets.delete(this.buckets.keys().next().value as string);
    return bucket;
  }

  forget(key: string): void {
    this.buckets.delete(key);
  }
}
