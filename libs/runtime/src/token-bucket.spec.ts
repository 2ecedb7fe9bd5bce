import { describe, expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.js';

describe('a bucket of tokens', () => {
  it('gives its burst at once and then so many a second', () => {
    const bucket = new TokenBucket(50, 100, 0);
    expect([bucket.take(150, 0), bucket.take(1, 0), bucket.waitMs(0)]).toEqual([100, 0, 20]);
    expect([bucket.take(9, 100), bucket.take(9, 200), bucket.take(9, 200)]).toEqual([5, 5, 0]);
  });

  it('never holds more than its burst, however long nothing is taken, and gives nothing for time that runs backwards', () => {
    const bucket = new TokenBucket(50, 100, 1_000);
    expect(bucket.take(1_000, 1_000_000)).toBe(100);
    expect(bucket.take(1, 0)).toBe(0);
    expect(bucket.isFull(1_001_999)).toBe(false);
    expect(bucket.isFull(1_002_000)).toBe(true);
  });

  it('takes other terms: no more than the new burst is left', () => {
    const bucket = new TokenBucket(50, 100, 0);
    bucket.change(1, 10, 0);
    expect([bucket.take(100, 0), bucket.take(100, 3_000)]).toEqual([10, 3]);
  });
});
