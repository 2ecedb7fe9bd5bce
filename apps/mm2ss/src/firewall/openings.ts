import { isIP } from 'node:net';
import { type GroupConfig, plainAddress } from '@iec104mm2ss/config';

/** Sources or destinations of one address family, as networks with a prefix length (`10.1.1.5/32`). */
export interface Networks {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

/** A port of a group that masters connect to. */
export interface Inbound {
  readonly group: string;
  readonly name: string;
  readonly port: number;
  readonly tls: boolean;
  /** Who may connect; undefined: every source, as the file has no filter. */
  readonly sources: Networks | undefined;
}

/** An RTU that is connected to. */
export interface Outbound {
  readonly group: string;
  readonly name: string;
  readonly port: number;
  /** An address, or a name where the file has one. */
  readonly host: string;
  readonly family: 'v4' | 'v6' | 'name';
}

export interface Openings {
  readonly inbound: readonly Inbound[];
  readonly outbound: readonly Outbound[];
}

/** What a firewall has to let through for these groups: masters to their ports, and connections to the RTUs. */
export function openingsOf(groups: readonly GroupConfig[]): Openings {
  return { inbound: byPort(groups.flatMap(inboundOf)), outbound: groups.flatMap(outboundOf) };
}

/** One rule a port: groups of two files may have the same one, each at an address of its own (`--listen`). */
function byPort(inbound: readonly Inbound[]): Inbound[] {
  const ports = new Map<number, Inbound>();
  for (const each of inbound) {
    const other = ports.get(each.port);
    ports.set(each.port, other === undefined ? each : both(other, each));
  }
  return [...ports.values()];
}

function both(one: Inbound, other: Inbound): Inbound {
  const sources =
    one.sources && other.sources && networks([one.sources, other.sources].flatMap(({ v4, v6 }) => [...v4, ...v6]));
  return { ...one, name: `${one.name}, ${other.group} ${other.name}`, tls: one.tls || other.tls, sources };
}

function inboundOf({ id, name, port, plain, tlsPort, filter, proxy }: GroupConfig): Inbound[] {
  // A load balancer with the PROXY protocol is the source that a firewall sees.
  const sources = filter.length === 0 ? undefined : networks([...filter, ...proxy].map(({ cidr }) => cidr));
  const about = { group: id, name, sources };
  return [
    ...(plain ? [{ ...about, port, tls: false }] : []),
    ...(tlsPort === undefined ? [] : [{ ...about, port: tlsPort, tls: true }]),
  ];
}

function outboundOf({ id, name, hosts }: GroupConfig): Outbound[] {
  // The same host twice in a row is tried twice, and needs one rule.
  const ends = new Map(hosts.map(({ host, port }) => [`${host} ${port}`, { host, port }]));
  return [...ends.values()].map(({ host, port }) => {
    // The zone says by which interface the RTU is reached; a rule has no place for it. A mapped address is reached by IPv4.
    const address = plainAddress(host.replace(/%.*$/, ''));
    const family = ({ 4: 'v4', 6: 'v6' } as const)[isIP(address)] ?? 'name';
    return { group: id, name, port, host: address, family };
  });
}

function networks(cidrs: readonly string[]): Networks {
  const unique = [...new Set(cidrs)];
  return { v4: unique.filter((cidr) => !cidr.includes(':')), v6: unique.filter((cidr) => cidr.includes(':')) };
}

/**
 * What stands in a comment beside a rule: printable ASCII, letters without their accents, so that no name of the file ends it. No
 * question mark either: on a terminal of IOS it asks for help.
 */
export function remark({ group, name }: { readonly group: string; readonly name: string }): string {
  const plain = `${group} ${name}`.normalize('NFKD').replace(/\p{M}/gu, '');
  return plain.replace(/[^ -~]|["'`$\\?]/g, '_').slice(0, 60);
}

/** For a host that the file has by name, where a rule needs an address: a comment in its place. */
export function toBeFilledIn(rule: Outbound): string {
  return `# ${rule.host} port ${rule.port} (${remark(rule)}): a name, put its address here`;
}
