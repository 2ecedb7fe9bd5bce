import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, hex, received } from './golden.js';
import {
  decodeIn,
  encodeClosed,
  encodeCommands,
  encodeResync,
  encodeStarted,
  encodeStatementMessage,
  encodeStopped,
  InKind,
} from './in-message.js';

const HEAD = { session: 0x0403_0201, number: 0x0d0c_0b0a };
const HEAD_OCTETS = ['01 02 03 04', '0a 0b 0c 0d'];
const ZERO = '00 00 00 00';
const ZERO_PLACE = ['00 00 00 00 00 00 00 00', '00 00 00 00 00 00 00 00'];
/** C_SC_NA_1, activation, OA 7, CA 1, IOA 5, on. */
const APDU = '68 0e 00 00 00 00 2d 01 06 07 01 00 05 00 00 01';

const STARTED = ['02 01 00 00', ...HEAD_OCTETS, ZERO, ZERO, ZERO, ...ZERO_PLACE];
const STOPPED = ['02 02 00 00', ...HEAD_OCTETS, ZERO, ZERO, ZERO, ...ZERO_PLACE];
const COMMANDS = [
  '02 03 01 00', // version, kind, one ASDU
  ...HEAD_OCTETS,
  '02 00 00 00', // number of the first command
  '05 00 00 00', // fence of the connector whose clock it is
  ZERO,
  '00 00 00 00 00 00 f8 3f', // deadline 1.5 ms = 2^0 * 1.5: exponent 0x3ff, fraction 0x8...
  '00 00 00 00 00 00 00 00',
  APDU,
];
const CLOSED = ['02 04 00 00', ...HEAD_OCTETS, ZERO, ZERO, ZERO, ...ZERO_PLACE, '69 64 6c 65 20 c3 a4']; // 'idle ä'
const RESYNC = [
  '02 05 00 00',
  ...HEAD_OCTETS,
  ZERO,
  ZERO,
  ZERO,
  '00 00 00 00 00 00 70 40', // position 256 = 2^8: exponent 0x407
  '00 00 00 00 00 00 08 40', // generation 3
];
const STATEMENT = ['02 07 00 00', ZERO, ZERO, ZERO, ZERO, ZERO, ...ZERO_PLACE, '7b 7d']; // '{}'

describe('a message from gateways', () => {
  it.each([
    ['STARTED', STARTED, { kind: InKind.STARTED, ...HEAD }, encodeStarted(HEAD)],
    ['STOPPED', STOPPED, { kind: InKind.STOPPED, ...HEAD }, encodeStopped(HEAD)],
    ['CLOSED', CLOSED, { kind: InKind.CLOSED, ...HEAD, code: 'idle', message: 'ä' }, encodeClosed(HEAD, 'idle', 'ä')],
    ['RESYNC', RESYNC, { kind: InKind.RESYNC, ...HEAD, position: 256, generation: 3 }, encodeResync(HEAD, 256, 3)],
    [
      'STATEMENT',
      STATEMENT,
      { kind: InKind.STATEMENT, json: fromHex('7b 7d') },
      encodeStatementMessage(fromHex('7b 7d')),
    ],
  ] as const)('of kind %s is laid out as documented, both ways', (_name, lines, message, encoded) => {
    expect(decodeIn(fromHex(...lines))).toEqual(message);
    expect(hex(encoded)).toBe(hex(fromHex(...lines)));
  });

  it('of kind COMMANDS is laid out as documented, both ways', () => {
    const octets = fromHex(...COMMANDS);
    const head = { ...HEAD, count: 1, firstCommand: 2, connectorFence: 5, deadline: 1.5 };
    expect(decodeIn(octets)).toEqual({ kind: InKind.COMMANDS, ...head, octets, apdusAt: 40 });
    const source = fromHex('ee', APDU, 'ee');
    expect(hex(encodeCommands(head, source, 1, source.length - 1))).toBe(hex(octets));
  });

  it.each([
    ['version 1', COMMANDS, 0, 1, 'VERSION'],
    ['a version of later', COMMANDS, 0, 3, 'VERSION'],
    ['kind 6, which was RESUME in version 1', COMMANDS, 1, 6, 'KIND'],
    ['kind 0', COMMANDS, 1, 0, 'KIND'],
    ['more ASDUs than it holds', COMMANDS, 2, 2, 'LENGTH'],
    ['no ASDU', COMMANDS, 2, 0, 'LENGTH'],
    ['an APDU that is none', COMMANDS, 40, 0x69, 'LENGTH'],
    // 0x7ff: not a number.
    ['no deadline', COMMANDS, 31, 0x7f, 'VALUE'],
    ['a position below 0', RESYNC, 31, 0xc0, 'VALUE'],
    ['a generation below 0', RESYNC, 39, 0xc0, 'VALUE'],
  ] as const)('with %s is refused', (_what, lines, at, value, code) => {
    const octets = fromHex(...lines);
    octets[at] = value;
    expect(decodeIn(octets)).toMatchObject({ name: 'WireError', code });
  });

  it('is refused when it is cut off or too long', () => {
    expect(decodeIn(new Uint8Array(0))).toMatchObject({ code: 'VERSION' });
    expect(decodeIn(fromHex('02'))).toMatchObject({ code: 'SHORT' });
    expect(decodeIn(fromHex(...COMMANDS).subarray(0, 45))).toMatchObject({ code: 'LENGTH' });
    for (const lines of [STARTED, STOPPED, RESYNC]) {
      expect(decodeIn(fromHex(...lines).subarray(0, 39))).toMatchObject({ code: 'SHORT' });
      expect(decodeIn(fromHex(...lines, '00'))).toMatchObject({ code: 'LENGTH' });
    }
  });

  it('gives back what was put in', () => {
    const u32 = fc.nat(0xffffffff);
    const asdus = fc.array(fc.uint8Array({ minLength: 6, maxLength: 249 }), { minLength: 1, maxLength: 20 });
    const deadline = fc.double({ min: 0, max: 1e13, noNaN: true });
    fc.assert(
      fc.property(u32, u32, u32, u32, deadline, asdus, (session, number, firstCommand, connectorFence, until, list) => {
        const apdus = Uint8Array.from(list.flatMap((octets) => [0x68, octets.length + 4, 1, 2, 3, 4, ...octets]));
        const head = { session, number, count: list.length, firstCommand, connectorFence, deadline: until };
        const octets = received(encodeCommands(head, apdus, 0, apdus.length));
        expect(decodeIn(octets)).toEqual({ kind: InKind.COMMANDS, ...head, octets, apdusAt: 40 });
      }),
    );
    const position = fc.nat(Number.MAX_SAFE_INTEGER);
    const words = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(u32, u32, position, position, words, (session, number, place, generation, text) => {
        const head = { session, number };
        expect(decodeIn(received(encodeStarted(head)))).toEqual({ kind: InKind.STARTED, ...head });
        expect(decodeIn(received(encodeStopped(head)))).toEqual({ kind: InKind.STOPPED, ...head });
        const resync = { kind: InKind.RESYNC, ...head, position: place, generation };
        expect(decodeIn(received(encodeResync(head, place, generation)))).toEqual(resync);
        const closed = { kind: InKind.CLOSED, ...head, code: 'idle', message: text };
        expect(decodeIn(received(encodeClosed(head, 'idle', text)))).toEqual(closed);
      }),
    );
  });
});
