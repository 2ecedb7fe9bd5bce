import type { Packet } from './packets.js';

/** What one end of a TCP connection sent. */
export interface TcpSegment {
  readonly timeMs: number;
  /** `address:port`, IPv6 in brackets. */
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly sequence: number;
  readonly syn: boolean;
  /** FIN or RST. */
  readonly end: boolean;
  readonly payload: Uint8Array;
  /** Octets behind these that were sent, and not captured: the capture keeps the begin of each packet only. */
  readonly missing: number;
}

const ETHERNET = 1;
const LINUX_COOKED = 113;
const LINUX_COOKED_2 = 276;
const LOOPBACK = [0, 108];
const RAW_IP = [12, 101, 228, 229];
/** IPv6 extension headers that only stand before TCP: hop-by-hop, routing, destination options. */
const IPV6_EXTENSIONS = [0, 43, 60];
const VLAN_TAGS = [0x8100, 0x88a8];
const TCP = 6;

/** The TCP segment in a packet; undefined for anything else, fragments included. */
export function tcpSegment({ timeMs, linkType, octets }: Packet): TcpSegment | undefined {
  const at = ipOffset(linkType, octets);
  if (at === undefined || octets.length < at + 20) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const version = view.getUint8(at) >> 4;
  const ip = version === 4 ? ipv4(view, at) : version === 6 ? ipv6(view, at) : undefined;
  if (ip === undefined || octets.length < ip.tcpAt + 20) return undefined;
  const { tcpAt } = ip;
  const dataAt = tcpAt + (view.getUint8(tcpAt + 12) >> 4) * 4;
  const flags = view.getUint8(tcpAt + 13);
  const [fromPort, toPort] = [view.getUint16(tcpAt), view.getUint16(tcpAt + 2)];
  return {
    timeMs,
    from: `${ip.from}:${fromPort}`,
    to: `${ip.to}:${toPort}`,
    fromPort,
    sequence: view.getUint32(tcpAt + 4),
    syn: (flags & 0x02) !== 0,
    end: (flags & 0x05) !== 0,
    // A short packet is padded by Ethernet: its IP header says where it ends.
    payload: octets.subarray(dataAt, Math.max(Math.min(ip.end, octets.length), dataAt)),
    missing: Math.max(ip.end - Math.max(octets.length, dataAt), 0),
  };
}

/** Whether the packets of an interface can be read at all. */
export function isLinkTypeKnown(linkType: number): boolean {
  return [ETHERNET, LINUX_COOKED, LINUX_COOKED_2, ...LOOPBACK, ...RAW_IP].includes(linkType);
}

function ipOffset(linkType: number, octets: Uint8Array): number | undefined {
  if (RAW_IP.includes(linkType)) return 0;
  if (LOOPBACK.includes(linkType)) return 4;
  if (linkType === LINUX_COOKED) return 16;
  if (linkType === LINUX_COOKED_2) return 20;
  if (linkType !== ETHERNET) return undefined;
  let at = 12;
  while (VLAN_TAGS.includes(((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0))) at += 4;
  return at + 2;
}

interface IpHeader {
  readonly from: string;
  readonly to: string;
  readonly tcpAt: number;
  readonly end: number;
}

function ipv4(view: DataView, at: number): IpHeader | undefined {
  const isFragment = (view.getUint16(at + 6) & 0x3fff) !== 0;
  if (view.getUint8(at + 9) !== TCP || isFragment) return undefined;
  const address = (from: number): string => [0, 1, 2, 3].map((part) => view.getUint8(from + part)).join('.');
  return {
    from: address(at + 12),
    to: address(at + 16),
    tcpAt: at + (view.getUint8(at) & 0x0f) * 4,
    end: at + view.getUint16(at + 2),
  };
}

function ipv6(view: DataView, at: number): IpHeader | undefined {
  if (view.byteLength < at + 40) return undefined;
  let [header, tcpAt] = [view.getUint8(at + 6), at + 40];
  while (IPV6_EXTENSIONS.includes(header) && view.byteLength >= tcpAt + 2) {
    header = view.getUint8(tcpAt);
    tcpAt += (view.getUint8(tcpAt + 1) + 1) * 8;
  }
  if (header !== TCP) return undefined;
  const address = (from: number): string => {
    const parts = Array.from({ length: 8 }, (_, part) => view.getUint16(from + part * 2).toString(16));
    // In the usual short form, which is what a URL has.
    return new URL(`http://[${parts.join(':')}]`).hostname;
  };
  return { from: address(at + 8), to: address(at + 24), tcpAt, end: at + 40 + view.getUint16(at + 4) };
}
