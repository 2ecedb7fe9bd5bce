import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentRuns } from './sent-runs.js';

const GENERATION = 7;

/** The same said simply: the position each APDU carried, and its generation. */
class NaiveRuns {
  private readonly sent: ({ readonly position: number; readonly generation: number } | undefined)[] = [];
  private seen = 0;
  acknowledged = -1;
  generation = 0;

  add(end: number, position: number | undefined, generation: number): void {
    const count = end - this.sent.length;
    for (let i = 0; i < count; i++) {
      this.sent.push(position === undefined ? undefined : { position: position - count + i, generation });
    }
  }

  advance(count: number): boolean {
    const before = `${this.generation} ${this.acknowledged}`;
    for (const each of this.sent.slice(this.seen, count)) {
      if (each === undefined) continue;
      if (each.generation !== this.generation) this.acknowledged = -1;
      this.generation = each.generation;
      this.acknowledged = Math.max(this.acknowledged, each.position + 1);
    }
    this.seen = count;
    return `${this.generation} ${this.acknowledged}` !== before;
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
    runs.add(4, 104, GENERATION);
    runs.addWithoutPosition(5);
    runs.add(8, 203, GENERATION);
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

  it('takes no room for what follows what was sent before', () => {
    const runs = new SentRuns();
    const room = (): number[] =>
      Object.values(runs).flatMap((value: unknown) => (Array.isArray(value) ? [value.length] : []));
    for (let sent = 1; sent <= 10_000; sent++) {
      runs.add(sent, 100 + sent, GENERATION);
      if (sent > 12) runs.advance(sent - 12);
    }
    expect(runs.acknowledged).toBe(100 + 10_000 - 12);
    expect(room()).toEqual([1, 1, 1]);
    for (let sent = 1; sent <= 10_000; sent++) runs.add(10_000 + sent, 2 * sent, GENERATION);
    runs.advance(20_000);
    expect(room()).toEqual([0, 0, 0]);
  });

  it('does not go back when positions are sent again', () => {
    const runs = new SentRuns();
    runs.add(3, 13, GENERATION);
    runs.advance(3);
    runs.add(6, 12, GENERATION);
    expect(runs.advance(6)).toBe(false);
    expect(runs.acknowledged).toBe(13);
  });

  it('is reported with its generation: the newest one acknowledged, whatever its number', () => {
    const runs = new SentRuns();
    runs.add(3, 103, 1);
    runs.add(5, 102, 2);
    runs.add(6, 50, 2);
    expect(runs.advance(2)).toBe(true);
    expect([runs.generation, runs.acknowledged]).toEqual([1, 102]);
    expect(runs.advance(4)).toBe(true);
    expect([runs.generation, runs.acknowledged]).toEqual([2, 101]);
    expect(runs.advance(5)).toBe(true);
    expect(runs.advance(6), 'sent again').toBe(false);
    expect([runs.generation, runs.acknowledged]).toEqual([2, 102]);
  });

  it('costs no memory with a master that never catches up', () => {
    const runs = new SentRuns();
    for (let i = 1; i <= 10_000; i++) {
      runs.add(i, i, GENERATION);
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
      fc.record({ what: fc.constant('generation' as const), back: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const runs = new SentRuns();
        const naive = new NaiveRuns();
        let sent = 0;
        let acknowledged = 0;
        let position = 50;
        let generation = 1;
        for (const each of steps) {
          if (each.what === 'send') {
            sent += each.count;
            if (each.positioned) {
              position += each.gap + each.count;
              runs.add(sent, position, generation);
              naive.add(sent, position, generation);
            } else {
              runs.addWithoutPosition(sent);
              naive.add(sent, undefined, 0);
            }
          } else if (each.what !== 'acknowledge') {
            position = Math.max(0, position - each.back);
            if (each.what === 'generation') generation++;
          } else {
            acknowledged += Math.round((sent - acknowledged) * each.share);
            expect(runs.advance(acknowledged)).toBe(naive.advance(acknowledged));
            expect([runs.generation, runs.acknowledged]).toEqual([naive.generation, naive.acknowledged]);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
