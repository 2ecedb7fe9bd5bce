import { normalAddress } from '@iec104mm2ss/config';

/**
 * The header of the PROXY protocol (haproxy's proxy-protocol.txt, versions 1 and 2), by which a load balancer says where a
 * connection comes from. Strict: what is not exactly in a form of the document is wrong.
 */
export type ProxyHeader =
  /** More octets have to come. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'wrong'; readonly message: string }
  /** The load balancer's own connection (version 2, LOCAL): it looks whether somebody is there. */
  | { readonly kind: 'local'; readonly octets: number }
  /** It does not say (UNKNOWN, AF_UNSPEC): the address of the connection counts. */
  | { readonly kind: 'unknown'; readonly octets: number }
  /** `octets`: length of the header; what follows is the peer's. */
  | { readonly kind: 'source'; readonly octets: number; readonly address: string; readonly port: number };

const V1_START = Buffer.from('PROXY ');
/** With CRLF. */
const V1_MOST_OCTETS = 107;
const V2_START = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const V2_FIXED_OCTETS = 16;
/** Addresses and TLVs; a certificate of a client does not belong here. */
const V2_MOST_OCTETS = 4_096;
const V2_LOCAL = 0x20;
const V2_PROXY = 0x21;
const V2_UNSPEC = 0x00;
/** Of what is over TCP: octets of one address. */
const V2_ADDRESS_OCTETS: Readonly<Record<number, number>> = { 0x11: 4, 0x21: 16 };

/** A header is never longer. */
export const PROXY_HEADER_MOST_OCTETS = V2_FIXED_OCTETS + V2_MOST_OCTETS;

/** Reads the header at the beginning of `octets`, of which more may come. */
export function parseProxyHeader(octets: Buffer): ProxyHeader {
  if (beginsAs(octets, V1_START)) return octets.length < V1_START.length ? { kind: 'incomplete' } : parseV1(octets);
  if (beginsAs(octets, V2_START)) return octets.length < V2_FIXED_OCTETS ? { kind: 'incomplete' } : parseV2(octets);
  return wrong('it does not begin as a header of the PROXY protocol');
}

/** True when these octets, hexadecimal, are the beginning of a header. */
export function looksLikeProxyHeader(hex: string): boolean {
  const octets = Buffer.from(hex.slice(0, 2 * V1_START.length), 'hex');
  return octets.length === V1_START.length && (beginsAs(octets, V1_START) || beginsAs(octets, V2_START));
}

function beginsAs(octets: Buffer, start: Buffer): boolean {
  const length = Math.min(octets.length, start.length);
  return octets.subarray(0, length).equals(start.subarray(0, length));
}

function wrong(message: string): ProxyHeader {
  return { kind: 'wrong', message };
}

// ---- version 1: a line of text --------------------------------------------------------------------------------------

function parseV1(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, V1_MOST_OCTETS).indexOf('\r\n');
  if (end < 0) {
    return octets.length < V1_MOST_OCTETS ? { kind: 'incomplete' } : wrong(`no CRLF in ${V1_MOST_OCTETS} octets`);
  }
  const line = octets.toString('latin1', V1_START.length, end);
  const length = end + 2;
  if (/^UNKNOWN(?: |$)/.test(line)) return { kind: 'unknown', octets: length };
  const [, version, source = '', destination = '', sourcePort = '', destinationPort = ''] =
    /^TCP([46]) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) (\d{1,5}) (\d{1,5})$/.exec(line) ?? [];
  if (version === undefined) return wrong('the line is none of TCP4, TCP6 and UNKNOWN');
  const addresses = [source, destination].map((text) => (text.includes(':') === (version === '6') ? text : ''));
  const [address, other] = addresses.map(normalAddress);
  if (address === undefined || other === undefined) return wrong(`an address is none of TCP${version}`);
  const ports = [sourcePort, destinationPort].map(portOf);
  if (ports.some((port) => port === undefined)) return wrong('a port is not 0..65535');
  return { kind: 'source', octets: length, address, port: ports[0] as number };
}

function portOf(text: string): number | undefined {
  const port = Number(text);
  return String(port) === text && port <= 0xffff ? port : undefined;
}

// ---- version 2: binary ----------------------------------------------------------------------------------------------

function parseV2(octets: Buffer): ProxyHeader {
  const command = octets[12] as number;
  const family = octets[13] as number;
  const length = octets.readUInt16BE(14);
  if (command !== V2_LOCAL && command !== V2_PROXY) return wrong(`version and command are 0x${hex(command)}`);
  const size = V2_ADDRESS_OCTETS[family];
  const known = command === V2_LOCAL || family === V2_UNSPEC || size !== undefined;
  if (!known) return wrong(`address family and protocol are 0x${hex(family)}`);
  if (length > V2_MOST_OCTETS) return wrong(`${length} octets of addresses and TLVs`);
  const addressed = command === V2_PROXY && size !== undefined;
  if (addressed && length < 2 * size + 4) return wrong(`${length} octets are too few for two addresses`);
  const whole = V2_FIXED_OCTETS + length;
  if (octets.length < whole) return { kind: 'incomplete' };
  if (command === V2_LOCAL) return { kind: 'local', octets: whole };
  if (!addressed) return { kind: 'unknown', octets: whole };
  const from = octets.subarray(V2_FIXED_OCTETS, V2_FIXED_OCTETS + size);
  const address = normalAddress(size === 4 ? from.join('.') : ipv6Text(from));
  if (address === undefined) return wrong('the address cannot be written');
  return { kind: 'source', octets: whole, address, port: octets.readUInt16BE(V2_FIXED_OCTETS + 2 * size) };
}

function ipv6Text(octets: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i).toString(16)).join(':');
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
