import type { Clock, TcpSocket } from '@iec104mm2ss/runtime';
import { parseProxyHeader, PROXY_HEADER_MOST_OCTETS } from './proxy-header.js';

/** Where a connection comes from. */
export interface PeerAddress {
  readonly address: string;
  readonly port: number;
}

export type Proxied =
  | { readonly kind: 'from'; readonly peer: PeerAddress }
  /** The load balancer only looked whether somebody is there. */
  | { readonly kind: 'health_check' }
  | { readonly kind: 'wrong'; readonly message: string };

/**
 * Reads the header of the PROXY protocol from a connection of a load balancer; what follows it is left in the socket, which is
 * paused again.
 *
 * @param own the connection's own address, for a load balancer that does not say
 * @param withinMs how long the header may take
 */
export function readProxyHeader(socket: TcpSocket, own: PeerAddress, clock: Clock, withinMs: number): Promise<Proxied> {
  return new Promise((resolve) => {
    let octets = Buffer.alloc(0);
    /** The header was whole and named nobody, or this very connection: a check ends now, a connection goes on. */
    let unnamed = false;
    const end = (outcome: Proxied): void => {
      clock.clearTimer(timer);
      socket.pause();
      socket.removeListener('data', onData);
      for (const event of ['end', 'close', 'error']) socket.removeListener(event, onEnd);
      if (outcome.kind === 'from' && octets.length > 0) socket.unshift(octets);
      resolve(outcome);
    };
    const onEnd = (): void => {
      if (octets.length === 0) end({ kind: 'health_check' });
      else end({ kind: 'wrong', message: `it ended after ${octets.length} octets of the header` });
    };
    const onData = (chunk: Buffer): void => {
      octets = Buffer.concat([octets, chunk]);
      if (unnamed) {
        end({ kind: 'from', peer: own });
        return;
      }
      const header = parseProxyHeader(octets);
      if (header.kind === 'incomplete') {
        if (octets.length > PROXY_HEADER_MOST_OCTETS) end({ kind: 'wrong', message: 'it does not end' });
        return;
      }
      if (header.kind === 'wrong') {
        end(header);
        return;
      }
      octets = octets.subarray(header.octets);
      // haproxy's checks in version 1 say their own address and port.
      const isOwn = header.kind === 'source' && header.address === own.address && header.port === own.port;
      if (header.kind === 'local') end({ kind: 'health_check' });
      else if (header.kind === 'source' && !isOwn) {
        end({ kind: 'from', peer: { address: header.address, port: header.port } });
      } else if (octets.length > 0) end({ kind: 'from', peer: own });
      else unnamed = true;
    };
    const timer = clock.setTimer(() => {
      if (unnamed) end({ kind: 'from', peer: own });
      else end({ kind: 'wrong', message: `no header within ${withinMs / 1_000} s` });
    }, withinMs);
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.on('error', onEnd);
    socket.resume();
    if (socket.destroyed) onEnd();
  });
}
