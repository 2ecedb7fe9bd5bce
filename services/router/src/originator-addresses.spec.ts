import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SENT_REMEMBERED_MS as OA_REST_MS } from '@iec104mm2ss/wire';
import { OriginatorAddresses } from './originator-addresses.js';

describe('originator addresses', () => {
  it('are 1..255, each given once, and then none is left', () => {
    const addresses = new OriginatorAddresses();
    const given = Array.from({ length: 255 }, (_, session) => addresses.allocate(session + 1, 0));
    expect([...given].sort((a, b) => (a as number) - (b as number))).toEqual(
      Array.from({ length: 255 }, (_, i) => i + 1),
    );
    expect(addresses.allocate(1_000, 1e12)).toBeUndefined();
    expect(addresses.holder(given[7] as number)).toBe(8);
  });

  it('rest before they are given again', () => {
    const addresses = new OriginatorAddresses();
    for (let session = 1; session <= 255; session++) addresses.allocate(session, 0);
    addresses.release(17, 1_000);
    addresses.release(18, 0, false);
    expect(addresses.holder(17)).toBeUndefined();
    expect(addresses.allocate(300, 1_000)).toBe(18);
    expect(addresses.allocate(300, 1_000 + OA_REST_MS)).toBe(17);
    expect(addresses.holder(17)).toBe(300);
  });

  it('that rested longest come first', () => {
    const addresses = new OriginatorAddresses();
    for (let session = 1; session <= 255; session++) addresses.allocate(session, 0);
    for (const [index, oa] of [40, 3, 200].entries()) addresses.release(oa, index);
    const later = OA_REST_MS * 2;
    expect([1, 2, 3].map((n) => addresses.allocate(300 + n, later))).toEqual([40, 3, 200]);
  });

  it('are not given again while fresh ones are left', () => {
    const addresses = new OriginatorAddresses();
    const seen = new Set<number>();
    for (let i = 0; i < 255; i++) {
      const oa = addresses.allocate(i, i * OA_REST_MS * 10) as number;
      expect(seen.has(oa)).toBe(false);
      seen.add(oa);
      addresses.release(oa, i * OA_REST_MS * 10);
    }
  });

  it('can be claimed for a session known from an earlier owner', () => {
    const addresses = new OriginatorAddresses();
    expect(addresses.claim(9, 70)).toBe(true);
    expect(addresses.claim(9, 70)).toBe(true);
    expect(addresses.claim(9, 71)).toBe(false);
    expect(addresses.holder(9)).toBe(70);
    const given = Array.from({ length: 254 }, (_, i) => addresses.allocate(i, 0));
    expect(given).not.toContain(9);
    expect(addresses.allocate(1_000, 0)).toBeUndefined();
  });

  it('that nothing was asked with may be given out again at once: who only connects uses none up', () => {
    const addresses = new OriginatorAddresses();
    for (let session = 1; session <= 1_000; session++) {
      addresses.release(addresses.allocate(session, session) as number, session, false);
    }
    const used = addresses.allocate(1_001, 2_000) as number;
    addresses.release(used, 2_000, true);
    const others = Array.from({ length: 254 }, (_, session) => addresses.allocate(session, 2_000));
    expect(others).not.toContain(undefined);
    expect(others).not.toContain(used);
  });

  it('may be released twice and without having been given', () => {
    const addresses = new OriginatorAddresses();
    addresses.release(5, 10);
    const given = Array.from({ length: 255 }, (_, i) => addresses.allocate(i, 10));
    expect(new Set(given).size).toBe(255);
    addresses.release(5, 20);
    addresses.release(5, 30);
    expect(addresses.allocate(1, 20 + OA_REST_MS)).toBe(5);
    expect(addresses.allocate(2, 1e12)).toBeUndefined();
  });

  it('that still rest are given out rather than none, when nothing under way can be answered with them', () => {
    const addresses = new OriginatorAddresses();
    for (let session = 1; session <= 255; session++) addresses.allocate(session, 0);
    for (const [index, oa] of [40, 3, 200].entries()) addresses.release(oa, 1_000 + index);
    const now = 1_000 + OA_REST_MS - 100;
    expect(addresses.allocate(301, now, (oa) => oa === 40)).toBe(3);
    expect(addresses.allocate(302, now, () => false)).toBe(40);
    // One that has rested long enough comes before those that have not.
    addresses.release(7, 0);
    expect(addresses.allocate(303, now, () => false)).toBe(7);
  });

  it('that may be answered with are given out rather than none, the one that rested longest first', () => {
    const addresses = new OriginatorAddresses();
    for (let session = 1; session <= 255; session++) addresses.allocate(session, 0);
    for (const [index, oa] of [40, 3, 200].entries()) addresses.release(oa, index);
    expect([301, 302, 303].map((session) => addresses.allocate(session, 10, () => true))).toEqual([40, 3, 200]);
    expect(
      addresses.allocate(304, 10, () => true),
      'all are in use',
    ).toBeUndefined();
  });

  it('keep nobody out when a client connects, asks and leaves 37 times a second, and the RTU answers nothing', () => {
    const addresses = new OriginatorAddresses();
    const asked = new Map<number, number>();
    for (let session = 1; session <= 5_000; session++) {
      const now = session * 27;
      const oa = addresses.allocate(session, now, (each) => now - (asked.get(each) ?? -Infinity) < 30_000);
      expect(oa).toBeDefined();
      asked.set(oa as number, now);
      addresses.release(oa as number, now);
    }
    expect(addresses.allocate(9_999, 5_000 * 27, () => true)).toBeDefined();
  });

  it('given out while they rested and not used go on resting', () => {
    const addresses = new OriginatorAddresses();
    for (let session = 1; session <= 255; session++) addresses.allocate(session, 0);
    addresses.release(40, 1_000);
    addresses.allocate(300, 2_000, () => false);
    addresses.release(40, 3_000, false);
    addresses.release(41, 1_001);
    expect(addresses.allocate(301, 1_000 + OA_REST_MS)).toBe(40);
    expect(addresses.allocate(302, 1_000 + OA_REST_MS)).toBe(41);
  });

  it('of an earlier owner rest, unless somebody has them', () => {
    const addresses = new OriginatorAddresses();
    addresses.claim(9, 70);
    addresses.rest(9, 5_000);
    expect(addresses.holder(9)).toBe(70);
    addresses.rest(1, 5_000);
    addresses.rest(1, 4_000);
    const given = Array.from({ length: 253 }, (_, i) => addresses.allocate(i, 6_000));
    expect(given).not.toContain(1);
    expect(addresses.allocate(999, 5_000 + OA_REST_MS)).toBe(1);
  });

  it('go on resting, and stay with their sessions, under the next owner, however its clock differs', () => {
    const before = new OriginatorAddresses();
    before.release(before.allocate(1, 0) as number, 5_000);
    before.allocate(2, 0);
    const saved = before.saved(5_000 + 12_345);
    expect(saved).toEqual([
      { oa: 1, session: 0, restedMs: 10_000 },
      { oa: 2, session: 2, restedMs: 0 },
    ]);
    const after = new OriginatorAddresses();
    const start = 7_777_777;
    after.load(saved, start);
    expect(after.inUse()).toEqual([[2, 2]]);
    expect(after.claim(2, 2)).toBe(true);
    expect(after.claim(2, 3)).toBe(false);
    const given = Array.from({ length: 253 }, (_, i) => after.allocate(100 + i, start));
    expect(given).not.toContain(1);
    expect(given).not.toContain(undefined);
    const restedMs = ({ oa, restedMs: ms }: { oa: number; restedMs: number }) => (oa === 1 ? [ms] : []);
    expect(after.saved(start).flatMap(restedMs)).toEqual([10_000]);
    expect(after.allocate(999, start + OA_REST_MS - 10_000)).toBe(1);
  });

  it('are saved anew only when something changed, or every few seconds while they rest', () => {
    const addresses = new OriginatorAddresses();
    addresses.release(addresses.allocate(1, 0) as number, 0);
    expect(addresses.saved(1_000)).toEqual(addresses.saved(4_999));
    expect(addresses.saved(OA_REST_MS)).toEqual([]);
  });

  it('never belong to two sessions, nor come back too early while there are others', () => {
    const step = fc.record({
      take: fc.boolean(),
      pick: fc.nat(),
      ms: fc.oneof(fc.nat(1_000), fc.constant(OA_REST_MS / 2)),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 600 }), (steps) => {
        const addresses = new OriginatorAddresses();
        const held: number[] = [];
        const releasedAt = new Map<number, number>();
        let now = 0;
        let session = 0;
        for (const { take, pick, ms } of steps) {
          now += ms;
          if (take || held.length === 0) {
            const oa = addresses.allocate(++session, now);
            if (oa === undefined) continue;
            expect(held).not.toContain(oa);
            const since = releasedAt.get(oa) ?? -Infinity;
            const free = Array.from({ length: 255 }, (_, i) => i + 1).filter(
              (each) => each !== oa && !held.includes(each),
            );
            const isLongest = free.every((each) => (releasedAt.get(each) ?? -Infinity) >= since);
            expect(isLongest || now - since >= OA_REST_MS).toBe(true);
            expect(addresses.holder(oa)).toBe(session);
            held.push(oa);
          } else {
            const [oa] = held.splice(pick % held.length, 1) as [number];
            addresses.release(oa, now);
            releasedAt.set(oa, now);
          }
        }
      }),
    );
  });
});
