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

const NOTHING = new Uint8Array();

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

function parts(octets: Uint8Array = NOTHING): [number, Uint8Array][] {
  if (octets.length <= MAX_PAYLOAD) return octets.length > 0 ? [[0, octets]] : [];
  const all: [number, Uint8Array][] = [];
  for (let at = 0; at < octets.length; at += MAX_PAYLOAD) all.push([at, octets.subarray(at, at + MAX_PAYLOAD)]);
  return all;
}

/** Both of one family: behind a balancer (`proxy`) a master may have an IPv6 address and we an IPv4 one. */
function endsOf({ local, remote }: Pick<CaptureSegment, 'local' | 'remote'>): [End, End] {
  const a = { address: knownOctetsOf(local[0]), port: local[1] };
  const b = { address: knownOctetsOf(remote[0]), port: remote[1] };
  if (a.address.length === b.address.length) return [a, b];
  return [
    { ...a, address: mapped(a.address) },
    { ...b, address: mapped(b.address) },
  ];
}

/** The few addresses of a capture come again with each segment. */
const MAX_KNOWN = 1_000;
const known = new Map<string, Uint8Array>();
function knownOctetsOf(address: string): Uint8Array {
  let octets = known.get(address);
  if (octets === undefined) {
    octets = octetsOf(plainAddress(address));
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(address, octets);
  }
  return octets;
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

const ETHERNET_HEADER_OCTETS = 14;
const IPV4_HEADER_OCTETS = 20;
const IPV6_HEADER_OCTETS = 40;

/** Written in one piece: there are some ten thousand a second of a busy group. */
function frame(from: End, to: End, seq: number, ack: number, flags: number, payload: Uint8Array = NOTHING): Buffer {
  const isIpv4 = from.address.length === 4;
  const tcpAt = ETHERNET_HEADER_OCTETS + (isIpv4 ? IPV4_HEADER_OCTETS : IPV6_HEADER_OCTETS);
  const tcpOctets = TCP_HEADER_OCTETS + payload.length;
  const octets = Buffer.allocUnsafe(tcpAt + tcpOctets);
  writeMac(octets, 0, to);
  writeMac(octets, 6, from);
  octets.writeUInt16BE(isIpv4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, 12);
  (isIpv4 ? writeIpv4 : writeIpv6)(octets, from, to, tcpOctets);
  octets.writeUInt16BE(from.port, tcpAt);
  octets.writeUInt16BE(to.port, tcpAt + 2);
  octets.writeUInt32BE(seq % 2 ** 32, tcpAt + 4);
  octets.writeUInt32BE((flags & ACK) === 0 ? 0 : ack % 2 ** 32, tcpAt + 8);
  octets[tcpAt + 12] = (TCP_HEADER_OCTETS / 4) << 4;
  octets[tcpAt + 13] = flags;
  octets.writeUInt16BE(WINDOW, tcpAt + 14);
  octets.writeUInt32BE(0, tcpAt + 16);
  octets.set(payload, tcpAt + TCP_HEADER_OCTETS);
  // RFC 9293, 3.1, and RFC 8200, 8.1: addresses, protocol and length count, too. The addresses stand before TCP in both headers.
  const addressesAt = tcpAt - 2 * from.address.length;
  octets.writeUInt16BE(checksum(octets, addressesAt, octets.length, TCP + tcpOctets), tcpAt + 16);
  return octets;
}

function writeIpv4(octets: Buffer, from: End, to: End, length: number): void {
  const at = ETHERNET_HEADER_OCTETS;
  octets.writeUInt16BE(0x4500, at);
  octets.writeUInt16BE(IPV4_HEADER_OCTETS + length, at + 2);
  // Don't fragment: RFC 6864 lets the identification be 0 then.
  octets.writeUInt32BE(0x4000, at + 4);
  octets[at + 8] = HOP_LIMIT;
  octets[at + 9] = TCP;
  octets.writeUInt16BE(0, at + 10);
  octets.set(from.address, at + 12);
  octets.set(to.address, at + 16);
  octets.writeUInt16BE(checksum(octets, at, at + IPV4_HEADER_OCTETS), at + 10);
}

function writeIpv6(octets: Buffer, from: End, to: End, length: number): void {
  const at = ETHERNET_HEADER_OCTETS;
  octets.writeUInt32BE(0x60000000, at);
  octets.writeUInt16BE(length, at + 4);
  octets[at + 6] = TCP;
  octets[at + 7] = HOP_LIMIT;
  octets.set(from.address, at + 8);
  octets.set(to.address, at + 24);
}

/** A locally administered address, of the last octets of that of IP. */
function writeMac(octets: Buffer, at: number, { address }: End): void {
  octets.writeUInt16BE(0x0200, at);
  for (let i = 0; i < 4; i++) octets[at + 2 + i] = address[address.length - 4 + i] as number;
}

/** RFC 1071, of the octets from `at` to `end`, and what else is to be added. */
function checksum(octets: Uint8Array, at: number, end: number, more = 0): number {
  let sum = more;
  for (let i = at; i + 1 < end; i += 2) sum += ((octets[i] as number) << 8) | (octets[i + 1] as number);
  if ((end - at) % 2 === 1) sum += (octets[end - 1] as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
