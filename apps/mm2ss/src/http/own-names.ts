import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { HttpAddress } from './http-address.js';

/** Injection token of the names under which this process is asked, in lower case. */
export const OWN_NAMES = Symbol('OWN_NAMES');

/** Where a machine says how it is called; replaced in specs. */
export interface NameSources {
  hostname(): string;
  /** Text of a file; throws when it cannot be read. */
  read(path: string): string;
}
const SYSTEM: NameSources = { hostname, read: (path) => readFileSync(path, 'utf8') };

/**
 * Names of this process besides IP addresses and localhost: the one it listens at, those of the machine (host name, the
 * names beside it in /etc/hosts, and with the search domains of /etc/resolv.conf), and what was given.
 */
export function ownNames(
  address: HttpAddress | undefined,
  given: readonly string[] = [],
  system: NameSources = SYSTEM,
): ReadonlySet<string> {
  const host = system.hostname().toLowerCase();
  const beside = linesOf(system, '/etc/hosts').filter((names) => names.includes(host));
  const domains = linesOf(system, '/etc/resolv.conf').flatMap(([key, ...values]) =>
    key === 'search' || key === 'domain' ? values : [],
  );
  return new Set([
    ...(address?.host === undefined ? [] : [address.host.toLowerCase()]),
    host,
    ...beside.flatMap(([, ...names]) => names),
    ...domains.map((domain) => `${host}.${withoutDot(domain)}`),
    ...given,
  ]);
}

/**
 * Whether a request whose Host header is this is meant for us. A web page of somebody else can make a browser ask us under a
 * name of its own that leads here, and read the answer; it cannot do so under an address or one of our names.
 */
export function isOwnName(header: string, names: ReadonlySet<string>): boolean {
  const match = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(header.trim().toLowerCase());
  const host = withoutDot(match?.[1] ?? '');
  if (host.startsWith('[')) return isIP(host.slice(1, -1)) === 6;
  return isIP(host) === 4 || host === 'localhost' || host.endsWith('.localhost') || names.has(host);
}

/** The words of each line, without comments. */
function linesOf(system: NameSources, path: string): string[][] {
  try {
    const lines = system.read(path).toLowerCase().split('\n');
    return lines.map((line) =>
      line
        .replace(/[#;].*/, '')
        .split(/\s+/)
        .filter((word) => word !== ''),
    );
  } catch {
    return [];
  }
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}
