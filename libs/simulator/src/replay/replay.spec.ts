import { describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { capturedRtus } from './captured-rtus.js';
import { CaptureError } from './packets.js';
import { eventsOnly, replay } from './replay.js';

interface Sent {
  readonly timeMs: number;
  readonly hex?: string;
  readonly sequence: number;
  readonly flags?: number;
  readonly toPort?: number;
  readonly fromPort?: number;
}

const RTU_PORT = 2404;
const ACK = 0x10;
const SYN = 0x12;

function ipPacket({ hex = '', sequence, flags = ACK, toPort = 40_000, fromPort = RTU_PORT }: Sent): Buffer {
  const payload = Buffer.from(hex, 'hex');
  const packet = Buffer.alloc(40);
  packet.writeUInt8(0x45, 0);
  packet.writeUInt16BE(40 + payload.length, 2);
  packet.writeUInt8(6, 9);
  Buffer.from([10, 0, 0, 1, 10, 0, 0, 2]).copy(packet, 12);
  packet.writeUInt16BE(fromPort, 20);
  packet.writeUInt16BE(toPort, 22);
  packet.writeUInt32BE(sequence >>> 0, 24);
  packet.writeUInt8(0x50, 32);
  packet.writeUInt8(flags, 33);
  return Buffer.concat([packet, payload]);
}

function ethernet(packet: Buffer): Buffer {
  const header = Buffer.alloc(18);
  header.writeUInt16BE(0x8100, 12);
  header.writeUInt16BE(0x0800, 16);
  return Buffer.concat([header, packet, Buffer.alloc(Math.max(60 - 18 - packet.length, 0))]);
}

function pcap(all: readonly Sent[], linkType = 101, snapshotLength = 65_535): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt32LE(linkType, 20);
  const records = all.map((sent) => {
    const whole = linkType === 1 ? ethernet(ipPacket(sent)) : ipPacket(sent);
    const packet = whole.subarray(0, snapshotLength);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(sent.timeMs / 1000), 0);
    record.writeUInt32LE((sent.timeMs % 1000) * 1000, 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(whole.length, 12);
    return Buffer.concat([record, packet]);
  });
  return Buffer.concat([header, ...records]);
}

function pcapng(all: readonly Sent[]): Buffer {
  const block = (type: number, body: Buffer): Buffer => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    const [head, tail] = [Buffer.alloc(8), Buffer.alloc(4)];
    head.writeUInt32LE(type, 0);
    head.writeUInt32LE(padded.length + 12, 4);
    tail.writeUInt32LE(padded.length + 12, 0);
    return Buffer.concat([head, padded, tail]);
  };
  const section = Buffer.from('4d3c2b1a01000000ffffffffffffffff', 'hex');
  // Raw IP, if_tsresol 9: nanoseconds.
  const description = Buffer.from('6500000000000400' + '09000100' + '09000000' + '00000000', 'hex');
  const packets = all.map((sent) => {
    const packet = ipPacket(sent);
    const head = Buffer.alloc(20);
    const ns = BigInt(sent.timeMs) * 1_000_000n;
    head.writeUInt32LE(Number(ns >> 32n), 4);
    head.writeUInt32LE(Number(ns & 0xffffffffn), 8);
    head.writeUInt32LE(packet.length, 12);
    head.writeUInt32LE(packet.length, 16);
    return block(6, Buffer.concat([head, packet]));
  });
  return Buffer.concat([block(0x0a0d0d0a, section), block(1, description), ...packets]);
}

const asdu = (ioa: number, type = '01'): string => `${type}01030020000${ioa}000001`;
const apdu = (ioa: number, type = '01'): string => `680e${'00'.repeat(4)}${asdu(ioa, type)}`;
const STARTDT_CON = '68040b000000';
const T0 = 1_700_000_000_000;

const found = (file: Buffer): string[] =>
  capturedRtus(file, RTU_PORT).rtus.flatMap(({ asdus }) =>
    asdus.map(({ timeMs, asdu: octets }) => `${timeMs - T0} ${Buffer.from(octets).toString('hex')}`),
  );

const STREAM: readonly Sent[] = [
  { timeMs: T0, sequence: 99, flags: SYN },
  { timeMs: T0 + 10, sequence: 100, hex: STARTDT_CON },
  { timeMs: T0 + 20, sequence: 106, hex: apdu(1) + apdu(2) },
  { timeMs: T0 + 500, sequence: 138, hex: apdu(3) },
];
const EXPECTED = [`20 ${asdu(1)}`, `20 ${asdu(2)}`, `500 ${asdu(3)}`];

describe('what an RTU said in a capture', () => {
  it.each([
    ['pcap, raw IP', pcap(STREAM)],
    ['pcap, Ethernet with VLAN and padding', pcap(STREAM, 1)],
    ['pcapng with nanoseconds', pcapng(STREAM)],
  ])('is read from %s', (_format, file) => {
    expect(found(file)).toEqual(EXPECTED);
  });

  it('is put in order, without repeats, over cuts anywhere and the end of the sequence numbers', () => {
    const octets = STARTDT_CON + apdu(1) + apdu(2) + apdu(3);
    const start = 0xffffffff - 20;
    const pieces = Array.from({ length: octets.length / 2 }, (_, at) => ({
      timeMs: T0,
      sequence: start + at,
      hex: octets.slice(at * 2, at * 2 + 2),
    }));
    const shuffled = pieces.flatMap((piece, at) => (at % 3 === 1 ? [pieces[at + 1]!, piece, piece] : [piece]));
    const file = pcap([
      { timeMs: T0, sequence: start - 1, flags: SYN },
      ...shuffled.filter((piece) => piece !== undefined),
    ]);
    expect(found(file)).toEqual([1, 2, 3].map((ioa) => `0 ${asdu(ioa)}`));
  });

  it('goes on behind octets that are missing', () => {
    const later = Array.from({ length: 70 }, (_, at) => ({
      timeMs: T0 + 600,
      sequence: 2000 + at * 16,
      hex: apdu(at % 10),
    }));
    const [rtu] = capturedRtus(pcap([...STREAM, ...later]), RTU_PORT).rtus;
    expect(rtu).toMatchObject({ at: '10.0.0.1:2404', gaps: 1, connections: 1, leftOut: 0 });
    expect(rtu?.asdus).toHaveLength(73);
  });

  it('goes on behind octets that are missing at its end', () => {
    const [rtu] = capturedRtus(pcap([...STREAM, { timeMs: T0 + 600, sequence: 170, hex: apdu(5) }]), RTU_PORT).rtus;
    expect(rtu).toMatchObject({ gaps: 1 });
    expect(rtu?.asdus).toHaveLength(4);
  });

  it('goes on behind a packet of which the begin was captured only', () => {
    const octets = apdu(4) + apdu(5);
    const all = [
      ...STREAM,
      { timeMs: T0 + 600, sequence: 154, hex: octets },
      { timeMs: T0 + 700, sequence: 186, hex: apdu(6) },
    ];
    const cut = 40 + 20;
    const { rtus, remarks } = capturedRtus(pcap(all, 101, cut), RTU_PORT);
    expect(remarks).toEqual(['2 packets were not captured to their end: capture them whole (snapshot length)']);
    expect(rtus[0]?.gaps).toBe(2);
    expect(rtus[0]?.asdus.map(({ timeMs }) => timeMs - T0)).toEqual([20, 500, 600, 700]);
  });

  it('says what could not be read', () => {
    const file = pcap(STREAM);
    file.writeUInt32LE(105, 20);
    expect(capturedRtus(file.subarray(0, -3), RTU_PORT)).toEqual({
      rtus: [],
      remarks: ['the file ends in the middle of a packet', '3 packets are of link type 105, which is not understood'],
    });
  });

  it('is that of one connection at a time', () => {
    const second = STREAM.map((sent) => ({ ...sent, toPort: 40_001 }));
    const third = STREAM.map((sent) => ({ ...sent, toPort: 40_002, timeMs: sent.timeMs + 1000 }));
    const [rtu] = capturedRtus(pcap([...STREAM, ...second, ...third]), RTU_PORT).rtus;
    expect(rtu).toMatchObject({ connections: 2, leftOut: 1 });
    expect(rtu?.asdus).toHaveLength(6);
  });

  it('is nothing of what a master said', () => {
    expect(
      capturedRtus(pcap(STREAM.map((sent) => ({ ...sent, fromPort: 40_000, toPort: RTU_PORT }))), RTU_PORT),
    ).toEqual({ rtus: [], remarks: ['APDUs come from port 40000'] });
  });

  it('names the ports of RTUs where nobody is at the one asked for, not those of masters', () => {
    const toRtu = { fromPort: 40_000, toPort: RTU_PORT };
    const asked = { ...STREAM[0]!, ...toRtu, payload: Buffer.from('680e0000000064010600010000000014', 'hex') };
    expect(capturedRtus(pcap([asked, ...STREAM]), 9999).remarks).toEqual([`APDUs come from port ${RTU_PORT}`]);
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['text', Buffer.from('this is a text and no capture')],
  ])('is no %s file', (_what, file) => {
    expect(() => capturedRtus(file, RTU_PORT)).toThrow(CaptureError);
  });

  it('ends before a packet that is cut off', () => {
    expect(found(pcap(STREAM).subarray(0, -3))).toEqual(EXPECTED.slice(0, 2));
  });
});

describe('replay', () => {
  it('sends it in its order and with its pauses, faster if asked to, until it is stopped', async () => {
    const file = pcap([...STREAM, { timeMs: T0 + 60_000, sequence: 154, hex: apdu(4) }]);
    const [rtu] = capturedRtus(file, RTU_PORT).rtus;
    const sent: [number, string][] = [];
    const begin = performance.now();
    const stop = new AbortController();
    const publish = (octets: Uint8Array): void => {
      sent.push([performance.now() - begin, Buffer.from(octets).toString('hex')]);
      if (sent.length === 3) stop.abort();
    };
    // The master leaves after the second.
    const station = {
      publish,
      get started() {
        return sent.length < 2;
      },
    };
    expect(await replay(station, rtu!, { clock: SYSTEM_CLOCK, speed: 4, stop: stop.signal })).toEqual({
      played: 3,
      withoutMaster: 1,
    });
    expect(sent.map(([, hex]) => hex)).toEqual([1, 2, 3].map((ioa) => asdu(ioa)));
    expect(sent[2]?.[0]).toBeGreaterThan(115);
  });

  it('can be for process information only', () => {
    const file = pcap([...STREAM, { timeMs: T0 + 501, sequence: 154, hex: apdu(4, '64') }]);
    const [rtu] = capturedRtus(file, RTU_PORT).rtus;
    expect([rtu?.asdus.length, eventsOnly(rtu!).asdus.length]).toEqual([4, 3]);
  });
});
