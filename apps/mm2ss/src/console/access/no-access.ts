import type { IncomingMessage } from 'node:http';
import { parseSourceRanges, plainAddress } from '@iec104mm2ss/config';
import type { Access, Caller } from './access.js';

/** By any of them a proxy on this host says that somebody else asks. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

const loopback = parseSourceRanges('127.0.0.0/8;::1');

/** Nobody has a name: whoever is at this host is an operator, as at the window of the older program; others look on. */
export class NoAccess implements Access {
  readonly mode = 'none';

  callerOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): Caller {
    const address = plainAddress(socket.remoteAddress ?? '');
    const isHere = loopback.ok && loopback.value.some((range) => range.contains(address));
    const isForwarded = FORWARDED.some((name) => headers[name] !== undefined);
    return { user: null, role: isHere && !isForwarded ? 'operator' : 'viewer' };
  }
}
