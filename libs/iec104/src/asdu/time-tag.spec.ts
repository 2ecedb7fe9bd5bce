import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Iec104Error } from '../errors.js';
import {
  cp24ToEpochMs,
  cp24ToText,
  cp56ToEpochMs,
  cp56ToIso,
  decodeCp16,
  decodeCp24,
  decodeCp56,
  encodeCp16,
  encodeCp24,
  encodeCp56,
  epochMsToCp24,
  epochMsToCp56,
} from './index.js';

const FIRST_MS = Date.UTC(2000, 0, 1);
const LAST_MS = Date.UTC(2099, 11, 31, 23, 59, 59, 999);

describe('CP56Time2a', () => {
  it('comes from epoch milliseconds and goes back', () => {
    // 2026-11-05 is a Thursday.
    const epochMs = Date.UTC(2026, 10, 5, 10, 11, 12, 345);
    const time = epochMsToCp56(epochMs);
    expect(time).toEqual({
      year: 26,
      month: 11,
      day: 5,
      dayOfWeek: 4,
      hour: 10,
      minute: 11,
      milliseconds: 12345,
      iv: false,
      su: false,
      substituted: false,
    });
    expect(cp56ToEpochMs(time)).toBe(epochMs);
    expect(cp56ToIso(time)).toBe('2026-11-05T10:11:12.345');
    expect(cp56ToIso(time, { utcOffsetMinutes: 0 })).toBe('2026-11-05T10:11:12.345Z');
  });

  it('counts an offset and summer time', () => {
    const epochMs = Date.UTC(2026, 6, 1, 22, 30);
    const summer = epochMsToCp56(epochMs, { utcOffsetMinutes: 60, su: true });
    expect(summer).toMatchObject({ day: 2, hour: 0, minute: 30, su: true });
    expect(cp56ToEpochMs(summer, { utcOffsetMinutes: 60 })).toBe(epochMs);
    expect(cp56ToIso(summer, { utcOffsetMinutes: 60 })).toBe('2026-07-02T00:30:00.000+02:00');
    expect(cp56ToIso(epochMsToCp56(epochMs, { utcOffsetMinutes: -210 }), { utcOffsetMinutes: -210 })).toBe(
      '2026-07-01T19:00:00.000-03:30',
    );
  });

  it('gives Sunday seven', () => {
    expect(epochMsToCp56(Date.UTC(2026, 10, 8)).dayOfWeek).toBe(7);
  });

  it.each([
    { month: 0 },
    { month: 13 },
    { day: 0 },
    { month: 2, day: 29 },
    { hour: 24 },
    { minute: 60 },
    { milliseconds: 60000 },
    { year: 100 },
  ])('is no instant with %o', (change) => {
    const time = { ...epochMsToCp56(Date.UTC(2026, 10, 5)), ...change };
    expect(cp56ToEpochMs(time)).toBeUndefined();
    expect(cp56ToIso(time)).toBeUndefined();
  });

  it('knows the leap day', () => {
    const time = { ...epochMsToCp56(Date.UTC(2028, 1, 28)), day: 29 };
    expect(cp56ToEpochMs(time)).toBe(Date.UTC(2028, 1, 29));
  });

  it('goes through its octets and back, for all instants and zones', () => {
    const zones = fc.record({ utcOffsetMinutes: fc.integer({ min: -720, max: 840 }), su: fc.boolean() });
    const dayMs = 86_400_000;
    fc.assert(
      fc.property(fc.integer({ min: FIRST_MS + dayMs, max: LAST_MS - dayMs }), zones, (epochMs, zone) => {
        const octets = new Uint8Array(9);
        encodeCp56(epochMsToCp56(epochMs, zone), octets, 1);
        expect(cp56ToEpochMs(decodeCp56(octets, 1), zone)).toBe(epochMs);
        expect(Date.parse(cp56ToIso(decodeCp56(octets, 1), zone) ?? '')).toBe(epochMs);
      }),
    );
  });

  it('keeps all 56 bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 7 }), (octets) => {
        const again = new Uint8Array(7);
        encodeCp56(decodeCp56(octets), again);
        expect(again).toEqual(octets);
      }),
    );
  });

  it.each([FIRST_MS - 1, LAST_MS + 1, NaN, Infinity, 0.5])('refuses epoch ms %s', (epochMs) => {
    expect(() => epochMsToCp56(epochMs)).toThrow(Iec104Error);
  });
});

describe('CP24Time2a and CP16Time2a', () => {
  it('keep all their bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3, maxLength: 3 }), (octets) => {
        const again = new Uint8Array(3);
        encodeCp24(decodeCp24(octets), again);
        expect(again).toEqual(octets);
        again.fill(0);
        encodeCp16(decodeCp16(octets, 1), again, 1);
        expect(again.subarray(1)).toEqual(octets.subarray(1));
      }),
    );
  });

  it('take the hour that is nearest to the receive time', () => {
    const time = epochMsToCp24(Date.UTC(2026, 10, 5, 9, 59, 59, 900));
    expect(cp24ToText(time)).toBe('--:59:59.900');
    expect(cp24ToEpochMs(time, Date.UTC(2026, 10, 5, 10, 0, 0, 100))).toBe(Date.UTC(2026, 10, 5, 9, 59, 59, 900));
    expect(cp24ToEpochMs({ ...time, minute: 60 }, 0)).toBeUndefined();
    expect(cp24ToEpochMs({ ...time, milliseconds: 60000 }, 0)).toBeUndefined();
  });
});

describe('time tags at the end of a buffer', () => {
  it('are refused with the library’s error', () => {
    const octets = new Uint8Array(6);
    const time = epochMsToCp56(FIRST_MS);
    const actions = [
      () => decodeCp56(octets),
      () => decodeCp24(octets, 4),
      () => decodeCp16(octets, 5),
      () => decodeCp16(octets, -1),
      () => encodeCp56(time, octets),
      () => encodeCp24(time, octets, 4),
      () => encodeCp16(1, octets, 5),
    ];
    for (const action of actions) expect(action).toThrow(expect.objectContaining({ code: 'ASDU_TOO_SHORT' }));
  });
});
