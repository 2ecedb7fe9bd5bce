import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { plainAddress, type SourceRange } from '@iec104mm2ss/config';

/**
 * Where a request comes from: the peer; where that is one of `proxies`, the last of X-Forwarded-For that is none of them. What stands
 * before that in the header anybody may have written.
 */
export function clientAddress(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  proxies: readonly SourceRange[],
): string {
  const isProxy = (address: string): boolean => proxies.some((range) => range.contains(address));
  const header = headers['x-forwarded-for'] ?? '';
  const way = (Array.isArray(header) ? header.join(',') : header).split(',').map((part) => part.trim());
  let address = plainAddress(socket.remoteAddress ?? '');
  while (isProxy(address)) {
    const before = plainAddress(way.pop() ?? '');
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}
