import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfirmedMark } from './confirmed-mark.js';

/** The same said simply: one entry per position. */
class NaiveMark {
  private readonly kinds = new Map<number, 'event' | 'other'>();
  private acknowledgedTo: number;
  private end: number;
  confirmed: number;

  constructor(start: number) {
    this.confirmed = start;
    this.end = start;
    this.acknowledgedTo = start;
  }

  add(end: number, kind: 'event' | 'other'): void {
    for (; this.end < end; this.end++) this.kinds.set(this.end, kind);
    this.advance();
  }

  acknowledged(position: number): void {
    this.acknowledgedTo = Math.max(this.acknowledgedTo, position);
    this.advance();
  }

  cut(position: number): void {
    this.confirmed = Math.min(this.confirmed, position);
    this.acknowledgedTo = Math.min(this.acknowledgedTo, position);
    this.end = Math.min(this.end, position);
    for (const each of [...this.kinds.keys()]) if (each >= position) this.kinds.delete(each);
  }

  private advance(): void {
    for (;;) {
      const kind = this.kinds.get(this.confirmed);
      const safe = kind === 'other' || (kind === 'event' && this.acknowledgedTo > this.confirmed);
      if (!safe) return;
      this.confirmed++;
    }
  }
}

describe('the mark of what is safe', () => {
  it('follows the acknowledgements of events', () => {
    const mark = new ConfirmedMark(100);
    expect(mark.addEvents(110)).toBe(false);
    expect(mark.confirmed).toBe(100);
    expect(mark.acknowledged(104)).toBe(true);
    expect(mark.confirmed).toBe(104);
    expect(mark.acknowledged(103)).toBe(false);
    expect(mark.acknowledged(110)).toBe(true);
    expect(mark.confirmed).toBe(110);
  });

  it('takes the best of several masters', () => {
    const mark = new ConfirmedMark(0);
    mark.addEvents(10);
    mark.acknowledged(3);
    mark.acknowledged(8);
    mark.acknowledged(5);
    expect(mark.confirmed).toBe(8);
  });

  it('does not wait for answers, but does not pass an event because of one behind it', () => {
    const mark = new ConfirmedMark(0);
    expect(mark.addOthers(1)).toBe(true);
    expect(mark.confirmed).toBe(1);
    mark.addEvents(3);
    expect(mark.addOthers(5)).toBe(false);
    expect(mark.confirmed).toBe(1);
    mark.acknowledged(2);
    expect(mark.confirmed).toBe(2);
    mark.acknowledged(3);
    expect(mark.confirmed).toBe(5);
  });

  it('takes events that were acknowledged to an earlier owner as soon as they are routed', () => {
    const mark = new ConfirmedMark(0);
    expect(mark.acknowledged(7)).toBe(false);
    expect(mark.addEvents(5)).toBe(true);
    expect(mark.confirmed).toBe(5);
    expect(mark.addEvents(9)).toBe(true);
    expect(mark.confirmed).toBe(7);
  });

  it('goes back when the log does, and begins there', () => {
    const mark = new ConfirmedMark(0);
    mark.addEvents(5);
    mark.addOthers(7);
    mark.addEvents(10);
    mark.acknowledged(9);
    mark.cut(6);
    expect(mark.confirmed).toBe(6);
    expect(mark.addEvents(9)).toBe(false);
    expect(mark.acknowledged(8)).toBe(true);
    expect(mark.confirmed).toBe(8);
  });

  it('does not take what is routed once more for new', () => {
    const mark = new ConfirmedMark(10);
    expect(mark.addEvents(4)).toBe(false);
    expect(mark.addOthers(8)).toBe(false);
    mark.addEvents(12);
    mark.acknowledged(11);
    expect(mark.confirmed).toBe(11);
  });

  it('keeps its queue short', () => {
    const mark = new ConfirmedMark(0);
    const segments = (): number => (mark as unknown as { segments: unknown[] }).segments.length;
    for (let i = 0; i < 100_000; i++) mark.addEvents(i + 1);
    expect(segments()).toBe(1);
    for (let i = 100_000; i < 110_000; i += 2) {
      mark.addEvents(i + 1);
      mark.addOthers(i + 2);
      mark.acknowledged(i - 10);
    }
    expect(segments()).toBeLessThan(2_100);
  });

  it('is where the naive mark is, goes back only when the log does, and says exactly when it moved', () => {
    const size = fc.integer({ min: 1, max: 9 });
    const step = fc.oneof(
      fc.record({ what: fc.constant('events' as const), size }),
      fc.record({ what: fc.constant('others' as const), size }),
      fc.record({ what: fc.constant('acknowledged' as const), at: fc.nat(60) }),
      fc.record({ what: fc.constant('cut' as const), back: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.nat(1_000), fc.array(step, { maxLength: 80 }), (start, steps) => {
        const mark = new ConfirmedMark(start);
        const naive = new NaiveMark(start);
        let end = start;
        for (const each of steps) {
          const before = mark.confirmed;
          let moved: boolean;
          switch (each.what) {
            case 'events':
              end += each.size;
              moved = mark.addEvents(end);
              naive.add(end, 'event');
              break;
            case 'others':
              end += each.size;
              moved = mark.addOthers(end);
              naive.add(end, 'other');
              break;
            case 'acknowledged': {
              // A master cannot acknowledge what was not routed, but an earlier owner may have been ahead.
              const position = Math.max(start, end - 40 + each.at);
              moved = mark.acknowledged(position);
              naive.acknowledged(position);
              break;
            }
            case 'cut':
              end = Math.max(start, end - each.back);
              mark.cut(end);
              naive.cut(end);
              expect(mark.confirmed).toBe(Math.min(before, end));
              continue;
          }
          expect(mark.confirmed).toBe(naive.confirmed);
          expect(moved).toBe(mark.confirmed > before);
          expect(mark.confirmed).toBeGreaterThanOrEqual(before);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
