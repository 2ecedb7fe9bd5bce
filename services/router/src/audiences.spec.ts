import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Audiences } from './audiences.js';
import type { Participant } from './command-context.js';

const to = (...sessions: number[]): Participant[] => sessions.map((session) => ({ session, ownOa: session * 10 }));
const at = (audiences: Audiences, position: number): number[] | undefined =>
  audiences.at(position)?.map(({ session }) => session);

describe('who got what', () => {
  it('is found by position, and ranges with the same audience are one', () => {
    const audiences = new Audiences();
    for (const position of [4, 5, 9]) audiences.add(position, to(1, 2), 0);
    audiences.add(10, to(1), 0);
    expect(audiences.size).toBe(2);
    expect([3, 4, 9, 10, 11].map((position) => at(audiences, position))).toEqual([
      undefined,
      [1, 2],
      [1, 2],
      [1],
      undefined,
    ]);
  });

  it('is not what lies between that was for nobody', () => {
    const audiences = new Audiences();
    audiences.add(4, to(1), 0);
    audiences.skip();
    audiences.add(6, to(1), 0);
    expect([4, 5, 6].map((position) => at(audiences, position))).toEqual([[1], undefined, [1]]);
  });

  it('is another one when a master uses another OA', () => {
    const audiences = new Audiences();
    audiences.add(4, [{ session: 1, ownOa: 5 }], 0);
    audiences.add(5, [{ session: 1, ownOa: 6 }], 0);
    expect(audiences.at(4)).toEqual([{ session: 1, ownOa: 5 }]);
    expect(audiences.at(5)).toEqual([{ session: 1, ownOa: 6 }]);
  });

  it('is kept as it was, whatever becomes of the list', () => {
    const audiences = new Audiences();
    const participants = to(1);
    audiences.add(4, participants, 0);
    participants.pop();
    expect(at(audiences, 4)).toEqual([1]);
  });

  it('is bounded: the oldest range has to go, and says so', () => {
    const audiences = new Audiences(2);
    expect(audiences.add(1, to(1), 0)).toBeUndefined();
    expect(audiences.add(2, to(2), 0)).toBeUndefined();
    expect(audiences.add(3, to(3), 0)).toMatchObject({ first: 1, end: 2 });
    expect(audiences.size).toBe(2);
    expect(at(audiences, 1)).toBeUndefined();
  });

  it('is forgotten when nobody needs it', () => {
    const audiences = new Audiences();
    for (const session of [1, 2, 3]) audiences.add(session, to(session), 0);
    audiences.prune(({ end }) => end > 3);
    expect([1, 2, 3].map((position) => at(audiences, position))).toEqual([undefined, undefined, [3]]);
  });

  it('ends where the log goes on', () => {
    const audiences = new Audiences();
    audiences.add(4, to(1), 0);
    audiences.add(9, to(1), 0);
    audiences.add(10, to(2), 0);
    audiences.cut(7);
    expect([4, 6, 7, 9, 10].map((position) => at(audiences, position))).toEqual([
      [1],
      [1],
      undefined,
      undefined,
      undefined,
    ]);
    audiences.add(7, to(1), 0);
    expect(at(audiences, 7)).toEqual([1]);
  });

  it('is what a list of positions would say', () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('add' as const), who: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ what: fc.constant('skip' as const) }),
      fc.record({ what: fc.constant('cut' as const), back: fc.nat(8) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const audiences = new Audiences();
        const naive = new Map<number, number>();
        let next = 0;
        for (const each of steps) {
          if (each.what === 'cut') {
            next = Math.max(0, next - each.back);
            audiences.cut(next);
            for (const position of [...naive.keys()]) if (position >= next) naive.delete(position);
            continue;
          }
          if (each.what === 'skip') audiences.skip();
          else {
            audiences.add(next, to(each.who), 0);
            naive.set(next, each.who);
          }
          next++;
        }
        for (let position = 0; position < next; position++) {
          const who = naive.get(position);
          expect(at(audiences, position)).toEqual(who === undefined ? undefined : [who]);
        }
      }),
    );
  });
});
