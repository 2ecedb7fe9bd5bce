import type { IncomingMessage } from 'node:http';
import { plainAddress } from '@iec104mm2ss/config';
import type { Access, Caller } from './access.js';
import { isLoopback } from './loopback.js';

/** By any of them a proxy on this host says that somebody else asks. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Nobody has a name: whoever is at this host is an operator, as at the window of the older program; others look on. */
export class NoAccess implements Access {
  readonly mode = 'none';

  callerOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): Caller {
    const isHere = isLoopback(plainAddress(socket.remoteAddress ?? ''));
    const isForwarded = FORWARDED.some((name) => headers[name] !== undefined);
    return { user: null, role: isHere && !isForwarded ? 'operator' : 'viewer' };
  }

  isStill(): boolean {
    return true;
  }
}
