import { isIPv4 } from 'node:net';
import { plainAddress } from '@iec104mm2ss/config';
import type { CaptureSegment } from '@iec104mm2ss/wire';

/** Of one frame: what an Ethernet takes with IPv4 or IPv6 and TCP in it. */
const MAX_PAYLOAD = 1_440;
const WINDOW = 0xffff;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const TCP = 6;
const HOP_LIMIT = 64;
const TCP_HEADER_OCTETS = 20;

const [FIN, SYN, RST, PSH, ACK] = [0x01, 0x02, 0x04, 0x08, 0x10];

interface End {
  /** 4 octets, or 16. */
  readonly address: Uint8Array;
  readonly port: number;
}

export interface Frame {
  readonly inbound: boolean;
  readonly octets: Buffer;
}

/**
 * Ethernet frames as they may have been for a segment: what was said, from whom to whom, with the sequence numbers and checksums of
 * one TCP connection without losses, in which both began with 0. How it was cut into frames, and TLS, is not known any more.
 */
export function framesOf(segment: CaptureSegment): Frame[] {
  const { kind, controlling, received, sent, octets } = segment;
  const [local, remote] = endsOf(segment);
  const mine = 1 + sent;
  const theirs = 1 + received;
  const out = (flags: number, seq = mine, ack = theirs, payload?: Uint8Array): Frame => ({
    inbound: false,
    octets: frame(local, remote, seq, ack, flags, payload),
  });
  const inward = (flags: number, seq = theirs, ack = mine, payload?: Uint8Array): Frame => ({
    inbound: true,
    octets: frame(remote, local, seq, ack, flags, payload),
  });
  switch (kind) {
    case 'open': {
      const [client, server] = controlling ? [out, inward] : [inward, out];
      return [client(SYN, 0, 0), server(SYN | ACK, 0, 1), client(ACK, 1, 1)];
    }
    case 'in':
      return parts(octets).map(([at, part]) => inward(PSH | ACK, theirs + at, mine, part));
    case 'out':
      return parts(octets).map(([at, part]) => out(PSH | ACK, mine + at, theirs, part));
    case 'closed':
      return [out(FIN | ACK)];
    case 'peer-closed':
      return [inward(FIN | ACK), out(FIN | ACK, mine, theirs + 1)];
    case 'reset':
      return [out(RST | ACK)];
    case 'peer-reset':
      return [inward(RST | ACK)];
  }
}

function parts(base64 = ''): [number, Uint8Array][] {
  const octets = Buffer.from(base64, 'base64');
  const all: [number, Uint8Array][] = [];
  for (let at = 0; at < octets.length; at += MAX_PAYLOAD) all.push([at, octets.subarray(at, at + MAX_PAYLOAD)]);
  return all;
}

/** Both of one family: behind a balancer (`proxy`) a master may have an IPv6 address and we an IPv4 one. */
function endsOf({ local, remote }: Pick<CaptureSegment, 'local' | 'remote'>): [End, End] {
  const ends = [local, remote].map(([address, port]) => ({ address: octetsOf(plainAddress(address)), port }));
  const long = ends.some(({ address }) => address.length > 4);
  const [a, b] = ends.map(({ address, port }) => ({ address: long ? mapped(address) : address, port }));
  return [a as End, b as End];
}

const mapped = (address: Uint8Array): Uint8Array =>
  address.length > 4 ? address : Uint8Array.from([...Array<number>(10).fill(0), 0xff, 0xff, ...address]);

function octetsOf(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  if (!address.includes(':')) return new Uint8Array(4);
  // The way to 16 octets that knows all abbreviations: `[::1]` as a URL has it, written out.
  const [head = '', tail] = (address.split('%')[0] as string).split('::');
  const words = (text: string): number[] =>
    text === ''
      ? []
      : text
          .split(':')
          .flatMap((word) =>
            isIPv4(word)
              ? [0, 2].map((at) => Buffer.from(word.split('.').map(Number)).readUInt16BE(at))
              : [parseInt(word, 16)],
          );
  const [first, last] = [words(head), words(tail ?? '')];
  const gap = tail === undefined ? 0 : 8 - first.length - last.length;
  const octets = Buffer.alloc(16);
  [...first, ...Array<number>(Math.max(0, gap)).fill(0), ...last]
    .slice(0, 8)
    .forEach((word, i) => octets.writeUInt16BE(word & 0xffff, 2 * i));
  return octets;
}

function frame(
  from: End,
  to: End,
  seq: number,
  ack: number,
  flags: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const segment = Buffer.alloc(TCP_HEADER_OCTETS + payload.length);
  segment.writeUInt16BE(from.port, 0);
  segment.writeUInt16BE(to.port, 2);
  segment.writeUInt32BE(seq % 2 ** 32, 4);
  segment.writeUInt32BE((flags & ACK) === 0 ? 0 : ack % 2 ** 32, 8);
  segment[12] = (TCP_HEADER_OCTETS / 4) << 4;
  segment[13] = flags;
  segment.writeUInt16BE(WINDOW, 14);
  segment.set(payload, TCP_HEADER_OCTETS);
  const isIpv4 = from.address.length === 4;
  // RFC 9293, 3.1, and RFC 8200, 8.1: addresses, protocol and length count, too; their order is the same to the sum.
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(TCP, 0);
  pseudo.writeUInt16BE(segment.length, 2);
  segment.writeUInt16BE(checksum(from.address, to.address, pseudo, segment), 16);
  const ip = isIpv4 ? ipv4(from, to, segment.length) : ipv6(from, to, segment.length);
  const ethernet = Buffer.concat([mac(to), mac(from), Buffer.alloc(2)]);
  ethernet.writeUInt16BE(isIpv4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, 12);
  return Buffer.concat([ethernet, ip, segment]);
}

function ipv4(from: End, to: End, length: number): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + length, 2);
  // Don't fragment: RFC 6864 lets the identification be 0 then.
  header.writeUInt16BE(0x4000, 6);
  header[8] = HOP_LIMIT;
  header[9] = TCP;
  header.set(from.address, 12);
  header.set(to.address, 16);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function ipv6(from: End, to: End, length: number): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(length, 4);
  header[6] = TCP;
  header[7] = HOP_LIMIT;
  header.set(from.address, 8);
  header.set(to.address, 24);
  return header;
}

/** A locally administered address, of the last octets of that of IP. */
const mac = ({ address }: End): Buffer => Buffer.from([0x02, 0x00, ...address.slice(-4)]);

/** RFC 1071. */
function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] as number) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
