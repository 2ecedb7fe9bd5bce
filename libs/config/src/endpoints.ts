import { isIPv4, isIPv6 } from 'node:net';

import { parseInteger, PORT_RANGE, type IntegerRange } from './integer-cell.js';
import { accepted, nearest, refused, splitList, type Parsed } from './parsed.js';
import type { Endpoint } from './types.js';

/** Of IEC 60870-5-104, registered with IANA. */
const DEFAULT_PORT = 2404;
const LONGEST_HOSTNAME_CHARACTERS = 253;
const HOSTNAME_LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** True for an IPv4 address, or a DNS name (RFC 1123, underscores tolerated). A mistyped address is not a name. */
export function isHostname(text: string): boolean {
  if (isIPv4(text)) return true;
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  const labels = name.split('.');
  // An all-digit last label can only be an address gone wrong (10.1.1.300): no top-level domain is a number.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return false;
  return name.length <= LONGEST_HOSTNAME_CHARACTERS && labels.every((label) => HOSTNAME_LABEL.test(label));
}

/** Of TLS in front of an endpoint. */
const TLS_SCHEME = /^tls:\/\//i;

/** As parseEndpoint, or the same with `tls://` in front: a host of an RTU. */
function parseHost(text: string): Parsed<Endpoint> {
  const scheme = TLS_SCHEME.exec(text)?.[0];
  if (scheme === undefined) {
    const [, other, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
    if (other === undefined) return parseEndpoint(text);
    const form = nearest(parseEndpoint(rest).ok ? `tls://${rest}` : undefined);
    return refused(`${JSON.stringify(text)} is neither IP:PORT nor tls://IP:PORT${form}`);
  }
  const endpoint = parseEndpoint(text.slice(scheme.length));
  return endpoint.ok ? accepted({ ...endpoint.value, tls: true }) : endpoint;
}

/** Reads `10.1.1.5:2404`, `rtu-7.example:2404` or `[2001:db8::5]:2404`. */
export function parseEndpoint(text: string, ports: IntegerRange = PORT_RANGE): Parsed<Endpoint> {
  const match = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:]*)):(?<port>[^:]*)$/.exec(text);
  const { bracketed, plain, port } = match?.groups ?? {};
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined) {
    const form = nearest(nearestEndpoint(text));
    return refused(`${JSON.stringify(text)} is not IP:PORT (IPv6 addresses need brackets: [2001:db8::5]:2404)${form}`);
  }
  if (bracketed !== undefined ? !isIPv6(host) : !isHostname(host)) {
    return refused(
      `${JSON.stringify(text)} is not IP:PORT: ${JSON.stringify(host)} is not an address or host name${nearest(nearestEndpoint(text))}`,
    );
  }
  const number = parseInteger(port, ports);
  if (!number.ok) return refused(`${JSON.stringify(text)} is not IP:PORT: port ${number.reason}`);
  return accepted({ host, port: number.value });
}

/** What may have been meant: a port that was left out, an IPv6 address without brackets, zeros before numbers, other signs. */
function nearestEndpoint(text: string): string | undefined {
  const several = splitList(text, ',');
  if (several.length > 1 && several.every((entry) => parseEndpoint(entry).ok)) return several.join(';');
  const [, first, port] = /((?:\d{1,3}\.){3}\d{1,3})(?:[\s:/,]+(\d{1,5}))?/.exec(text) ?? [];
  const address = first?.replace(/\b0+(?=\d)/g, '');
  if (address !== undefined && isIPv4(address)) return `${address}:${port ?? DEFAULT_PORT}`;
  const six = text.replace(/[[\]]/g, '');
  const colon = six.lastIndexOf(':');
  if (isIPv6(six.slice(0, colon)) && /:\d{4,5}$/.test(six)) return `[${six.slice(0, colon)}]${six.slice(colon)}`;
  return isIPv6(six) ? `[${six}]:${DEFAULT_PORT}` : undefined;
}

/** Reads the `hosts` cell, in the order to be tried. One bad entry refuses the whole list. */
export function parseEndpoints(text: string): Parsed<readonly Endpoint[]> {
  const endpoints: Endpoint[] = [];
  for (const entry of splitList(text, ';')) {
    const endpoint = parseHost(entry);
    if (!endpoint.ok) return endpoint;
    endpoints.push(endpoint.value);
  }
  return endpoints.length > 0 ? accepted(endpoints) : refused('no IP:PORT given');
}
