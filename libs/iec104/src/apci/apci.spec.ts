import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Iec104Error } from '../errors.js';
import {
  APCI_OCTETS,
  MAX_APDU_OCTETS,
  MAX_ASDU_OCTETS,
  MAX_LENGTH,
  MIN_LENGTH,
  SEQUENCE_MASK,
  SEQUENCE_MODULO,
  UFunction,
  formatOf,
  iFormat,
  receiveSequence,
  sFormat,
  sendSequence,
  uFormat,
  uFunctionName,
} from './apci.js';

const octets = (text: string): Uint8Array => Uint8Array.from(text.split(' '), (digits) => parseInt(digits, 16));
const hex = (array: Uint8Array): string => Array.from(array, (octet) => octet.toString(16).padStart(2, '0')).join(' ');

/** C_IC_NA_1 act, CA 1, QOI 20: any ASDU will do. */
const ASDU = '64 01 06 00 01 00 00 00 00 14';

/*
 * Own vectors. A control field of an I-format APDU is two 16 bit numbers, low octet first, each a 15 bit sequence number
 * moved one bit to the left:
 *
 *     octet 2  N(S) bits 6..0 . 0        octet 3  N(S) bits 14..7
 *     octet 4  N(R) bits 6..0 . 0        octet 5  N(R) bits 14..7
 */
const I_VECTORS: readonly { why: string; ns: number; nr: number; control: string }[] = [
  { why: 'zero, as on a new connection', ns: 0, nr: 0, control: '00 00 00 00' },
  { why: '1 << 1 = 0x0002', ns: 1, nr: 0, control: '02 00 00 00' },
  { why: '2 << 1 = 0x0004 in N(R) only', ns: 0, nr: 2, control: '00 00 04 00' },
  { why: '127 = 0b111_1111 fills octet 2: 0xfe', ns: 127, nr: 127, control: 'fe 00 fe 00' },
  { why: '128 = 1 << 7 is the lowest bit of octet 3', ns: 128, nr: 129, control: '00 01 02 01' },
  { why: '0x1234 << 1 = 0x2468, low octet 0x68 is not a start', ns: 0x1234, nr: 0x1234, control: '68 24 68 24' },
  { why: '0x5555 << 1 = 0xaaaa, 0x2aaa << 1 = 0x5554', ns: 0x5555, nr: 0x2aaa, control: 'aa aa 54 55' },
  { why: '32767 << 1 = 0xfffe, the last one', ns: 32767, nr: 32767, control: 'fe ff fe ff' },
];

describe('I-format', () => {
  for (const { why, ns, nr, control } of I_VECTORS) {
    const text = `68 0e ${control} ${ASDU}`;
    it(`reads and writes N(S) ${ns} N(R) ${nr}: ${why}`, () => {
      const apdu = octets(text);
      expect(formatOf(apdu)).toBe('I');
      expect([sendSequence(apdu), receiveSequence(apdu)]).toEqual([ns, nr]);
      expect(hex(iFormat(ns, nr, octets(ASDU)))).toBe(text);
      // The same APDU behind another one.
      const second = octets(`68 04 43 00 00 00 ${text}`);
      expect([formatOf(second, 6), sendSequence(second, 6), receiveSequence(second, 6)]).toEqual(['I', ns, nr]);
    });
  }

  it('takes running counts modulo 2^15', () => {
    expect(hex(iFormat(32768, 32769, octets(ASDU)))).toBe(`68 0e 00 00 02 00 ${ASDU}`);
    expect(hex(iFormat(3 * 32768 + 5, 2 ** 40 + 7, octets(ASDU)))).toBe(`68 0e 0a 00 0e 00 ${ASDU}`);
    expect(SEQUENCE_MODULO).toBe(2 ** 15);
    expect(SEQUENCE_MASK).toBe(2 ** 15 - 1);
  });

  it('copies the ASDU', () => {
    const asdu = octets(ASDU);
    const apdu = iFormat(0, 0, asdu);
    asdu.fill(0xff);
    expect(hex(apdu.subarray(APCI_OCTETS))).toBe(ASDU);
  });

  it('carries 6 to 249 octets of ASDU, length octet 10 to 253', () => {
    expect(iFormat(0, 0, new Uint8Array(6))[1]).toBe(10);
    const longest = iFormat(0, 0, new Uint8Array(MAX_ASDU_OCTETS));
    expect([longest[1], longest.length]).toEqual([MAX_LENGTH, MAX_APDU_OCTETS]);
    expect(codeOf(() => iFormat(0, 0, new Uint8Array(5)))).toBe('ASDU_TOO_SHORT');
    expect(codeOf(() => iFormat(0, 0, new Uint8Array(250)))).toBe('ASDU_TOO_LONG');
  });

  it('round-trips every pair of sequence numbers', () => {
    const sequence = fc.integer({ min: 0, max: SEQUENCE_MASK });
    fc.assert(
      fc.property(sequence, sequence, (ns, nr) => {
        const apdu = iFormat(ns, nr, octets(ASDU));
        expect([formatOf(apdu), sendSequence(apdu), receiveSequence(apdu)]).toEqual(['I', ns, nr]);
      }),
    );
  });
});

describe('S-format', () => {
  // Octet 2 is 01, octet 3 is 00, N(R) as in the I-format.
  for (const [nr, text] of [
    [0, '68 04 01 00 00 00'],
    [1, '68 04 01 00 02 00'],
    [127, '68 04 01 00 fe 00'],
    [128, '68 04 01 00 00 01'],
    [0x5555, '68 04 01 00 aa aa'],
    [32767, '68 04 01 00 fe ff'],
  ] as const) {
    it(`reads and writes N(R) ${nr}`, () => {
      expect(formatOf(octets(text))).toBe('S');
      expect(receiveSequence(octets(text))).toBe(nr);
      expect(hex(sFormat(nr))).toBe(text);
      expect(hex(sFormat(nr + SEQUENCE_MODULO))).toBe(text);
    });
  }
});

describe('U-format', () => {
  // Bits 1 and 2 are 11; of bits 3..8 one is set: STARTDT act, con, STOPDT act, con, TESTFR act, con.
  for (const [name, fn, text] of [
    ['STARTDT act', UFunction.STARTDT_ACT, '68 04 07 00 00 00'], // 0b0000_0111
    ['STARTDT con', UFunction.STARTDT_CON, '68 04 0b 00 00 00'], // 0b0000_1011
    ['STOPDT act', UFunction.STOPDT_ACT, '68 04 13 00 00 00'], // 0b0001_0011
    ['STOPDT con', UFunction.STOPDT_CON, '68 04 23 00 00 00'], // 0b0010_0011
    ['TESTFR act', UFunction.TESTFR_ACT, '68 04 43 00 00 00'], // 0b0100_0011
    ['TESTFR con', UFunction.TESTFR_CON, '68 04 83 00 00 00'], // 0b1000_0011
  ] as const) {
    it(name, () => {
      expect(formatOf(octets(text))).toBe('U');
      expect(hex(uFormat(fn))).toBe(text);
      expect(uFunctionName(octets(text)[2] as number)).toBe(name);
    });
  }

  it('knows no other function: none, two at once', () => {
    const known = new Set<number>(Object.values(UFunction));
    for (let octet = 0; octet < 256; octet++) {
      expect(uFunctionName(octet) !== undefined, `0x${octet.toString(16)}`).toBe(known.has(octet));
    }
  });
});

it('tells the format by the two lowest bits of octet 2 alone', () => {
  for (let control = 0; control < 256; control++) {
    const expected = control % 2 === 0 ? 'I' : control % 4 === 1 ? 'S' : 'U';
    expect(formatOf(Uint8Array.of(0x68, MIN_LENGTH, control, 0, 0, 0))).toBe(expected);
  }
});

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Iec104Error) return error.code;
    throw error;
  }
  return 'nothing thrown';
}
