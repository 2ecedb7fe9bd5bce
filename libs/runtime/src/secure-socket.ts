import type { Socket } from 'node:net';
import { connect, type DetailedPeerCertificate, type SecureContext, TLSSocket } from 'node:tls';
import type { TcpSocket } from './network.js';

/** Certificates of one peer at most: a chain that refers to itself ends here. */
const LONGEST_CHAIN = 16;

export interface SecureOptions {
  readonly context: SecureContext;
  /** Which end of the connection this process is. */
  readonly side: 'server' | 'client';
  /** Of a client: the host name it asks for (SNI). Left out for addresses. */
  readonly serverName?: string | undefined;
  /** Gets each line of the key log (NSS format), for a capture that is to be read. */
  readonly onKeyLog?: ((line: Buffer) => void) | undefined;
}

/**
 * TLS on a connected TCP socket, which belongs to it from then on. Whoever is at the other end is let through: who that is
 * is for the owner to judge, in `secure`, before anything is read or written.
 */
export interface SecureSocket extends TcpSocket {
  /** Certificates of the peer as DER, the leaf first; empty: it has shown none. */
  peerChain(): Uint8Array[];
  /** It took up an earlier session: its certificates were not shown anew. */
  readonly resumed: boolean;
  /** `TLSv1.2` or `TLSv1.3`, and the cipher suite; empty before the handshake. */
  readonly version: string;
  readonly cipher: string;
  /**
   * `secure`: a handshake has come to its end, the first one or a renegotiation. `trouble`: something is wrong with TLS that need
   * not have closed the socket.
   */
  onSecure(listener: () => void): void;
  onTrouble(listener: (error: NodeJS.ErrnoException) => void): void;
}

/** See Network.secure. */
export function secureSocket(raw: Socket, options: SecureOptions): SecureSocket {
  const { context, side, serverName, onKeyLog } = options;
  const socket =
    side === 'server'
      ? new TLSSocket(raw, {
          isServer: true,
          secureContext: context,
          requestCert: true,
          // A refusal inside Node arrives as ECONNRESET, without its reason.
          rejectUnauthorized: false,
        })
      : connect({
          socket: raw,
          secureContext: context,
          // Not left to the default, which an environment variable changes.
          rejectUnauthorized: false,
          checkServerIdentity: () => undefined,
          ...(serverName === undefined ? {} : { servername: serverName }),
        });
  // Its trouble is that of the socket above it.
  raw.on('error', () => undefined);
  if (onKeyLog !== undefined) socket.on('keylog', onKeyLog);
  return Object.defineProperties(Object.assign(socket, methodsOf(socket, raw)), {
    resumed: { get: () => socket.isSessionReused() },
    version: { get: () => socket.getProtocol() ?? '' },
    cipher: { get: () => (socket.getCipher() as { name: string } | undefined)?.name ?? '' },
  }) as TLSSocket & SecureSocket;
}

function methodsOf(socket: TLSSocket, raw: Socket) {
  return {
    peerChain: () => chainOf(socket.getPeerCertificate(true)),
    resetAndDestroy: () => {
      socket.pause();
      // Node resets plain sockets only; and to take one away from TLS while that is reading from it ends the process (SIGSEGV).
      setImmediate(() => {
        if (!raw.destroyed) raw.resetAndDestroy();
        socket.destroy();
      });
      return socket;
    },
    onSecure: (listener: () => void) => void socket.on('secure', listener),
    onTrouble: (listener: (error: NodeJS.ErrnoException) => void) => {
      socket.on('error', listener);
      socket.on('_tlsError', listener);
    },
  };
}

function chainOf(leaf: DetailedPeerCertificate | undefined): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = leaf;
  // An end that has shown none is an object without anything.
  while (certificate?.raw !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(certificate.raw);
    const { issuerCertificate } = certificate as Partial<DetailedPeerCertificate>;
    if (issuerCertificate === certificate) break;
    certificate = issuerCertificate;
  }
  return chain;
}
