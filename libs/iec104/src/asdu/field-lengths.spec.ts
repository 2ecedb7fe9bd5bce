import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldLengths, fieldLengthsOf } from './field-lengths.js';
import { TYPES } from './type-table.js';

const FIXED = TYPES.filter(({ variable }) => !variable);

/** An ASDU with fields of these lengths: sequence or not, any elements. */
function asduOf(
  typeId: number,
  elementOctets: number,
  count: number,
  sequence: boolean,
  { cot, ca, ioa }: FieldLengths,
  filler: number,
  cause = 3,
): Uint8Array {
  const octets = [typeId, count | (sequence ? 0x80 : 0), cause];
  if (cot === 2) octets.push(filler);
  octets.push(5);
  if (ca === 2) octets.push(0);
  for (let object = 0; object < count; object++) {
    if (object === 0 || !sequence) for (let octet = 0; octet < ioa; octet++) octets.push(filler);
    for (let octet = 0; octet < elementOctets; octet++) octets.push(filler);
  }
  return Uint8Array.from(octets);
}

const any = fc.record({
  type: fc.constantFrom(...FIXED),
  count: fc.integer({ min: 1, max: 127 }),
  sequence: fc.boolean(),
  filler: fc.integer({ min: 0, max: 255 }),
  cause: fc.integer({ min: 0, max: 255 }),
});

describe('the field lengths of a station', () => {
  it('that keeps to 104 are never taken for others, whatever it sends', () => {
    fc.assert(
      fc.property(any, ({ type, count, sequence, filler, cause }) => {
        const lengths: FieldLengths = { cot: 2, ca: 2, ioa: 3 };
        const asdu = asduOf(type.typeId, type.elementOctets, count, sequence, lengths, filler, cause);
        expect(fieldLengthsOf(asdu)).toBe('104');
      }),
    );
  });

  it('that has others are never taken for those of 104, and are among those found', () => {
    const lengths = fc.record({
      cot: fc.constantFrom(1 as const, 2 as const),
      ca: fc.constantFrom(1 as const, 2 as const),
      ioa: fc.constantFrom(1 as const, 2 as const, 3 as const),
    });
    fc.assert(
      fc.property(any, lengths, ({ type, count, sequence, filler }, used) => {
        fc.pre(used.cot !== 2 || used.ca !== 2 || used.ioa !== 3);
        const asdu = asduOf(type.typeId, type.elementOctets, count, sequence, used, filler);
        const found = fieldLengthsOf(asdu);
        expect(found).not.toBe('104');
        if (found !== undefined) expect(found).toContainEqual(used);
      }),
    );
  });

  it('prove nothing where a type has no length of its own, or the ASDU is damaged', () => {
    const octets = fc.uint8Array({ minLength: 4, maxLength: 60 });
    const other = fc.integer({ min: 127, max: 255 });
    fc.assert(
      fc.property(other, octets, (typeId, rest) => {
        expect(fieldLengthsOf(Uint8Array.of(typeId, 1, ...rest))).toBeUndefined();
      }),
    );
    // VSQ that announces more, none; a time tag that is missing.
    for (const asdu of [
      [1, 127, 3, 0, 1, 0, 1, 0, 0, 1],
      [1, 0, 3, 0, 1, 0],
      [1, 0xff, 3, 0, 1, 0, 1, 0],
      [30, 1, 3, 0, 1, 0, 9, 0, 0],
    ]) {
      expect(fieldLengthsOf(Uint8Array.from(asdu))).toBeUndefined();
    }
  });

  it.each<[string, number[], FieldLengths]>([
    ['M_SP_NA_1 of a serial station', [1, 1, 3, 5, 101, 0, 1], { cot: 1, ca: 1, ioa: 2 }],
    ['M_EI_NA_1 of a serial station', [70, 1, 4, 5, 0, 0, 0], { cot: 1, ca: 1, ioa: 2 }],
    [
      'two measured values with a CA of two octets',
      [9, 2, 3, 5, 0, 1, 0, 1, 1, 0, 2, 0, 1, 1, 0],
      { cot: 1, ca: 2, ioa: 2 },
    ],
    ['an OA, but an IOA of two octets', [1, 1, 3, 0, 5, 0, 101, 0, 1], { cot: 2, ca: 2, ioa: 2 }],
    ['all as in 104 but the cause', [1, 1, 3, 5, 0, 101, 0, 0, 1], { cot: 1, ca: 2, ioa: 3 }],
  ])('%s', (_what, octets, lengths) => {
    expect(fieldLengthsOf(Uint8Array.from(octets))).toContainEqual(lengths);
  });
});
