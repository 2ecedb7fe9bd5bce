/**
 * A pcapng file (draft-ietf-opsawg-pcapng), one block at a time: a section, an interface for each process that captures, their
 * frames, and at the end what was left out.
 */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;

const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const [IF_NAME, IF_DESCRIPTION, IF_TSRESOL] = [2, 3, 9];
const [EPB_FLAGS, EPB_DROPCOUNT] = [2, 4];
const [ISB_IFRECV, ISB_IFDROP] = [4, 5];
const NANOSECONDS = 9;

type Option = readonly [code: number, value: Uint8Array];

export interface PacketOptions {
  readonly inbound: boolean;
  readonly comment?: string | undefined;
  /** Lost between the packet before, on the same interface, and this one. */
  readonly dropped?: number;
}

export function sectionHeader(application: string, comment: string): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  body.writeUInt16LE(1, 4);
  // Its length is not known.
  body.writeBigInt64LE(-1n, 8);
  return block(SECTION_HEADER, body, [text(SHB_USERAPPL, application), text(OPT_COMMENT, comment)]);
}

export function interfaceDescription(name: string, description: string): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(LINKTYPE_ETHERNET, 0);
  return block(INTERFACE_DESCRIPTION, body, [
    text(IF_NAME, name),
    text(IF_DESCRIPTION, description),
    [IF_TSRESOL, Uint8Array.of(NANOSECONDS)],
  ]);
}

/** @param atMs since 1970, with fractions */
export function packet(on: number, atMs: number, octets: Uint8Array, options: PacketOptions): Buffer {
  const { inbound, comment, dropped = 0 } = options;
  const body = Buffer.alloc(20 + padded(octets.length));
  body.writeUInt32LE(on, 0);
  writeTime(body, 4, atMs);
  body.writeUInt32LE(octets.length, 12);
  body.writeUInt32LE(octets.length, 16);
  body.set(octets, 20);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(inbound ? 1 : 2);
  return block(ENHANCED_PACKET, body, [
    [EPB_FLAGS, flags],
    ...(dropped > 0 ? [[EPB_DROPCOUNT, u64(dropped)] as const] : []),
    ...(comment === undefined ? [] : [text(OPT_COMMENT, comment)]),
  ]);
}

export function interfaceStatistics(on: number, atMs: number, received: number, dropped: number): Buffer {
  const body = Buffer.alloc(12);
  body.writeUInt32LE(on, 0);
  writeTime(body, 4, atMs);
  return block(INTERFACE_STATISTICS, body, [
    [ISB_IFRECV, u64(received)],
    [ISB_IFDROP, u64(dropped)],
  ]);
}

function writeTime(body: Buffer, at: number, atMs: number): void {
  const wholeMs = Math.floor(atMs);
  const ns = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((atMs - wholeMs) * 1e6));
  body.writeUInt32LE(Number(ns >> 32n), at);
  body.writeUInt32LE(Number(ns & 0xffffffffn), at + 4);
}

const text = (code: number, value: string): Option => [code, Buffer.from(value.slice(0, 2_000))];

function u64(value: number): Uint8Array {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64LE(BigInt(value));
  return octets;
}

const padded = (length: number): number => Math.ceil(length / 4) * 4;

function block(type: number, body: Uint8Array, options: readonly Option[]): Buffer {
  const optionOctets = options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4);
  const length = 12 + body.length + optionOctets;
  const octets = Buffer.alloc(length);
  octets.writeUInt32LE(type, 0);
  octets.writeUInt32LE(length, 4);
  octets.set(body, 8);
  let at = 8 + body.length;
  for (const [code, value] of options) {
    octets.writeUInt16LE(code, at);
    octets.writeUInt16LE(value.length, at + 2);
    octets.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  octets.writeUInt32LE(length, length - 4);
  return octets;
}
