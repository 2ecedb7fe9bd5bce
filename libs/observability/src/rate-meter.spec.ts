import { describe, expect, it } from 'vitest';
import { RateMeter } from './rate-meter.js';

describe('RateMeter', () => {
  it('knows no rate from one look', () => {
    const meter = new RateMeter();
    expect(meter.update(1000, 5)).toBeUndefined();
    expect(meter.perSecond).toBeUndefined();
    expect(meter.update(1000, 5)).toBeUndefined();
  });

  it('tells the mean over the window, not since the start', () => {
    const meter = new RateMeter(10_000);
    let total = 0;
    let now = 0;
    for (; now <= 60_000; now += 1000, total += 500) meter.update(total, now);
    expect(meter.perSecond).toBeCloseTo(500);
    for (; now <= 72_000; now += 1000) meter.update(total, now);
    expect(meter.perSecond).toBe(0);
  });

  it('is not disturbed by several readers asking at once', () => {
    const meter = new RateMeter(10_000);
    meter.update(0, 0);
    for (let now = 1; now <= 1000; now++) meter.update(now * 2, now);
    expect(meter.perSecond).toBeCloseTo(2000);
    expect(meter.update(2000, 1000)).toBeCloseTo(2000);
  });

  it('asked more seldom than its window, tells the rate since it was last asked', () => {
    const meter = new RateMeter(10_000);
    meter.update(0, 0);
    expect(meter.update(6000, 60_000)).toBeCloseTo(100);
    expect(meter.update(12_000, 120_000)).toBeCloseTo(100);
    expect(meter.update(12_000, 180_000)).toBe(0);
  });

  it('begins anew when the counter was restarted, and never goes negative', () => {
    const meter = new RateMeter(10_000);
    meter.update(5000, 0);
    meter.update(6000, 1000);
    expect(meter.update(10, 2000)).toBeUndefined();
    expect(meter.update(110, 3000)).toBeCloseTo(100);
  });

  it('does not divide by a clock that stands still', () => {
    const meter = new RateMeter();
    meter.update(0, 7);
    expect(meter.update(100, 7)).toBeUndefined();
  });
});
