import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, hex, received } from './golden.js';
import {
  answeredCommand,
  codeAndMessage,
  decodeOut,
  encodeOut,
  encodeOutText,
  encodeSettled,
  NO_POSITION,
  OutFlag,
  OutKind,
  type OutMessage,
  outText,
  settledCommands,
} from './out-message.js';

/** One APDU: M_SP_NA_1, spontaneous, CA 1, IOA 5, on. */
const APDU = '68 0e 00 00 00 00 01 01 03 00 01 00 05 00 00 01';
const NOWHERE = '00 00 00 00 00 00 f0 bf'; // -1: sign, exponent 0x3ff

/** Version 2: what it holds, and its octets. */
const VECTORS: readonly (readonly [name: string, message: Partial<OutMessage>, lines: readonly string[]])[] = [
  [
    'DATA',
    {
      kind: OutKind.DATA,
      flags: OutFlag.PATCH_OA,
      fence: 0x0807_0605,
      generation: 3,
      from: 1,
      first: 2,
      count: 1,
    },
    [
      '02 01 01 00', // version, kind, flags, 0
      '05 06 07 08', // fence
      '00 00 00 00 00 00 08 40', // generation = 3
      '00 00 00 00 00 00 f0 3f', // from = 1
      '00 00 00 00 00 00 00 40', // first = 2
      '01 00 00 00', // number of ASDUs
      APDU,
    ],
  ],
  [
    "DATA of the router's own",
    { kind: OutKind.DATA, flags: 0, fence: 1, generation: 0, from: 1, first: NO_POSITION, count: 1 },
    ['02 01 00 00', '01 00 00 00', '00 00 00 00 00 00 00 00', '00 00 00 00 00 00 f0 3f', NOWHERE, '01 00 00 00', APDU],
  ],
  [
    'JOIN',
    { kind: OutKind.JOIN, flags: 0, fence: 1, generation: 3, from: 1, first: 2, count: 0 },
    [
      '02 02 00 00',
      '01 00 00 00',
      '00 00 00 00 00 00 08 40',
      '00 00 00 00 00 00 f0 3f',
      '00 00 00 00 00 00 00 40',
      '00 00 00 00',
    ],
  ],
  [
    'BEGIN',
    { kind: OutKind.BEGIN, flags: 0, fence: 1, generation: 3, from: 1, first: NO_POSITION, count: 7 },
    [
      '02 05 00 00',
      '01 00 00 00',
      '00 00 00 00 00 00 08 40',
      '00 00 00 00 00 00 f0 3f',
      NOWHERE,
      '07 00 00 00', // answers message 7
    ],
  ],
  [
    'MARK',
    { kind: OutKind.MARK, flags: 0, fence: 1, generation: 3, from: 1, first: 2, count: 0 },
    [
      '02 06 00 00',
      '01 00 00 00',
      '00 00 00 00 00 00 08 40',
      '00 00 00 00 00 00 f0 3f',
      '00 00 00 00 00 00 00 40',
      '00 00 00 00',
    ],
  ],
];

const NO_PLACE = ['00 00 00 00 00 00 00 00', '00 00 00 00 00 00 00 00', NOWHERE];
const CLOSE = ['02 03 00 00', '01 00 00 00', ...NO_PLACE, '00 00 00 00', '69 64 6c 65 20 c3 a4']; // 'idle ä'
const STANDBY = ['02 04 00 00', '01 00 00 00', ...NO_PLACE, '00 00 00 00', '78']; // 'x'
const SETTLED = ['02 07 00 00', '01 00 00 00', ...NO_PLACE, '02 00 00 00', '05 00 00 00', '01 02 03 04'];

/** Version 1: no generation, positions at 8, APDUs at 28; the number that BEGIN answers is in `first`. */
const VERSION_1: readonly (readonly [name: string, message: Partial<OutMessage>, lines: readonly string[]])[] = [
  [
    'DATA',
    { kind: OutKind.DATA, flags: OutFlag.PATCH_OA, fence: 0x0807_0605, generation: 0, from: 1, first: 2, count: 1 },
    ['01 01 01 00', '05 06 07 08', '00 00 00 00 00 00 f0 3f', '00 00 00 00 00 00 00 40', '01 00 00 00', APDU],
  ],
  [
    'JOIN',
    { kind: OutKind.JOIN, flags: 0, fence: 1, generation: 0, from: 1, first: 2, count: 0 },
    ['01 02 00 00', '01 00 00 00', '00 00 00 00 00 00 f0 3f', '00 00 00 00 00 00 00 40', '00 00 00 00'],
  ],
  [
    'BEGIN',
    { kind: OutKind.BEGIN, flags: 0, fence: 1, generation: 0, from: 1, first: NO_POSITION, count: 2 },
    ['01 05 00 00', '01 00 00 00', '00 00 00 00 00 00 f0 3f', '00 00 00 00 00 00 00 40', '00 00 00 00'],
  ],
  [
    'CLOSE',
    { kind: OutKind.CLOSE, flags: 0, fence: 1, generation: 0, from: 0, first: NO_POSITION, count: 0 },
    ['01 03 00 00', '01 00 00 00', '00 00 00 00 00 00 00 00', NOWHERE, '00 00 00 00', '68 69'],
  ],
];

function decoded(octets: Uint8Array): OutMessage {
  const message = decodeOut(octets);
  if (message instanceof Error) throw message;
  return message;
}

describe('a message to gateways', () => {
  it.each(VECTORS)('of kind %s is laid out as documented, both ways', (_name, message, lines) => {
    const octets = fromHex(...lines);
    expect(decodeOut(octets)).toEqual({ ...message, octets, bodyAt: 36 });
    const { kind, flags, fence, generation, from, first, count } = decoded(octets);
    const head = { kind, flags, fence, generation, from, first, count };
    expect(hex(encodeOut(head, octets, 36))).toBe(hex(octets));
  });

  it('of kind CLOSE, STANDBY or SETTLED is laid out as documented, both ways', () => {
    expect(hex(encodeOutText(OutKind.CLOSE, 1, 'idle ä'))).toBe(hex(fromHex(...CLOSE)));
    expect(outText(decoded(fromHex(...CLOSE)))).toEqual({ code: 'idle', message: 'ä' });
    expect(hex(encodeOutText(OutKind.STANDBY, 1, 'x'))).toBe(hex(fromHex(...STANDBY)));
    expect(outText(decoded(fromHex(...STANDBY)))).toEqual({ code: 'x', message: '' });
    expect(hex(encodeSettled(1, [5, 0x0403_0201]))).toBe(hex(fromHex(...SETTLED)));
    expect(settledCommands(decoded(fromHex(...SETTLED)))).toEqual([5, 0x0403_0201]);
    const answered = ['02 07 04 00', ...SETTLED.slice(1)];
    expect(hex(encodeSettled(1, [5, 0x0403_0201], true))).toBe(hex(fromHex(...answered)));
    expect(decoded(fromHex(...answered)).flags).toBe(OutFlag.ANSWERED);
  });

  it('with an answer of the router says to which command', () => {
    const head = { kind: OutKind.DATA, fence: 1, generation: 0, from: 7, first: NO_POSITION, count: 1 };
    expect(answeredCommand(decoded(encodeOut({ ...head, flags: OutFlag.ANSWERS }, fromHex(APDU))))).toBe(7);
    expect(answeredCommand(decoded(encodeOut(head, fromHex(APDU)))), 'of an earlier release').toBeUndefined();
  });

  it.each(VERSION_1)('of version 1, kind %s, is understood', (_name, message, lines) => {
    const octets = fromHex(...lines);
    expect(decodeOut(octets)).toEqual({ ...message, octets, bodyAt: 28 });
  });

  it('of version 1 has no MARK and no SETTLED', () => {
    for (const kind of ['06', '07']) {
      const head = [`01 ${kind} 00 00`, '01 00 00 00', '00 00 00 00 00 00 00 00', '00 00 00 00 00 00 00 40'];
      expect(decodeOut(fromHex(...head, '00 00 00 00'))).toMatchObject({ code: 'KIND' });
    }
  });

  it.each([
    ['a version of later', 'DATA', 0, 3, 'VERSION'],
    ['a version that never was', 'DATA', 0, 0, 'VERSION'],
    ['an unknown kind', 'DATA', 1, 8, 'KIND'],
    ['kind 0', 'DATA', 1, 0, 'KIND'],
    ['a generation below 0', 'DATA', 15, 0xc0, 'VALUE'],
    ['no number as from', 'DATA', 23, 0x7f, 'VALUE'],
    ['a first before from', 'DATA', 31, 0x3f, 'VALUE'],
    ['more ASDUs than it holds', 'DATA', 32, 2, 'LENGTH'],
    ['no ASDU', 'DATA', 32, 0, 'LENGTH'],
    ['an APDU that is none', 'DATA', 36, 0x69, 'LENGTH'],
    ['no position to join at', 'JOIN', 31, 0xbf, 'VALUE'],
    ['a mark before from', 'MARK', 31, 0, 'VALUE'],
  ] as const)('with %s (%s) is refused', (_what, name, at, value, code) => {
    const octets = fromHex(...VECTORS.find(([known]) => known === name)![2]);
    octets[at] = value;
    expect(decodeOut(octets)).toMatchObject({ name: 'WireError', code });
  });

  it('is refused when it is cut off, or SETTLED does not list as many commands as it says', () => {
    expect(decodeOut(fromHex(...VECTORS[0]![2]).subarray(0, 35))).toMatchObject({ code: 'SHORT' });
    expect(decodeOut(fromHex(...SETTLED).subarray(0, 43))).toMatchObject({ code: 'LENGTH' });
    expect(decodeOut(new Uint8Array(0))).toMatchObject({ code: 'VERSION' });
    // Version 1: BEGIN answers message -1.
    const begin = ['01 05 00 00', '01 00 00 00', '00 00 00 00 00 00 f0 3f', NOWHERE, '00 00 00 00'];
    expect(decodeOut(fromHex(...begin))).toMatchObject({ code: 'VALUE' });
  });

  it('gives back what was put in', () => {
    const u32 = fc.nat(0xffffffff);
    const position = fc.nat(2 ** 52);
    const asdus = fc.array(fc.uint8Array({ minLength: 6, maxLength: 249 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.nat(255),
        u32,
        position,
        position,
        fc.nat(1000),
        asdus,
        (flags, fence, generation, from, gap, list) => {
          const apdus = Uint8Array.from(list.flatMap((octets) => [0x68, octets.length + 4, 1, 2, 3, 4, ...octets]));
          for (const first of [from + gap, NO_POSITION]) {
            const head = { kind: OutKind.DATA, flags, fence, generation, from, first, count: list.length };
            const octets = received(encodeOut(head, apdus));
            expect(decodeOut(octets)).toEqual({ ...head, octets, bodyAt: 36 });
          }
        },
      ),
    );
    fc.assert(
      fc.property(u32, fc.string({ unit: 'grapheme' }), fc.array(u32, { maxLength: 300 }), (fence, text, commands) => {
        const close = decoded(received(encodeOutText(OutKind.CLOSE, fence, `code ${text}`)));
        expect(close.fence).toBe(fence);
        expect(outText(close)).toEqual({ code: 'code', message: text });
        expect(settledCommands(decoded(received(encodeSettled(fence, commands))))).toEqual(commands);
      }),
    );
  });
});

describe('the text of a CLOSE', () => {
  it.each([
    ['idle nothing heard', 'idle', 'nothing heard'],
    ['idle', 'idle', ''],
    ['', 'closed', ''],
    [' x', 'closed', 'x'],
  ])('"%s" is code %s and a message', (text, code, message) => {
    expect(codeAndMessage(text)).toEqual({ code, message });
  });
});
