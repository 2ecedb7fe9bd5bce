import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, hex, received } from './golden.js';
import { decodeLogRecord, encodeLogRecord } from './log-record.js';
import { WireError } from './wire-error.js';

/** Two APDUs as an RTU sends them: M_SP_NA_1, spontaneous, CA 1, IOA 5, on; an ASDU of six octets. */
const APDUS = [
  '68 0e 02 00 04 00', // 14 octets follow; N(S) = 1, N(R) = 2
  '01 01 03 00 01 00', // M_SP_NA_1, one object, cause 3, OA 0, CA 1
  '05 00 00 01', // IOA 5, SPI = 1
  '68 0a 04 00 04 00', // 10 octets follow; N(S) = 2, N(R) = 2
  'c8 00 03 00 01 00', // private type 200, no object
];

const VERSION_2 = [
  '02 00 02 00', // version, 0, two ASDUs
  '01 02 03 04', // link epoch 0x04030201
  '00 00 00 00 00 00 70 40', // position 256 = 2^8: exponent 1023 + 8 = 0x407
  '00 00 00 00 00 00 f0 3f', // received at 1 ms: exponent 1023 = 0x3ff
  '00 00 00 00 00 00 08 40', // generation 3 = 2^1 * 1.5: exponent 0x400, fraction 0x8...
  ...APDUS,
];

const VERSION_1 = [
  '01 00 02 00', // version, 0, two ASDUs
  '01 02 03 04', // link epoch
  '00 00 00 00 00 00 70 40', // position 256
  '00 00 00 00 00 00 f0 3f', // received at 1 ms
  ...APDUS,
];

const HEAD = { epoch: 0x0403_0201, generation: 3, first: 256, count: 2, receivedAt: 1 };

describe('a log record', () => {
  it('of version 2 is laid out as documented, both ways', () => {
    const octets = fromHex(...VERSION_2);
    const apdus = fromHex(...APDUS);
    expect(hex(encodeLogRecord(HEAD, apdus, 0, apdus.length))).toBe(hex(octets));
    expect(decodeLogRecord(octets)).toEqual({ ...HEAD, end: 258, octets, apdusAt: 32 });
  });

  it('of version 1 is understood: generation 0', () => {
    const octets = fromHex(...VERSION_1);
    expect(decodeLogRecord(octets)).toEqual({ ...HEAD, generation: 0, end: 258, octets, apdusAt: 24 });
  });

  it.each([
    [0, 3, 'VERSION'],
    [0, 0, 'VERSION'],
    [2, 1, 'LENGTH'],
    [2, 3, 'LENGTH'],
    // 0x7ff: not a number. 0xbff: -1. 0x434: 2^53, one more than is safe.
    [15, 0x7f, 'VALUE'],
    [15, 0xbf, 'VALUE'],
    [23, 0x7f, 'VALUE'],
    [23, 0xbf, 'VALUE'],
    [31, 0xbf, 'VALUE'],
    [32, 0x67, 'LENGTH'],
    [33, 0x0f, 'LENGTH'],
    [33, 0x04, 'LENGTH'],
  ])('whose octet %i is %i is refused: %s', (at, value, code) => {
    const octets = fromHex(...VERSION_2);
    octets[at] = value;
    expect(decodeLogRecord(octets)).toMatchObject({ name: 'WireError', code });
  });

  it('is refused without ASDUs, cut off, or when its end is no position', () => {
    const octets = fromHex(...VERSION_2);
    expect(decodeLogRecord(octets.subarray(0, 31))).toMatchObject({ code: 'SHORT' });
    expect(decodeLogRecord(octets.subarray(0, octets.length - 1))).toMatchObject({ code: 'LENGTH' });
    expect(decodeLogRecord(new Uint8Array(0))).toMatchObject({ code: 'VERSION' });
    expect(decodeLogRecord(encodeLogRecord({ ...HEAD, count: 0 }, octets, 0, 0))).toMatchObject({ code: 'LENGTH' });
    const apdus = fromHex(...APDUS);
    const first = Number.MAX_SAFE_INTEGER - 1;
    expect(decodeLogRecord(encodeLogRecord({ ...HEAD, first }, apdus, 0, apdus.length))).toBeInstanceOf(WireError);
  });

  it('gives back what was put in, and does not share memory with it', () => {
    const u32 = fc.nat(0xffffffff);
    // Beyond 32 bits: a busy RTU passes 2^32 ASDUs in a year.
    const position = fc.nat(Number.MAX_SAFE_INTEGER - 100);
    const asdu = fc.uint8Array({ minLength: 6, maxLength: 249 });
    const asdus = fc.array(asdu, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        u32,
        position,
        position,
        fc.nat(8e15),
        asdus,
        fc.nat(9),
        (epoch, generation, first, at, list, skip) => {
          const apdus = list.flatMap((octets) => [0x68, octets.length + 4, 0, 0, 0, 0, ...octets]);
          const source = Uint8Array.from([...new Uint8Array(skip), ...apdus, ...new Uint8Array(skip)]);
          const head = { epoch, generation, first, count: list.length, receivedAt: at };
          const octets = received(encodeLogRecord(head, source, skip, skip + apdus.length));
          source.fill(0);
          const record = decodeLogRecord(octets);
          expect(record).toMatchObject({ ...head, end: first + list.length, apdusAt: 32 });
          expect([...octets.subarray(32)]).toEqual(apdus);
        },
      ),
    );
  });
});
