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

const INBOUND: Option = [EPB_FLAGS, Uint8Array.of(1, 0, 0, 0)];
const OUTBOUND: Option = [EPB_FLAGS, Uint8Array.of(2, 0, 0, 0)];

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
  const more: Option[] = [];
  if (dropped > 0) more.push([EPB_DROPCOUNT, u64(dropped)]);
  if (comment !== undefined) more.push(text(OPT_COMMENT, comment));
  const { buffer, body } = newBlock(ENHANCED_PACKET, 20 + octets.length, [inbound ? INBOUND : OUTBOUND, ...more]);
  buffer.writeUInt32LE(on, body);
  writeTime(buffer, body + 4, atMs);
  buffer.writeUInt32LE(octets.length, body + 12);
  buffer.writeUInt32LE(octets.length, body + 16);
  buffer.set(octets, body + 20);
  return buffer;
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

function block(type: number, content: Uint8Array, options: readonly Option[]): Buffer {
  const { buffer, body } = newBlock(type, content.length, options);
  buffer.set(content, body);
  return buffer;
}

/** A block but for its body, which begins at `body`. */
function newBlock(type: number, bodyOctets: number, options: readonly Option[]): { buffer: Buffer; body: number } {
  const body = 8;
  const optionOctets = options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4);
  const length = 12 + padded(bodyOctets) + optionOctets;
  const buffer = Buffer.allocUnsafe(length);
  buffer.writeUInt32LE(type, 0);
  buffer.writeUInt32LE(length, 4);
  let at = body + padded(bodyOctets);
  buffer.fill(0, body + bodyOctets);
  for (const [code, value] of options) {
    buffer.writeUInt16LE(code, at);
    buffer.writeUInt16LE(value.length, at + 2);
    buffer.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  buffer.writeUInt32LE(length, length - 4);
  return { buffer, body };
}
