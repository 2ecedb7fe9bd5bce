import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeAcks, forEachAck } from './ack-message.js';
import {
  commandAsdu,
  commandDeadline,
  commandNumber,
  CommandOutcome,
  confirmedPosition,
  demandWanted,
  encodeCommand,
  encodeCommandResult,
  encodeConfirmed,
  encodeDemand,
  messageFence,
  resultNumber,
  resultOutcome,
} from './connector-messages.js';
import {
  encodeIn,
  inCount,
  inDeadline,
  InKind,
  inKind,
  inNumber,
  inSession,
  inText,
  IN_PREAMBLE_OCTETS,
} from './in-message.js';
import {
  asBuffer,
  encodeLogRecord,
  LOG_RECORD_PREAMBLE_OCTETS,
  recordCount,
  recordEnd,
  recordEpoch,
  recordFirst,
  recordReceivedAt,
} from './log-record.js';
import {
  encodeOut,
  encodeOutMark,
  encodeOutText,
  NO_POSITION,
  OUT_PREAMBLE_OCTETS,
  outCount,
  outFence,
  OutFlag,
  outFlags,
  outFirst,
  outFrom,
  OutKind,
  outKind,
  outText,
} from './out-message.js';
import { decodeJson, encodeJson, rtuLinkUp, type RtuState } from './state-message.js';

const hex = (octets: Uint8Array): string =>
  Buffer.from(octets)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');
/** As a subscriber may see it: not a Buffer, and in the middle of some memory. */
function received(octets: Uint8Array): Uint8Array {
  const memory = new Uint8Array(octets.length + 11);
  memory.set(octets, 7);
  return memory.subarray(7, 7 + octets.length);
}

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
/** Beyond 32 bits: a busy RTU passes 2^32 ASDUs in a year. */
const position = fc.nat(Number.MAX_SAFE_INTEGER);
const time = fc.nat(8e15);
const octets = fc.uint8Array({ maxLength: 300 });
/** Octets, and a part of them. */
const part = octets.chain((all) =>
  fc
    .tuple(fc.constant(all), fc.nat(all.length), fc.nat(all.length))
    .map(([whole, a, b]) => [whole, Math.min(a, b), Math.max(a, b)] as const),
);

describe('a log record', () => {
  it('is laid out as documented', () => {
    const apdu = Uint8Array.of(0xee, 0x68, 4, 1, 0, 0, 0, 0xee);
    expect(hex(encodeLogRecord(0x04030201, 256, 0x0605, 1, apdu, 1, 7))).toBe(
      [
        '01 00 05 06', // version, 0, number of ASDUs
        '01 02 03 04', // link epoch
        '00 00 00 00 00 00 70 40', // 256 = 2^8: exponent 1023 + 8 = 0x407
        '00 00 00 00 00 00 f0 3f', // 1
        '68 04 01 00 00 00',
      ].join(' '),
    );
  });

  it('gives back what was put in, and does not share memory with it', () => {
    fc.assert(
      fc.property(u32, position, u16, time, part, (epoch, first, count, at, [all, start, end]) => {
        const before = Uint8Array.from(all);
        const record = received(encodeLogRecord(epoch, first, count, at, all, start, end));
        all.fill(0);
        expect(recordEpoch(record)).toBe(epoch);
        expect(recordFirst(record)).toBe(first);
        expect(recordCount(record)).toBe(count);
        expect(recordEnd(record)).toBe(first + count);
        expect(recordReceivedAt(record)).toBe(at);
        expect([...record.subarray(LOG_RECORD_PREAMBLE_OCTETS)]).toEqual([...before.subarray(start, end)]);
      }),
    );
  });
});

describe('a message to gateways', () => {
  it('is laid out as documented', () => {
    const apdu = Uint8Array.of(0x68, 4, 1, 0, 0, 0);
    expect(hex(encodeOut(OutKind.DATA, OutFlag.PATCH_OA, 0x0807_0605, 1, 2, 3, apdu, 0, 6))).toBe(
      [
        '01 01 01 00', // version, kind, flags, 0
        '05 06 07 08', // fence
        '00 00 00 00 00 00 f0 3f', // from = 1
        '00 00 00 00 00 00 00 40', // first = 2
        '03 00 00 00', // number of ASDUs
        '68 04 01 00 00 00',
      ].join(' '),
    );
    expect(hex(encodeOutText(OutKind.CLOSE, 1, 'hi'))).toBe(
      '01 03 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 f0 bf 00 00 00 00 68 69',
    );
    expect(hex(encodeOutMark(OutKind.JOIN, 1, 1, 2))).toBe(
      '01 02 00 00 01 00 00 00 00 00 00 00 00 00 f0 3f 00 00 00 00 00 00 00 40 00 00 00 00',
    );
  });

  it('gives back what was put in', () => {
    const kind = fc.constantFrom(...Object.values(OutKind));
    const first = fc.oneof(position, fc.constant(NO_POSITION));
    fc.assert(
      fc.property(kind, fc.nat(255), u32, position, first, u32, part, (k, flags, fence, from, at, count, body) => {
        const [all, start, end] = body;
        const message = received(encodeOut(k, flags, fence, from, at, count, all, start, end));
        expect(outKind(message)).toBe(k);
        expect(outFlags(message)).toBe(flags);
        expect(outFence(message)).toBe(fence);
        expect(outFrom(message)).toBe(from);
        expect(outFirst(message)).toBe(at);
        expect(outCount(message)).toBe(count);
        expect([...message.subarray(OUT_PREAMBLE_OCTETS)]).toEqual([...all.subarray(start, end)]);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const message = received(encodeOutText(OutKind.STANDBY, 4, text));
        expect([outKind(message), outFence(message), outFrom(message), outFirst(message), outCount(message)]).toEqual([
          OutKind.STANDBY,
          4,
          0,
          NO_POSITION,
          0,
        ]);
        expect(outText(message)).toBe(text);
      }),
    );
  });
});

describe('a message from gateways', () => {
  it('is laid out as documented', () => {
    expect(hex(encodeIn(InKind.COMMANDS, 0x0403_0201, 0x0d0c_0b0a, 2, 0x0605, Uint8Array.of(9, 8, 7), 1, 3))).toBe(
      [
        '01 03 05 06', // version, kind, number of ASDUs
        '01 02 03 04', // session
        '00 00 00 00 00 00 00 40', // deadline = 2
        '0a 0b 0c 0d', // number of the message
        '08 07',
      ].join(' '),
    );
  });

  it('gives back what was put in', () => {
    const kind = fc.constantFrom(...Object.values(InKind));
    fc.assert(
      fc.property(kind, u32, u32, time, u16, part, (k, session, number, deadline, count, [all, start, end]) => {
        const message = received(encodeIn(k, session, number, deadline, count, all, start, end));
        expect(inKind(message)).toBe(k);
        expect(inSession(message)).toBe(session);
        expect(inNumber(message)).toBe(number);
        expect(inDeadline(message)).toBe(deadline);
        expect(inCount(message)).toBe(count);
        expect([...message.subarray(IN_PREAMBLE_OCTETS)]).toEqual([...all.subarray(start, end)]);
      }),
    );
    const closed = received(encodeIn(InKind.CLOSED, 1, 2, 0, 0, Buffer.from('idle nichts gehört')));
    expect(inText(closed)).toBe('idle nichts gehört');
    expect(inText(received(encodeIn(InKind.STARTED, 1, 2)))).toBe('');
  });
});

describe('acknowledgements', () => {
  it('are laid out as documented', () => {
    expect(hex(encodeAcks([{ id: 0x0403_0201, acknowledged: 1 }], 1))).toBe('01 02 03 04 00 00 00 00 00 00 f0 3f');
  });

  it('give back what was put in, and nothing of a torn entry', () => {
    const entries = fc.array(fc.record({ id: u32, acknowledged: position }), { maxLength: 20 });
    fc.assert(
      fc.property(entries, fc.nat(11), (sent, torn) => {
        const message = received(Buffer.concat([encodeAcks(sent, sent.length), Buffer.alloc(torn)]));
        const seen: { id: number; acknowledged: number }[] = [];
        forEachAck(message, (id, acknowledged) => seen.push({ id, acknowledged }));
        expect(seen).toEqual(sent);
      }),
    );
  });
});

describe('messages to and from the connector', () => {
  it('are laid out as documented', () => {
    expect(hex(encodeConfirmed(0x0403_0201, 2))).toBe('01 02 03 04 00 00 00 00 00 00 00 00 00 00 00 40');
    expect(hex(encodeDemand(1, true))).toBe('01 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00');
    expect(hex(encodeDemand(1, false))).toBe('01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00');
    expect(hex(encodeCommand(1, 0x0403_0201, 2, Uint8Array.of(45, 1)))).toBe(
      '01 00 00 00 01 02 03 04 00 00 00 00 00 00 00 40 2d 01',
    );
    expect(hex(encodeCommandResult(0x0403_0201, CommandOutcome.QUEUE_FULL))).toBe('01 02 03 04 04');
  });

  it('give back what was put in', () => {
    fc.assert(
      fc.property(u32, position, fc.boolean(), (fence, at, wanted) => {
        const confirmed = received(encodeConfirmed(fence, at));
        expect([messageFence(confirmed), confirmedPosition(confirmed)]).toEqual([fence, at]);
        const demand = received(encodeDemand(fence, wanted));
        expect([messageFence(demand), demandWanted(demand)]).toEqual([fence, wanted]);
      }),
    );
    fc.assert(
      fc.property(u32, u32, time, octets, (fence, number, deadline, asdu) => {
        const command = received(encodeCommand(fence, number, deadline, asdu));
        expect(messageFence(command)).toBe(fence);
        expect(commandNumber(command)).toBe(number);
        expect(commandDeadline(command)).toBe(deadline);
        expect([...commandAsdu(command)]).toEqual([...asdu]);
      }),
    );
    for (const outcome of Object.values(CommandOutcome)) {
      const result = received(encodeCommandResult(4_000_000_000, outcome));
      expect([resultNumber(result), resultOutcome(result)]).toEqual([4_000_000_000, outcome]);
    }
  });
});

describe('JSON messages', () => {
  it('give back what was put in, and undefined for nonsense', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(decodeJson(encodeJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(decodeJson(Buffer.from('{"a":'))).toBeUndefined();
    expect(decodeJson(new Uint8Array(0))).toBeUndefined();
  });

  it('say when masters may be connected', () => {
    const states: Record<RtuState, boolean> = {
      disconnected: false,
      connecting: false,
      connected: true,
      starting: true,
      started: true,
      stopping: true,
    };
    for (const [state, up] of Object.entries(states)) expect(rtuLinkUp(state as RtuState)).toBe(up);
  });
});

it('octets as a Buffer share their memory', () => {
  const memory = Uint8Array.of(1, 2, 3, 4);
  const buffer = asBuffer(memory.subarray(1, 3));
  memory[2] = 9;
  expect([...buffer]).toEqual([2, 9]);
  expect(asBuffer(buffer)).toBe(buffer);
});
