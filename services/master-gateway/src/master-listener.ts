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
  /** The port could not be had when it was last tried. */
  blocked = false;
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
    /** The port can be had: it is listened on, or was only tried. */
    private readonly onFree: () => void,
    /** Why it may not be listened on; undefined: it may. */
    private readonly trouble: () => string | undefined = () => undefined,
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
    this.take(false);
  }

  /** Finds out whether a port that somebody else had can be had by now, and gives it back at once. */
  probe(): void {
    this.take(true);
  }

  private take(isProbe: boolean): void {
    const { clock, network } = this.runtime;
    if (this.isOpen || this.notBefore > clock.now()) return;
    this.retryAt = Infinity;
    const trouble = this.trouble();
    if (trouble !== undefined) {
      this.failed(trouble, trouble, isProbe);
      return;
    }
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
        if (isOurs() && !isProbe) this.onConnection(socket);
        else socket.destroy();
      },
      onListening: () => {
        if (!isOurs()) return;
        this.blocked = false;
        if (isProbe) this.end();
        else this.logger.info({ port }, 'listening for masters');
        this.onFree();
      },
      onError: (error) => {
        if (isOurs()) this.failed(error.code, error.code ?? error.message, isProbe);
      },
    });
    // It may have failed at once.
    if (isOurs()) this.listener = listener;
  }

  /** The port is not tried again by itself any more. */
  forgetRetry(): void {
    this.retryAt = Infinity;
  }

  /** A port that could not be had is still tried: whether it can be had is worth knowing before there is an RTU. */
  close(reason: string): void {
    if (!this.blocked) this.forgetRetry();
    if (!this.isOpen) return;
    this.end();
    this.logger.info({ port: this.config.port, reason }, 'stopped listening for masters');
  }

  private failed(code: string | undefined, reason: string, isProbe: boolean): void {
    const fields = { port: this.config.port, reason: code };
    if (isProbe) this.logger.debug(fields, 'still cannot listen for masters');
    else this.logger.error(fields, 'cannot listen for masters');
    this.blocked = true;
    this.end();
    this.notBefore = this.runtime.clock.now() + LISTEN_RETRY_MS;
    this.retryAt = this.notBefore;
    this.onFailed(reason);
  }

  private end(): void {
    this.listener?.close();
    this.listener = undefined;
    this.inUse = undefined;
  }
}
