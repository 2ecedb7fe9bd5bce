import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CommandOutcome,
  decodeCommand,
  decodeCommandResults,
  decodeConfirmed,
  encodeCommand,
  encodeCommandResults,
  encodeConfirmed,
} from './connector-messages.js';
import { fromHex, hex, received } from './golden.js';

const u32 = fc.nat(0xffffffff);
const position = fc.nat(Number.MAX_SAFE_INTEGER);

describe('the confirmed mark', () => {
  const MARK = { fence: 0x0403_0201, position: 256, generation: 3 };
  const OCTETS = [
    '02 00 00 00', // version, 0
    '01 02 03 04', // fence of the router
    '00 00 00 00 00 00 70 40', // 256 = 2^8: exponent 1023 + 8 = 0x407
    '00 00 00 00 00 00 08 40', // generation 3 = 2^1 * 1.5: exponent 0x400, fraction 0x8...
  ];

  it('is laid out as documented, both ways', () => {
    expect(hex(encodeConfirmed(MARK))).toBe(hex(fromHex(...OCTETS)));
    expect(decodeConfirmed(fromHex(...OCTETS))).toEqual(MARK);
  });

  it.each([
    ['version 1', 0, 1, 'VERSION'],
    ['a version of later', 0, 3, 'VERSION'],
    ['a position below 0', 15, 0xc0, 'VALUE'],
    ['a position that is no number', 15, 0x7f, 'VALUE'],
    ['a generation below 0', 23, 0xc0, 'VALUE'],
  ] as const)('with %s is refused', (_what, at, value, code) => {
    const octets = fromHex(...OCTETS);
    octets[at] = value;
    expect(decodeConfirmed(octets)).toMatchObject({ name: 'WireError', code });
  });

  it('is refused unless it has 24 octets', () => {
    expect(decodeConfirmed(new Uint8Array(0))).toMatchObject({ code: 'VERSION' });
    // One octet, as sent by nobody: this made the connector deaf once.
    expect(decodeConfirmed(fromHex('02'))).toMatchObject({ code: 'LENGTH' });
    expect(decodeConfirmed(fromHex(...OCTETS).subarray(0, 23))).toMatchObject({ code: 'LENGTH' });
    expect(decodeConfirmed(fromHex(...OCTETS, '00'))).toMatchObject({ code: 'LENGTH' });
  });

  it('gives back what was put in', () => {
    fc.assert(
      fc.property(u32, position, position, (fence, place, generation) => {
        const mark = { fence, position: place, generation };
        expect(decodeConfirmed(received(encodeConfirmed(mark)))).toEqual(mark);
      }),
    );
  });
});

describe('a command for the RTU', () => {
  const ASDU = '2d 01 06 07 01 00 05 00 00 01'; // C_SC_NA_1, activation, OA 7, CA 1, IOA 5, on
  const COMMAND = {
    ownOa: 9,
    fence: 0x0403_0201,
    number: 2,
    session: 0x0807_0605,
    command: 3,
    connectorFence: 5,
    deadline: 1.5,
    asdu: fromHex(ASDU),
  };
  const OCTETS = [
    '02 09 00 00', // version, OA of the master, 0
    '01 02 03 04', // fence of the router
    '02 00 00 00', // number
    '05 06 07 08', // session
    '03 00 00 00', // number within the session
    '05 00 00 00', // fence of the connector
    '00 00 00 00 00 00 f8 3f', // deadline 1.5 ms = 2^0 * 1.5: exponent 0x3ff, fraction 0x8...
    ASDU,
  ];

  it('is laid out as documented, both ways', () => {
    expect(hex(encodeCommand(COMMAND))).toBe(hex(fromHex(...OCTETS)));
    expect(decodeCommand(fromHex(...OCTETS))).toEqual(COMMAND);
  });

  it.each([
    ['version 1', 0, 1, 'VERSION'],
    ['a version of later', 0, 3, 'VERSION'],
    // 0x7ff: not a number. 0x7f0 and up: larger than any time.
    ['no deadline', 31, 0x7f, 'VALUE'],
  ] as const)('with %s is refused', (_what, at, value, code) => {
    const octets = fromHex(...OCTETS);
    octets[at] = value;
    expect(decodeCommand(octets)).toMatchObject({ name: 'WireError', code });
  });

  it('is refused when its ASDU is shorter than 6 or longer than 249 octets', () => {
    const octets = new Uint8Array(32 + 250);
    octets.set(fromHex(...OCTETS));
    expect(decodeCommand(new Uint8Array(0))).toMatchObject({ code: 'VERSION' });
    expect(decodeCommand(octets.subarray(0, 31))).toMatchObject({ code: 'SHORT' });
    expect(decodeCommand(octets.subarray(0, 32))).toMatchObject({ code: 'LENGTH' });
    expect(decodeCommand(octets.subarray(0, 32 + 5))).toMatchObject({ code: 'LENGTH' });
    expect(decodeCommand(octets.subarray(0, 32 + 6))).toMatchObject({ number: 2 });
    expect(decodeCommand(octets.subarray(0, 32 + 249))).toMatchObject({ number: 2 });
    expect(decodeCommand(octets)).toMatchObject({ code: 'LENGTH' });
  });

  it('gives back what was put in', () => {
    const command = fc.record(
      {
        ownOa: fc.nat(255),
        fence: u32,
        number: u32,
        session: u32,
        command: u32,
        connectorFence: u32,
        deadline: fc.double({ min: 0, max: 1e13, noNaN: true }),
        asdu: fc.uint8Array({ minLength: 6, maxLength: 249 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(command, (value) => {
        expect(decodeCommand(received(encodeCommand(value)))).toEqual(value);
      }),
    );
  });
});

describe('results of commands', () => {
  const RESULTS = {
    connectorFence: 0x0403_0201,
    results: [
      { fence: 5, number: 2, outcome: CommandOutcome.SENT },
      { fence: 0x0807_0605, number: 3, outcome: CommandOutcome.WITHDRAWN },
    ],
  };
  const OCTETS = [
    '02 00 02 00', // version, 0, two entries
    '01 02 03 04', // fence of the connector
    '05 00 00 00 02 00 00 00 01 00 00 00', // fence of the router, number, SENT
    '05 06 07 08 03 00 00 00 05 00 00 00', // WITHDRAWN
  ];

  it('are laid out as documented, both ways', () => {
    expect(hex(encodeCommandResults(RESULTS))).toBe(hex(fromHex(...OCTETS)));
    expect(decodeCommandResults(fromHex(...OCTETS))).toEqual(RESULTS);
  });

  it.each([
    ['version 1', 0, 1, 'VERSION'],
    ['a version of later', 0, 3, 'VERSION'],
    ['an entry less than they say', 2, 3, 'LENGTH'],
    ['an entry more than they say', 2, 1, 'LENGTH'],
    ['an outcome of later', 16, 6, 'KIND'],
    ['outcome 0', 16, 0, 'KIND'],
  ] as const)('with %s are refused', (_what, at, value, code) => {
    const octets = fromHex(...OCTETS);
    octets[at] = value;
    expect(decodeCommandResults(octets)).toMatchObject({ name: 'WireError', code });
  });

  it('are refused when they are cut off', () => {
    expect(decodeCommandResults(new Uint8Array(0))).toMatchObject({ code: 'VERSION' });
    expect(decodeCommandResults(fromHex(...OCTETS).subarray(0, 7))).toMatchObject({ code: 'SHORT' });
    expect(decodeCommandResults(fromHex(...OCTETS).subarray(0, 31))).toMatchObject({ code: 'LENGTH' });
  });

  it('give back what was put in', () => {
    const outcome = fc.constantFrom(...Object.values(CommandOutcome));
    const result = fc.record({ fence: u32, number: u32, outcome }, { noNullPrototype: true });
    fc.assert(
      fc.property(u32, fc.array(result, { maxLength: 100 }), (connectorFence, results) => {
        const value = { connectorFence, results };
        expect(decodeCommandResults(received(encodeCommandResults(value)))).toEqual(value);
      }),
    );
  });
});
