import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentRuns } from './sent-runs.js';

/** The same said simply: the position each APDU carried. */
class NaiveRuns {
  private readonly positions: (number | undefined)[] = [];
  acknowledged = -1;

  add(end: number, position: number | undefined): void {
    const count = end - this.positions.length;
    for (let i = 0; i < count; i++) this.positions.push(position === undefined ? undefined : position - count + i);
  }

  advance(count: number): boolean {
    const before = this.acknowledged;
    for (const position of this.positions.slice(0, count)) {
      if (position !== undefined) this.acknowledged = Math.max(this.acknowledged, position + 1);
    }
    return this.acknowledged > before;
  }
}

describe('what a master has acknowledged, as positions', () => {
  it('is nothing before it acknowledged anything with a position', () => {
    const runs = new SentRuns();
    runs.addWithoutPosition(1);
    expect(runs.acknowledged).toBe(-1);
    expect(runs.advance(1)).toBe(false);
    expect(runs.acknowledged).toBe(-1);
  });

  it('can end within a run, and passes those without a position', () => {
    const runs = new SentRuns();
    runs.add(4, 104);
    runs.addWithoutPosition(5);
    runs.add(8, 203);
    expect(runs.advance(1)).toBe(true);
    expect(runs.acknowledged).toBe(101);
    expect(runs.advance(1)).toBe(false);
    expect(runs.advance(4)).toBe(true);
    expect(runs.acknowledged).toBe(104);
    expect(runs.advance(5)).toBe(false);
    expect(runs.advance(7)).toBe(true);
    expect(runs.acknowledged).toBe(202);
    expect(runs.advance(8)).toBe(true);
    expect(runs.acknowledged).toBe(203);
  });

  it('does not go back when positions are sent again', () => {
    const runs = new SentRuns();
    runs.add(3, 13);
    runs.advance(3);
    runs.add(6, 12);
    expect(runs.advance(6)).toBe(false);
    expect(runs.acknowledged).toBe(13);
  });

  it('costs no memory with a master that never catches up', () => {
    const runs = new SentRuns();
    for (let i = 1; i <= 10_000; i++) {
      runs.add(i, i);
      if (i > 10) runs.advance(i - 10);
    }
    expect(runs.acknowledged).toBe(9_990);
    expect((runs as unknown as { ends: number[] }).ends.length).toBeLessThan(200);
  });

  it('is what the naive book-keeping says', () => {
    const step = fc.oneof(
      fc.record({
        what: fc.constant('send' as const),
        count: fc.integer({ min: 1, max: 12 }),
        gap: fc.nat(5),
        positioned: fc.boolean(),
      }),
      fc.record({ what: fc.constant('acknowledge' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ what: fc.constant('again' as const), back: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const runs = new SentRuns();
        const naive = new NaiveRuns();
        let sent = 0;
        let acknowledged = 0;
        let position = 50;
        for (const each of steps) {
          if (each.what === 'send') {
            sent += each.count;
            if (each.positioned) {
              position += each.gap + each.count;
              runs.add(sent, position);
              naive.add(sent, position);
            } else {
              runs.addWithoutPosition(sent);
              naive.add(sent, undefined);
            }
          } else if (each.what === 'again') position = Math.max(0, position - each.back);
          else {
            acknowledged += Math.round((sent - acknowledged) * each.share);
            expect(runs.advance(acknowledged)).toBe(naive.advance(acknowledged));
            expect(runs.acknowledged).toBe(naive.acknowledged);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
