import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogOrdinals } from './log-ordinals.js';

describe('ordinals and positions', () => {
  it('are equal as long as the log keeps what it had', () => {
    const ordinals = new LogOrdinals();
    expect([0, 7, 1e12].map((ordinal) => ordinals.positionOf(ordinal))).toEqual([0, 7, 1e12]);
    ordinals.place(500, 500);
    expect(ordinals.positionOf(499)).toBe(499);
    expect(ordinals.ordinalOf(501)).toBe(501);
  });

  it('part where the log lost its end: what was lost has the position at which the log goes on', () => {
    const ordinals = new LogOrdinals();
    ordinals.place(100, 90);
    expect([89, 90, 95, 100, 110].map((ordinal) => ordinals.positionOf(ordinal))).toEqual([89, 90, 90, 90, 100]);
    expect([89, 90, 95].map((position) => ordinals.ordinalOf(position))).toEqual([89, 100, 105]);
  });

  it('part where somebody else wrote: those positions belong to the next ordinal of ours', () => {
    const ordinals = new LogOrdinals();
    ordinals.place(100, 130);
    expect([99, 100].map((ordinal) => ordinals.positionOf(ordinal))).toEqual([99, 130]);
    expect([99, 100, 129, 130, 131].map((position) => ordinals.ordinalOf(position))).toEqual([99, 100, 100, 100, 101]);
  });

  it('begin anew with a log that comes back empty', () => {
    const ordinals = new LogOrdinals();
    ordinals.place(100, 0);
    expect([50, 100, 103].map((ordinal) => ordinals.positionOf(ordinal))).toEqual([0, 0, 3]);
    expect([0, 3].map((position) => ordinals.ordinalOf(position))).toEqual([100, 103]);
  });

  it('never go back, however often the log loses its end', () => {
    const places = fc.array(fc.tuple(fc.nat(60), fc.nat(100)), { maxLength: 60 });
    fc.assert(
      fc.property(places, (steps) => {
        const ordinals = new LogOrdinals();
        let ordinal = 0;
        for (const [step, position] of steps) {
          ordinal += step;
          ordinals.place(ordinal, position);
          expect(ordinals.positionOf(ordinal)).toBe(position);
          expect(ordinals.positionOf(ordinal + 5)).toBe(position + 5);
          expect(ordinals.ordinalOf(position + 5)).toBe(ordinal + 5);
          const known = Array.from({ length: 200 }, (_, at) => at);
          for (const numbers of [
            known.map((at) => ordinals.positionOf(at)),
            known.map((at) => ordinals.ordinalOf(at)),
          ]) {
            expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
