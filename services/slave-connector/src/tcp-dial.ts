import { type Endpoint, peerText } from '@iec104mm2ss/config';
import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import type { Runtime, TcpSocket } from '@iec104mm2ss/runtime';
import { SecurePeer } from '@iec104mm2ss/tls';
import type { RtuTls } from './rtu-tls.js';

export interface DialOutcome {
  /** @param secure who is at the other end of TLS; undefined without it */
  connected(socket: TcpSocket, secure: SecurePeer | undefined): void;
  /** `message` is for a person. */
  failed(message: string): void;
}

export interface TcpDialOptions {
  readonly runtime: Pick<Runtime, 'network'>;
  readonly now: () => number;
  readonly t0Ms: number;
  readonly tls: RtuTls;
  readonly logger: Logger;
  /** The deadline has become earlier. */
  readonly onDeadlineMoved: () => void;
}

/** Opens one connection at a time, within t0: that of TCP, and the handshake of TLS where the host is to speak it. */
export class TcpDial {
  private socket: TcpSocket | undefined;
  private deadline = Infinity;
  /** Ends the handshake that is under way, and says why. */
  private endHandshake: ((message: string) => void) | undefined;

  constructor(private readonly options: TcpDialOptions) {}

  open(endpoint: Endpoint, outcome: DialOutcome): void {
    const { host, port, tls } = endpoint;
    const socket = this.options.runtime.network.connect(host, port);
    this.socket = socket;
    this.deadline = this.options.now() + this.options.t0Ms;
    this.options.onDeadlineMoved();
    let failure = '';
    const onError = (error: NodeJS.ErrnoException): void => {
      failure = error.code ?? error.message;
    };
    const onClose = (): void => {
      this.end();
      outcome.failed(failure || 'closed while connecting');
    };
    socket.on('error', onError);
    socket.once('close', onClose);
    socket.once('connect', () => {
      socket.removeListener('close', onClose);
      if (tls === true) {
        this.secure(socket, endpoint, outcome);
        return;
      }
      this.end();
      outcome.connected(socket, undefined);
      // Who has taken it listens to errors himself; of one that was reset nobody needs to hear.
      if (!socket.destroyed) socket.removeListener('error', onError);
    });
  }

  /** What is being opened is not wanted any more. */
  abandon(): void {
    this.endHandshake?.('closed while connecting');
    this.socket?.destroy();
    this.deadline = Infinity;
  }

  nextDeadline(): number {
    return this.deadline;
  }

  onDeadline(now: number): void {
    if (this.deadline > now) return;
    this.deadline = Infinity;
    const within = `within t0 (${this.options.t0Ms / 1000} s)`;
    this.endHandshake?.(`no TLS session ${within}`);
    this.socket?.destroy(new Error(`no connection ${within}`));
  }

  private secure(socket: TcpSocket, endpoint: Endpoint, outcome: DialOutcome): void {
    const { tls, logger } = this.options;
    const peer = peerText(endpoint.host, endpoint.port);
    const failed = (code: string, reason: string): void => {
      this.end();
      securityEvent(logger, 'tls_refused', { peer, reason: code }, `TLS with the RTU: ${reason}`);
      outcome.failed(`TLS: ${reason}`);
    };
    const cancel = tls.secure(socket, endpoint, peer, (found) => {
      if (!(found instanceof SecurePeer)) {
        failed(found.code, found.reason);
        return;
      }
      this.end();
      const { identity, version, cipher } = found;
      securityEvent(logger, 'tls_established', { peer, identity, version, cipher }, 'TLS session with the RTU');
      outcome.connected(found.socket, found);
    });
    this.endHandshake = (message) => {
      cancel();
      failed('handshake_timeout', message);
    };
  }

  private end(): void {
    this.socket = undefined;
    this.deadline = Infinity;
    this.endHandshake = undefined;
  }
}
