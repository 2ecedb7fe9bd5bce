import { type GroupConfig, matchesAny, peerText, plainAddress } from '@iec104mm2ss/config';
import { sourceOf } from '@iec104mm2ss/observability';
import type { Clock, TcpSocket } from '@iec104mm2ss/runtime';
import type { ConnectionLimits } from './connection-limits.js';
import { type PeerAddress, readProxyHeader } from './proxy-reader.js';

/** Why a connection does not come in. */
export interface TurnedAway {
  readonly code: 'given_up' | 'connects' | 'too_many_waiting' | 'proxy_header' | 'health_check';
  readonly message: string;
}

export interface DoorParts {
  readonly config: () => GroupConfig;
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  /** It may come in: resolves when it is a session, or was refused. */
  readonly enter: (socket: TcpSocket, from: PeerAddress) => Promise<void>;
  readonly turnAway: (socket: TcpSocket, peer: string, why: TurnedAway) => void;
}

const ignoreError = (): void => undefined;

/**
 * Where connections of masters come in, before anything else is done with them: how many of one source, how many together, and
 * where they really come from, if a load balancer brings them. TLS, if any, begins behind it.
 */
export class Door {
  private readonly inside = new Set<TcpSocket>();

  constructor(private readonly parts: DoorParts) {}

  /** A connection came in. It is paused. */
  async come(socket: TcpSocket): Promise<void> {
    const { limits } = this.parts;
    socket.on('error', ignoreError);
    this.inside.add(socket);
    try {
      const own = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
      const { proxy } = this.parts.config();
      if (own.address === '') {
        // Reset before it was accepted, so nothing tells whose it was: many load balancers check like that.
        this.turnAway(socket, own, {
          code: proxy.length > 0 ? 'health_check' : 'given_up',
          message: 'it is gone already',
        });
        return;
      }
      const isProxy = matchesAny(proxy, own.address);
      const peer = isProxy ? await this.proxied(socket, own) : own;
      if (peer === undefined) return;
      const text = peerText(peer.address, peer.port);
      const { connects } = limits.limits;
      if (!limits.mayConnect(this.parts.config(), text)) {
        this.turnAway(socket, peer, { code: 'connects', message: `more than ${connects} connections a second` });
        return;
      }
      const taken = limits.admissions.take(sourceOf(text), () => socket.destroyed);
      const turn = taken instanceof Promise ? await taken : taken;
      if (!turn.ok) {
        this.turnAway(socket, peer, { code: 'too_many_waiting', message: turn.message });
        return;
      }
      try {
        // The door was closed meanwhile.
        if (this.inside.delete(socket)) await this.parts.enter(socket, peer);
      } finally {
        turn.done();
      }
    } finally {
      this.inside.delete(socket);
      socket.removeListener('error', ignoreError);
    }
  }

  /** Nobody comes in any more of those that are not in yet. */
  close(): void {
    for (const socket of this.inside) socket.destroy();
    this.inside.clear();
  }

  /** Undefined: it was turned away. */
  private async proxied(socket: TcpSocket, own: PeerAddress): Promise<PeerAddress | undefined> {
    const { clock, limits } = this.parts;
    const proxied = await readProxyHeader(socket, own, clock, limits.limits['proxy-seconds'] * 1_000);
    if (proxied.kind === 'from') return proxied.peer;
    if (proxied.kind === 'wrong') this.turnAway(socket, own, { code: 'proxy_header', message: proxied.message });
    else this.turnAway(socket, own, { code: 'health_check', message: 'a health check of the load balancer' });
    return undefined;
  }

  private turnAway(socket: TcpSocket, { address, port }: PeerAddress, why: TurnedAway): void {
    // When the door was closed meanwhile it is not wanted, and nobody is told.
    if (this.inside.has(socket)) this.parts.turnAway(socket, peerText(address, port), why);
    else socket.destroy();
  }
}
