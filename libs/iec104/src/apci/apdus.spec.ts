import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { iFormat } from './apci.js';
import { APDU_CAUSE_OFFSET, APDU_OA_OFFSET, APDU_TYPE_OFFSET, apduEnd, countApdus, forEachApdu } from './apdus.js';
import { ApduFramer } from './framer.js';

const asdus = fc.array(fc.uint8Array({ minLength: 6, maxLength: 249 }), { maxLength: 12 });

/** The ASDUs as APDUs back to back, with other octets before and behind. */
function inMemory(list: readonly Uint8Array[], before: number, behind: number): Uint8Array {
  const apdus = list.flatMap((asdu, index) => [...iFormat(index, 0, asdu)]);
  return Uint8Array.from([...new Uint8Array(before).fill(0x68), ...apdus, ...new Uint8Array(behind).fill(0x68)]);
}

describe('a walk over APDUs', () => {
  it('visits every APDU once, in order', () => {
    fc.assert(
      fc.property(asdus, fc.nat(9), fc.nat(9), (list, before, behind) => {
        const octets = inMemory(list, before, behind);
        const end = octets.length - behind;
        expect(countApdus(octets, before, end)).toBe(list.length);
        const seen: Uint8Array[] = [];
        let expected = before;
        forEachApdu(octets, before, end, (at, next, index) => {
          expect(at).toBe(expected);
          expect(next).toBe(apduEnd(octets, at));
          expect(index).toBe(seen.length);
          seen.push(octets.slice(at + 6, next));
          expected = next;
        });
        expect(seen).toEqual(list);
        expect(expected).toBe(end);
      }),
    );
  });

  it('finds the fields of an ASDU where they are', () => {
    // M_SP_NA_1 (1), one object, cause 3, OA 9, CA 1, IOA 5.
    const apdu = iFormat(0, 0, Uint8Array.of(1, 1, 3, 9, 1, 0, 5, 0, 0, 1));
    expect([apdu[APDU_TYPE_OFFSET], apdu[APDU_CAUSE_OFFSET], apdu[APDU_OA_OFFSET]]).toEqual([1, 3, 9]);
  });
});

describe('counting APDUs', () => {
  const apdu = [...iFormat(0, 0, new Uint8Array(6))];

  it.each([
    ['nothing', [], 0],
    ['one with the shortest ASDU', apdu, 1],
    ['two', [...apdu, ...apdu], 2],
    ['one with the longest ASDU', [...iFormat(0, 0, new Uint8Array(249))], 1],
    ['a wrong start octet', [0x69, ...apdu.slice(1)], -1],
    ['a second one with a wrong start octet', [...apdu, 0, ...apdu.slice(1)], -1],
    ['one that is cut off', apdu.slice(0, -1), -1],
    ['one that is too long for the rest', [0x68, 11, ...apdu.slice(2)], -1],
    ['a start octet alone', [...apdu, 0x68], -1],
    ['octets behind the last', [...apdu, 1, 2, 3], -1],
    ['an ASDU of five octets', [0x68, 9, 0, 0, 0, 0, 1, 2, 3, 4, 5], -1],
    ['no ASDU', [0x68, 4, 1, 0, 0, 0], -1],
    ['length 254', [0x68, 254, ...new Uint8Array(254)], -1],
    ['length 0', [0x68, 0, ...apdu], -1],
  ])('in %s', (_what, octets, count) => {
    expect(countApdus(Uint8Array.from(octets), 0, octets.length)).toBe(count);
  });

  it('does not look beyond what it may', () => {
    const octets = Uint8Array.from([...apdu, ...apdu]);
    expect(countApdus(octets, 0, apdu.length)).toBe(1);
    expect(countApdus(octets, apdu.length, octets.length)).toBe(1);
    expect(countApdus(octets, 0, octets.length + 1)).toBe(-1);
    expect(countApdus(octets, -1, apdu.length)).toBe(-1);
    expect(countApdus(octets, apdu.length, 0)).toBe(-1);
    expect(countApdus(octets, 40, 40)).toBe(-1);
    // The length octet is behind the end: it must not be read.
    expect(countApdus(octets, 0, 1)).toBe(-1);
  });

  it('accepts only what a framer would return whole', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0x68, 0x0a, 0x04, 0), { maxLength: 60 }), (list) => {
        const octets = Uint8Array.from(list);
        const count = countApdus(octets, 0, octets.length);
        if (count >= 0) expect(new ApduFramer().feed(octets)).toHaveLength(octets.length);
      }),
    );
  });
});
