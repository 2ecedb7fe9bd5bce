import { isIPv6 } from 'node:net';

/** Where to listen; without `host`, on every interface. */
export interface HttpAddress {
  readonly host?: string;
  readonly port: number;
}

/** `--http` was given something that is not an address; the message says what is wrong and shows a right one. */
export class HttpAddressError extends Error {
  readonly code = 'ERR_HTTP_ADDRESS';

  /** @param flag that gave it */
  constructor(text: string, reason: string, flag = 'HTTP address') {
    super(`${flag} "${text}": ${reason}; expected HOST:PORT (127.0.0.1:9104, [::1]:9104), :PORT, or off`);
    this.name = 'HttpAddressError';
  }
}

/**
 * Reads `HOST:PORT`, `[IPv6]:PORT`, `:PORT` (every interface) or `off` (undefined: no HTTP). Port 0 lets the system
 * choose.
 */
export function parseHttpAddress(text: string, flag?: string): HttpAddress | undefined {
  if (text === 'off') return undefined;
  const match = /^(.*):([^:\]]*)$/.exec(text);
  if (!match) throw new HttpAddressError(text, 'no port', flag);
  const [, hostText = '', portText = ''] = match;
  if (!/^\d{1,5}$/.test(portText) || Number(portText) > 65535) {
    throw new HttpAddressError(text, `"${portText}" is not a port (0..65535)`, flag);
  }
  const port = Number(portText);
  return hostText === '' ? { port } : { host: parseHost(text, hostText, flag), port };
}

function parseHost(text: string, host: string, flag: string | undefined): string {
  if (host.startsWith('[') && host.endsWith(']')) {
    const inner = host.slice(1, -1);
    if (!isIPv6(inner)) throw new HttpAddressError(text, `"${inner}" is not an IPv6 address`, flag);
    return inner;
  }
  if (host.includes(':')) throw new HttpAddressError(text, 'an IPv6 address needs brackets', flag);
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host))
    throw new HttpAddressError(text, `"${host}" is not a host`, flag);
  return host;
}

/** The address as a URL's authority: IPv6 in brackets. */
export function formatHttpAddress({ host, port }: HttpAddress): string {
  return `${host?.includes(':') ? `[${host}]` : (host ?? '')}:${port}`;
}
