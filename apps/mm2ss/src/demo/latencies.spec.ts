import { expect, it } from 'vitest';
import { Latencies } from './latencies.js';

it('knows percentiles to two percent', () => {
  const latencies = new Latencies();
  expect(latencies.percentile(0.5)).toBeUndefined();
  for (let ms = 1; ms <= 1000; ms++) latencies.add(ms / 10);
  for (const [share, expected] of [
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ] as const) {
    const value = latencies.percentile(share) ?? 0;
    expect(value / expected).toBeGreaterThan(0.98);
    expect(value / expected).toBeLessThan(1.03);
  }
  latencies.clear();
  expect(latencies.count).toBe(0);
});

it('takes any duration', () => {
  const latencies = new Latencies();
  for (const ms of [-1, 0, 1e9]) latencies.add(ms);
  expect(latencies.count).toBe(3);
  expect(latencies.percentile(0.1)).toBeCloseTo(0.001);
});
