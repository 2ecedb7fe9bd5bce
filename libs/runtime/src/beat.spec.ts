import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Beat } from './beat.js';

describe('a beat', () => {
  it('comes once a period, never later than that, at the same moment of it', () => {
    const name = fc.string();
    const start = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(name, fc.integer({ min: 10, max: 60_000 }), start, (of, periodMs, now) => {
        const beat = new Beat(periodMs, of);
        const first = beat.after(now);
        expect(first - now).toBeGreaterThan(0);
        expect(first - now).toBeLessThanOrEqual(periodMs);
        // A wake-up that is late moves none of the later ones.
        const second = beat.after(first + periodMs / 3);
        expect(second - first).toBeGreaterThan(periodMs * 0.99);
        expect(second - first).toBeLessThan(periodMs * 1.01);
      }),
    );
  });

  it.each([
    ['numbers', (i: number) => String(i + 1)],
    ['names', (i: number) => `STATION-${i}`],
  ])('of hundreds with %s is spread over the period', (_what, nameOf) => {
    const counts = new Array<number>(20).fill(0);
    for (let i = 0; i < 200; i++) counts[Math.floor((new Beat(2_000, nameOf(i)).after(0) - 1) / 100)]! += 1;
    expect(Math.max(...counts)).toBeLessThanOrEqual(25);
  });
});
