/** A packet of a capture file. */
export interface Packet {
  /** Epoch milliseconds, with their fraction. */
  readonly timeMs: number;
  /** LINKTYPE_ value: 1 Ethernet, 101 raw IP ... */
  readonly linkType: number;
  readonly octets: Uint8Array;
}

/** A file that is no capture, or a damaged one. */
export class CaptureError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'CaptureError';
  }
}

/** The packets of a capture file. */
export interface Capture {
  readonly packets: readonly Packet[];
  /** The file ends in the middle of a packet. */
  readonly cutOff: boolean;
}

const PCAP_HEADER_OCTETS = 24;
const RECORD_HEADER_OCTETS = 16;
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** if_tsresol: the resolution of time stamps. */
const OPTION_RESOLUTION = 9;
/** Nobody captures longer packets. */
const LONGEST_PACKET = 0x40000;

/**
 * The packets of a pcap or pcapng file, in its order.
 *
 * @throws CaptureError for anything else
 */
export function readPackets(file: Uint8Array): Capture {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < PCAP_HEADER_OCTETS)
    throw new CaptureError('the file is no pcap or pcapng capture: it is too short');
  const magic = view.getUint32(0, true);
  if (magic === SECTION_HEADER) return readPcapng(file, view);
  for (const [value, unit, little] of [
    [0xa1b2c3d4, 1e3, true],
    [0xd4c3b2a1, 1e3, false],
    [0xa1b23c4d, 1e6, true],
    [0x4d3cb2a1, 1e6, false],
  ] as const) {
    if (magic === value) return readPcap(file, view, unit, little);
  }
  throw new CaptureError('the file is no pcap or pcapng capture');
}

/** @param perMs fractions of a second in a millisecond: microseconds or nanoseconds */
function readPcap(file: Uint8Array, view: DataView, perMs: number, little: boolean): Capture {
  const linkType = view.getUint32(20, little) & 0xffff;
  const packets: Packet[] = [];
  let at = PCAP_HEADER_OCTETS;
  while (at + RECORD_HEADER_OCTETS <= file.length) {
    const timeMs = view.getUint32(at, little) * 1000 + view.getUint32(at + 4, little) / perMs;
    const length = view.getUint32(at + 8, little);
    if (length > LONGEST_PACKET) throw new CaptureError(`a packet at octet ${at} has ${length} octets`);
    const begin = at + RECORD_HEADER_OCTETS;
    if (begin + length > file.length) break;
    packets.push({ timeMs, linkType, octets: file.subarray(begin, begin + length) });
    at = begin + length;
  }
  return { packets, cutOff: at < file.length };
}

interface Interface {
  readonly linkType: number;
  readonly unitsPerMs: number;
}

function readPcapng(file: Uint8Array, view: DataView): Capture {
  const packets: Packet[] = [];
  let interfaces: Interface[] = [];
  let little = true;
  let at = 0;
  while (at + 12 <= file.length) {
    if (view.getUint32(at, true) === SECTION_HEADER) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      interfaces = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < 12 || length % 4 !== 0) throw new CaptureError(`a block at octet ${at} has ${length} octets`);
    if (at + length > file.length) break;
    if (type === INTERFACE_DESCRIPTION) interfaces.push(interfaceOf(view, at, at + length, little));
    else if (type === ENHANCED_PACKET) {
      const of = interfaces[view.getUint32(at + 8, little)];
      const captured = view.getUint32(at + 20, little);
      if (of !== undefined && at + 28 + captured <= at + length) {
        const units = view.getUint32(at + 12, little) * 2 ** 32 + view.getUint32(at + 16, little);
        const octets = file.subarray(at + 28, at + 28 + captured);
        packets.push({ timeMs: units / of.unitsPerMs, linkType: of.linkType, octets });
      }
    } else if (type === SIMPLE_PACKET) {
      throw new CaptureError('the capture has packets without time');
    }
    at += length;
  }
  return { packets, cutOff: at < file.length };
}

function interfaceOf(view: DataView, begin: number, end: number, little: boolean): Interface {
  const linkType = view.getUint16(begin + 8, little);
  let unitsPerMs = 1e3;
  for (let at = begin + 16; at + 4 <= end - 4;) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === 0) break;
    if (code === OPTION_RESOLUTION && length === 1) {
      const resolution = view.getUint8(at + 4);
      unitsPerMs = ((resolution & 0x80) === 0 ? 10 ** resolution : 2 ** (resolution & 0x7f)) / 1000;
    }
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return { linkType, unitsPerMs };
}
