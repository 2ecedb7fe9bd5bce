import { isIP, isIPv4 } from 'node:net';

import ipaddr from 'ipaddr.js';

import { parseInteger } from './integer-cell.js';
import { accepted, nearest, refused, splitList, type Parsed } from './parsed.js';
import type { SourceRange } from './types.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Bits in front of the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2). */
const MAPPED_PREFIX_BITS = 96;

/**
 * A host or network, parsed once. IPv4 and IPv4-mapped IPv6 are the same address here, because a dual-stack listener
 * sees an IPv4 peer as `::ffff:10.1.1.5`. An IPv6 network such as `::/0` therefore holds no IPv4 peer.
 */
export class IpRange implements SourceRange {
  readonly text: string;
  readonly #network: Address;
  readonly #prefixBits: number;

  constructor(text: string, network: Address, prefixBits: number) {
    this.text = text;
    this.#network = network;
    this.#prefixBits = prefixBits;
  }

  /** Length of its prefix; of one host all bits of an address. */
  get prefixBits(): number {
    return this.#prefixBits;
  }

  get cidr(): string {
    const text = `${this.#network.toString()}/${this.#prefixBits}`;
    const first =
      this.#network instanceof ipaddr.IPv4
        ? ipaddr.IPv4.networkAddressFromCIDR(text)
        : ipaddr.IPv6.networkAddressFromCIDR(text);
    return `${first.toString()}/${this.#prefixBits}`;
  }

  contains(address: string): boolean {
    const parsed = parseAddress(address);
    return parsed !== undefined && sameNetwork(parsed, this.#network, this.#prefixBits);
  }

  overlaps(other: IpRange): boolean {
    // Two networks overlap only when the shorter prefix holds the other whole.
    return sameNetwork(other.#network, this.#network, Math.min(this.#prefixBits, other.#prefixBits));
  }
}

function sameNetwork(a: Address, b: Address, prefixBits: number): boolean {
  if (a instanceof ipaddr.IPv4) return b instanceof ipaddr.IPv4 && a.match(b, prefixBits);
  return b instanceof ipaddr.IPv6 && a.match(b, prefixBits);
}

/** Undefined when `text` is no address. A zone (`fe80::1%eth0`) says which link a peer is on, not who it is: dropped. */
function parseAddress(text: string): Address | undefined {
  // ipaddr.js alone would also take 10.1 and 010.1.1.1 (octal), which an operator cannot have meant.
  if (isIP(text) === 0) return undefined;
  const zone = text.indexOf('%');
  const address = ipaddr.parse(zone < 0 ? text : text.slice(0, zone));
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/**
 * The one text that each address has: IPv4 also when it is written as IPv4-mapped IPv6, IPv6 as RFC 5952 has it, as sockets show
 * theirs. Undefined when `text` is no address.
 */
export function normalAddress(text: string): string | undefined {
  return parseAddress(text)?.toString();
}

function parsePrefixBits(text: string, address: Address): number | undefined {
  if (address instanceof ipaddr.IPv4 && isIPv4(text)) {
    return ipaddr.IPv4.parse(text).prefixLengthFromSubnetMask() ?? undefined;
  }
  const bits = parseInteger(text, { min: 0, max: address instanceof ipaddr.IPv4 ? 32 : 128 });
  return bits.ok ? bits.value : undefined;
}

/**
 * Reads one host (`10.1.1.5`, `2001:db8::5`) or network (`10.1.1.0/24`, `10.1.1.0/255.255.255.0`, `2001:db8::/32`).
 * Host bits set in a network (`10.1.1.5/24`) are ignored: it is the network they lie in.
 */
export function parseSourceRange(text: string): Parsed<IpRange> {
  const slash = text.indexOf('/');
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const address = addressText.includes('%') ? undefined : parseAddress(addressText);
  if (address === undefined) {
    return refused(`${JSON.stringify(text)} is not an IP address or network${nearest(nearestRange(text))}`);
  }

  const hostBits = address instanceof ipaddr.IPv4 ? 32 : 128;
  if (slash < 0) return accepted(new IpRange(text, address, hostBits));

  const mapped = address instanceof ipaddr.IPv4 && addressText.includes(':');
  const written = parsePrefixBits(text.slice(slash + 1), mapped ? address.toIPv4MappedAddress() : address);
  const prefixBits = written !== undefined && mapped ? written - MAPPED_PREFIX_BITS : written;
  if (prefixBits === undefined || prefixBits < 0) {
    return refused(`${JSON.stringify(text)} is not an IP network: its prefix length is wrong`);
  }
  return accepted(new IpRange(text, address, prefixBits));
}

/** What may have been meant: a port or an interface (`%eth0`) that does not belong there, an asterisk for a network, zeros before numbers, commas. */
function nearestRange(text: string): string | undefined {
  const several = splitList(text, ',');
  if (several.length > 1 && several.every((entry) => parseSourceRange(entry).ok)) return several.join(';');
  if (/^(all|any|\*)$/i.test(text)) return 'an empty cell, which lets every source in';
  const plain = text
    .replace(/:\d+$/, '')
    .replace(/%.*$/, '')
    .replace(/\b0+(?=\d)/g, '');
  if (isIP(plain) !== 0) return plain;
  const numbers = /^((?:\d{1,3}\.){1,3})\*(?:\.\*)*$/.exec(text)?.[1]?.split('.').slice(0, -1) ?? [];
  if (numbers.length === 0 || !numbers.every((number) => Number(number) < 256)) return undefined;
  return `${[...numbers, 0, 0, 0].slice(0, 4).join('.')}/${numbers.length * 8}`;
}

/** Reads the `filter` cell. An empty cell lets every source in; one bad entry refuses the whole list. */
export function parseSourceRanges(text: string): Parsed<readonly IpRange[]> {
  if (text === '') return accepted([]);
  const ranges: IpRange[] = [];
  for (const entry of splitList(text, ';')) {
    const range = parseSourceRange(entry);
    if (!range.ok) return range;
    ranges.push(range.value);
  }
  // A cell of separators only must not become "no filter", which would let everybody in.
  return ranges.length > 0 ? accepted(ranges) : refused('no IP address or network given');
}

/**
 * True when any of `ranges` holds `address` (IPv4, IPv6 or IPv4-mapped IPv6 text). An empty list matches nothing: that
 * an empty filter lets everyone in is the caller's rule. Text that is no address matches nothing.
 */
export function matchesAny(ranges: readonly SourceRange[], address: string): boolean {
  return ranges.some((range) => range.contains(address));
}
