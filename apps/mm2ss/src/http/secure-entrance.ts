import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { type PeerName, peerText, plainAddress } from '@iec104mm2ss/config';
import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import type { Runtime } from '@iec104mm2ss/runtime';
import {
  type AtTheDoor,
  GroupMaterial,
  HandshakeRoom,
  type SecurePeer,
  TlsDoor,
  type TlsSettings,
} from '@iec104mm2ss/tls';

/** Its folder under `--tls-dir`, where it has files of its own, as a group has. */
export const HTTP_FILES = 'http';
/** Connections that shake hands, or wait to; where there are more the oldest gives way. */
const MAX_WAITING = 64;

/** Who is at the other end of connections that were let in. */
const peers = new WeakMap<Socket, SecurePeer>();

/** The name of the certificate that a connection of HTTP was let in by, `cn:ops`; undefined without TLS. */
export const certificateOf = (socket: Socket): string | undefined => peers.get(socket)?.identity;

export interface SecureEntranceParts {
  readonly settings: TlsSettings;
  /** Who may ask. */
  readonly names: readonly PeerName[];
  readonly runtime: Pick<Runtime, 'clock' | 'network'>;
  readonly logger: Logger;
}

/**
 * Stands before an HTTP server: what it reads comes over TLS, and from somebody whose certificate is accepted by the same
 * judgement as a master's. Who is not never reaches HTTP.
 */
export class SecureEntrance {
  private readonly door: TlsDoor;
  private readonly material: GroupMaterial;
  private readonly waiting = new Map<AtTheDoor, Socket>();
  private readonly inside = new Set<SecurePeer>();
  private stopWatching: () => void = () => undefined;

  constructor(private readonly parts: SecureEntranceParts) {
    const { settings, names, runtime, logger } = parts;
    this.material = new GroupMaterial(settings, () => ({ id: HTTP_FILES, tlsProfile: 'modern' }));
    this.door = new TlsDoor({
      material: () => this.material.get(),
      names: () => names,
      settings,
      // Whoever comes last is let in here, so the places of one source must not be the bound.
      room: new HandshakeRoom(Infinity),
      runtime,
      logger: logger.child({ port: 'http' }),
    });
  }

  /** Takes the place of what listens for connections of `server` now, which gets those that have come in. */
  standBefore(server: Server): void {
    const listeners = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (raw: Socket) => {
      void this.enter(raw).then((socket) => {
        if (socket !== undefined) for (const listener of listeners) listener.call(server, socket);
      });
    });
    // As with masters: whoever is revoked goes, and the feed has no end of its own.
    this.stopWatching = this.parts.settings.store.onChange(() => {
      for (const peer of this.inside) peer.judgeAgain();
    });
  }

  /** Says so when there is nothing to do TLS with: nobody can come in. */
  tellTrouble(): void {
    const { trouble: reason } = this.material;
    if (reason === undefined) return;
    const message = 'HTTP is to ask for certificates, which cannot be: nobody is let in';
    securityEvent(this.parts.logger, 'tls_unusable', { port: 'http', reason }, message);
  }

  close(): void {
    this.stopWatching();
    for (const attempt of this.waiting.keys()) this.cancel(attempt);
  }

  /** Undefined: it was not let in. */
  private async enter(raw: Socket): Promise<Socket | undefined> {
    raw.on('error', () => undefined);
    const address = plainAddress(raw.remoteAddress ?? '');
    if (this.waiting.size >= MAX_WAITING) {
      const [oldest] = this.waiting.keys();
      if (oldest !== undefined) this.cancel(oldest);
    }
    const attempt = this.door.enter(raw, address, peerText(address, raw.remotePort ?? 0));
    this.waiting.set(attempt, raw);
    const outcome = await attempt.outcome;
    this.waiting.delete(attempt);
    if (!outcome.ok) return undefined;
    const { secure } = outcome;
    if (secure.socket.destroyed) return undefined;
    const socket = secure.socket as unknown as Socket;
    peers.set(socket, secure);
    this.inside.add(secure);
    socket.once('close', () => this.inside.delete(secure));
    return socket;
  }

  private cancel(attempt: AtTheDoor): void {
    const raw = this.waiting.get(attempt);
    this.waiting.delete(attempt);
    attempt.cancel();
    raw?.destroy();
  }
}
