import { type GroupConfig, peerText } from '@iec104mm2ss/config';
import type { Logger } from '@iec104mm2ss/observability';
import type { Runtime, TcpListener, TcpSocket } from '@iec104mm2ss/runtime';

/** Pause before a port that could not be listened on is tried again. */
export const LISTEN_RETRY_MS = 2_000;
/** Connections a master may open at the same moment: its two redundant ones. */
const CONNECTIONS_PER_MASTER = 2;

/** Connections that may wait to be accepted, and as many again that may wait for the router's word. */
export function backlogOf({ maxConnections }: GroupConfig): number {
  return maxConnections * CONNECTIONS_PER_MASTER * 2;
}

/** The port of one group for its masters. When it may be open is for others to say. */
export class MasterListener {
  /** When a port that could not be listened on is to be tried again; Infinity: it is not waited for. */
  retryAt = Infinity;
  /** It is not listened on before, whoever asks. */
  private notBefore = -Infinity;
  private listener: TcpListener | undefined;
  /** Tells the listener in use from former ones, which may still have something to say. */
  private inUse: object | undefined;

  constructor(
    private readonly config: GroupConfig,
    private readonly runtime: Pick<Runtime, 'clock' | 'network'>,
    /** Address to listen at; undefined = all. */
    private readonly host: string | undefined,
    private readonly logger: Logger,
    /** A connection came in. It is paused. */
    private readonly onConnection: (socket: TcpSocket) => void,
    /** It cannot be listened on; `retryAt` was set. */
    private readonly onFailed: (reason: string) => void,
    /** It listens. */
    private readonly onListening: () => void,
  ) {}

  /** It listens, or is about to. */
  get isOpen(): boolean {
    return this.inUse !== undefined;
  }

  /** Where it listens, `host:port`; undefined while it does not. */
  get address(): string | undefined {
    const address = this.listener?.address;
    return address === undefined ? undefined : peerText(address.address, address.port);
  }

  /** Listens, unless it does or waits before it tries again. */
  open(): void {
    const { clock, network } = this.runtime;
    if (this.isOpen || this.notBefore > clock.now()) return;
    this.retryAt = Infinity;
    const { port } = this.config;
    const token = {};
    const isOurs = (): boolean => this.inUse === token;
    this.inUse = token;
    const listener = network.listen({
      port,
      host: this.host,
      backlog: backlogOf(this.config),
      onConnection: (socket) => {
        // It may have been closed with connections that were not accepted yet.
        if (isOurs()) this.onConnection(socket);
        else socket.destroy();
      },
      onListening: () => {
        if (!isOurs()) return;
        this.logger.info({ port }, 'listening for masters');
        this.onListening();
      },
      onError: (error) => {
        if (isOurs()) this.failed(error);
      },
    });
    // It may have failed at once.
    if (isOurs()) this.listener = listener;
  }

  /** The port is not tried again by itself any more. */
  forgetRetry(): void {
    this.retryAt = Infinity;
  }

  close(reason: string): void {
    this.forgetRetry();
    if (!this.isOpen) return;
    this.end();
    this.logger.info({ port: this.config.port, reason }, 'stopped listening for masters');
  }

  private failed(error: NodeJS.ErrnoException): void {
    this.logger.error({ port: this.config.port, reason: error.code }, 'cannot listen for masters');
    this.end();
    this.notBefore = this.runtime.clock.now() + LISTEN_RETRY_MS;
    this.retryAt = this.notBefore;
    this.onFailed(error.code ?? error.message);
  }

  private end(): void {
    this.listener?.close();
    this.listener = undefined;
    this.inUse = undefined;
  }
}
