import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAcks, encodeAcks } from './ack-message.js';
import { fromHex, hex, received } from './golden.js';

const ACKS = [
  { session: 0x0403_0201, position: 256, generation: 3 },
  { session: 1, position: 0, generation: 0 },
];
const OCTETS = [
  '02 00 02 00', // version, 0, two entries
  '01 02 03 04', // session
  '00 00 00 00 00 00 70 40', // 256 = 2^8: exponent 1023 + 8 = 0x407
  '00 00 00 00 00 00 08 40', // generation 3 = 2^1 * 1.5: exponent 0x400, fraction 0x8...
  '01 00 00 00',
  '00 00 00 00 00 00 00 00',
  '00 00 00 00 00 00 00 00',
];

describe('acknowledgements', () => {
  it('are laid out as documented, both ways', () => {
    expect(hex(encodeAcks(ACKS))).toBe(hex(fromHex(...OCTETS)));
    expect(decodeAcks(fromHex(...OCTETS))).toEqual(ACKS);
    expect(hex(encodeAcks([]))).toBe('02 00 00 00');
    expect(decodeAcks(fromHex('02 00 00 00'))).toEqual([]);
  });

  it.each([
    ['version 1', 0, 1, 'VERSION'],
    ['a version of later', 0, 3, 'VERSION'],
    ['an entry less than they say', 2, 3, 'LENGTH'],
    ['an entry more than they say', 2, 1, 'LENGTH'],
    ['a position below 0', 15, 0xc0, 'VALUE'],
    ['a position that is no number', 15, 0x7f, 'VALUE'],
    ['a generation below 0', 23, 0xc0, 'VALUE'],
  ] as const)('with %s are refused', (_what, at, value, code) => {
    const octets = fromHex(...OCTETS);
    octets[at] = value;
    expect(decodeAcks(octets)).toMatchObject({ name: 'WireError', code });
  });

  it('are refused when they are cut off', () => {
    expect(decodeAcks(new Uint8Array(0))).toMatchObject({ code: 'VERSION' });
    for (const length of [1, 2, 3, 23, 43]) {
      expect(decodeAcks(fromHex(...OCTETS).subarray(0, length))).toMatchObject({ code: 'LENGTH' });
    }
  });

  it('give back what was put in', () => {
    const position = fc.nat(Number.MAX_SAFE_INTEGER);
    const ack = fc.record({ session: fc.nat(0xffffffff), position, generation: position }, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(ack, { maxLength: 300 }), (acks) => {
        expect(decodeAcks(received(encodeAcks(acks)))).toEqual(acks);
      }),
    );
  });
});
