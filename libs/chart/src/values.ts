import { createHash } from 'node:crypto';
import { anewText, type Configuration, type GroupConfig, normalAddress } from '@iec104mm2ss/config';

/** One IP:PORT of an RTU. */
export interface HostValues {
  /** A name, or an address as NetworkPolicies know it: without a zone, and IPv4 that is written as IPv6 as IPv4. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** What the chart's templates have to know of a group; everything else the pods read in the file. */
export interface GroupValues {
  readonly name: string;
  readonly rtuNumber: number;
  /** Port for masters without TLS; absent: closed. */
  readonly port?: number;
  readonly tlsPort?: number;
  readonly hosts: readonly HostValues[];
  /** Networks of the masters; empty: from everywhere. */
  readonly sources: readonly string[];
  /** Networks of the load balancers before it; absent: none. */
  readonly proxies?: readonly string[];
  /** Another one: the connector begins the group anew. */
  readonly checksum: string;
}

/** A row that is not loaded, and why. */
export interface SkippedRow {
  readonly row: number;
  readonly reason: string;
}

/** The values of the chart that come from a configuration file. */
export interface ChartValues {
  /** By id, in the order of the ids. */
  readonly groups: Readonly<Record<string, GroupValues>>;
  readonly skipped: readonly SkippedRow[];
  /** `sha256:` and the digest of `csv`, which the templates compare. */
  readonly csvDigest: string;
  /** The same of what the file says of its groups, see {@link FROM_FILE}. */
  readonly groupsDigest: string;
  /** The file that all pods read. */
  readonly csv: string;
}

const CHECKSUM_DIGITS = 16;

/** What of a group the configuration file alone says. Everything else of it may be set by hand. */
export const FROM_FILE = ['name', 'rtuNumber', 'port', 'tlsPort', 'hosts', 'sources', 'proxies', 'checksum'] as const;

/**
 * The values for a configuration. The same file always gives the same values, and where a group stands in it makes no difference
 * to them.
 *
 * @param csv the text that `configuration` was read from, see `configurationText`
 */
export function chartValues(configuration: Configuration, csv: string): ChartValues {
  const sorted = [...configuration.groups].sort((a, b) => a.id.length - b.id.length || (a.id < b.id ? -1 : 1));
  const groups = Object.fromEntries(sorted.map((group) => [group.id, groupValues(group)]));
  return {
    groups,
    skipped: configuration.problems
      .filter(({ severity }) => severity === 'skipped')
      .map(({ row, field, reason }) => ({ row, reason: field === 'row' ? reason : `${field}: ${reason}` })),
    csvDigest: `sha256:${sha256(csv)}`,
    groupsDigest: `sha256:${sha256(goJson(groups))}`,
    csv,
  };
}

/** What the templates have to know of a group. */
export function groupValues(group: GroupConfig): GroupValues {
  const { name, rtuNumber, plain, port, tlsPort, hosts, filter, proxy } = group;
  return {
    name,
    rtuNumber,
    ...(plain ? { port } : {}),
    ...(tlsPort === undefined ? {} : { tlsPort }),
    hosts: hosts.map(({ host, port: to, tls }) => ({ host: normalAddress(host) ?? host, port: to, tls: tls === true })),
    sources: filter.map(({ cidr }) => cidr),
    ...(proxy.length === 0 ? {} : { proxies: proxy.map(({ cidr }) => cidr) }),
    checksum: sha256(anewText('connector', group)).slice(0, CHECKSUM_DIGITS),
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** JSON as the templates' `toJson` writes it: keys in order, and what HTML could take for its own escaped. */
function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) {
    const code = (character: string): string => character.charCodeAt(0).toString(16).padStart(4, '0');
    return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${code(character)}`);
  }
  // Not those of an object made anew: it has keys that are numbers in the order of the numbers.
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${goJson(key)}:${goJson(each)}`).join(',')}}`;
}
