import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Iec104Error } from '../errors.js';
import { ASDU_MAX_OCTETS, decodeAsdu, encodeAsdu, explainAsdu, mirror, toHex, toJson, TYPES } from './index.js';

const octet = fc.integer({ min: 0, max: 255 });

/** Octets of every value in what is not length: header fields and elements, so that all reserved bits occur. */
function validAsdu(typeId: number, elementOctets: number, variable: boolean, sq: boolean): fc.Arbitrary<Uint8Array> {
  const ioaOctets = 3;
  const perObject = elementOctets + (sq ? 0 : ioaOctets);
  const room = ASDU_MAX_OCTETS - 6 - (sq ? ioaOctets : 0);
  const most = variable ? 3 : Math.min(127, perObject === 0 ? 127 : Math.floor(room / perObject));
  return fc.integer({ min: 0, max: most }).chain((count) => {
    const segmentOctets = variable ? fc.integer({ min: 0, max: 60 }) : fc.constant(0);
    const object = segmentOctets.chain((segment) =>
      fc.tuple(bytes(ioaOctets), bytes(elementOctets), bytes(segment)).map(([ioa, elements, extra]) => {
        if (variable) elements[elementOctets - 1] = segment;
        return { ioa, rest: [...elements, ...extra] };
      }),
    );
    return fc.tuple(bytes(4), fc.array(object, { minLength: count, maxLength: count })).map(([header, objects]) => {
      const body = objects.flatMap(({ ioa, rest }, index) => (sq && index > 0 ? rest : [...ioa, ...rest]));
      return Uint8Array.from([typeId, (sq ? 0x80 : 0) | count, ...header, ...body]);
    });
  });
}

function bytes(length: number): fc.Arbitrary<number[]> {
  return fc.array(octet, { minLength: length, maxLength: length });
}

function onlyLibraryErrors(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Iec104Error)) throw error;
  }
}

describe.each(TYPES.map((info) => ({ ...info })))('$name', ({ typeId, elementOctets, variable }) => {
  it.each([false, true])('comes back bit-exact, SQ %s', (sq) => {
    fc.assert(
      fc.property(validAsdu(typeId, elementOctets, variable, sq), (octets) => {
        const asdu = decodeAsdu(octets);
        expect(toHex(encodeAsdu(asdu))).toBe(toHex(octets));
        expect(asdu.type).not.toBe('OPAQUE');
      }),
      { numRuns: 60 },
    );
  });

  it.each([false, true])('prints as JSON and explains every octet once, SQ %s', (sq) => {
    fc.assert(
      fc.property(validAsdu(typeId, elementOctets, variable, sq), (octets) => {
        const json = toJson(decodeAsdu(octets), { utcOffsetMinutes: 60 });
        expect(JSON.parse(JSON.stringify(json))).toEqual(json);
        expectCovered(octets);
      }),
      { numRuns: 20 },
    );
  });
});

function expectCovered(octets: Uint8Array): void {
  let at = 0;
  for (const { offset, length, text } of explainAsdu(octets)) {
    expect(offset).toBe(at);
    expect(text).not.toContain('undefined');
    at += length;
  }
  expect(at).toBe(octets.length);
}

describe('octets from anywhere', () => {
  /** Mostly a known type and few objects, so that the decoder gets beyond the header. */
  const likely = fc
    .tuple(
      fc.constantFrom(...TYPES.map((info) => info.typeId)),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      fc.array(octet, { maxLength: 60 }),
    )
    .map(([typeId, count, sq, rest]) => Uint8Array.from([typeId, (sq ? 0x80 : 0) | count, ...rest]));
  const garbage = fc.oneof(fc.uint8Array({ maxLength: 300 }), likely);

  it('let only the library’s error out, and come back when they decode', () => {
    fc.assert(
      fc.property(garbage, (octets) => {
        onlyLibraryErrors(() => {
          const asdu = decodeAsdu(octets);
          expect(toHex(encodeAsdu(asdu))).toBe(toHex(octets));
          JSON.stringify(toJson(asdu));
        });
        onlyLibraryErrors(() => mirror(octets, 7, true));
      }),
      { numRuns: 5000 },
    );
  });

  it('are explained whatever they are', () => {
    fc.assert(fc.property(garbage, expectCovered), { numRuns: 2000 });
  });

  it('are opaque under every TypeID that is not in the table', () => {
    const known = new Set<number>(TYPES.map((info) => info.typeId));
    const unknown = fc.integer({ min: 0, max: 255 }).filter((typeId) => !known.has(typeId));
    fc.assert(
      fc.property(unknown, fc.uint8Array({ minLength: 5, maxLength: 248 }), (typeId, rest) => {
        const octets = Uint8Array.from([typeId, ...rest]);
        const asdu = decodeAsdu(octets);
        expect(asdu.type).toBe('OPAQUE');
        expect(toHex(encodeAsdu(asdu))).toBe(toHex(octets));
      }),
    );
  });
});

describe('values from anywhere', () => {
  it('let only the library’s error out of the encoder', () => {
    const names = TYPES.map((info) => info.name);
    const fields = [...new Set(names.flatMap((name) => fieldsOf(name)))];
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true });
    const object = fc.dictionary(fc.constantFrom(...fields), fc.oneof(anything, fc.integer({ min: 0, max: 3 })));
    const asdu = fc.record(
      {
        type: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names, 'OPAQUE') }, anything),
        typeId: anything,
        sq: fc.oneof(fc.boolean(), anything),
        cot: fc.oneof(fc.constant(3), anything),
        ca: fc.oneof(fc.constant(1), anything),
        count: fc.oneof(fc.constant(1), anything),
        opaque: anything,
        objects: fc.oneof(fc.array(fc.oneof(object, anything), { maxLength: 3 }), anything),
      },
      { requiredKeys: ['type', 'objects'] },
    );
    fc.assert(
      fc.property(asdu, (input) => onlyLibraryErrors(() => encodeAsdu(input as never))),
      { numRuns: 5000 },
    );
  });
});

/** The keys of a decoded object of the type, so that the encoder finds them. */
function fieldsOf(name: string): string[] {
  const info = TYPES.find((type) => type.name === name)!;
  const ioaOctets = 3;
  const octets = new Uint8Array(6 + ioaOctets + info.elementOctets);
  octets.set([info.typeId, 1]);
  const asdu = decodeAsdu(octets);
  return asdu.type === 'OPAQUE' ? [] : Object.keys(asdu.objects[0]!);
}
