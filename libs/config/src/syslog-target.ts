import { isIPv6 } from 'node:net';

const HOST = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** Default ports: RFC 5425 (tls), RFC 6587 as it is used (tcp), RFC 5426 (udp). */
const PORTS = { tls: 6514, tcp: 601, udp: 514 } as const;

/** A syslog receiver, and how it is reached. */
export interface SyslogTarget {
  readonly scheme: keyof typeof PORTS;
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads `tls://HOST:PORT`; undefined: it is none. */
export function parseSyslogTarget(text: string): SyslogTarget | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  const scheme = url.protocol.slice(0, -1);
  if (!isScheme(scheme) || url.hostname === '' || !['', '/'].includes(url.pathname)) return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (!HOST.test(host) && !isIPv6(host)) return undefined;
  const port = url.port === '' ? PORTS[scheme] : Number(url.port);
  return port === 0 ? undefined : { scheme, host, port };
}

function isScheme(text: string): text is keyof typeof PORTS {
  return Object.hasOwn(PORTS, text);
}
