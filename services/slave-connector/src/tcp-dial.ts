import type { Runtime, TcpSocket } from '@iec104mm2ss/runtime';

export interface DialOutcome {
  connected(socket: TcpSocket): void;
  /** `message` is for a person. */
  failed(message: string): void;
}

/** Opens one TCP connection at a time, within t0. */
export class TcpDial {
  private socket: TcpSocket | undefined;
  private deadline = Infinity;

  /** @param onDeadlineMoved the deadline has become earlier */
  constructor(
    private readonly runtime: Pick<Runtime, 'network'>,
    private readonly now: () => number,
    private readonly t0Ms: number,
    private readonly onDeadlineMoved: () => void,
  ) {}

  open(host: string, port: number, outcome: DialOutcome): void {
    const socket = this.runtime.network.connect(host, port);
    this.socket = socket;
    this.deadline = this.now() + this.t0Ms;
    this.onDeadlineMoved();
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
      this.end();
      socket.removeListener('close', onClose);
      outcome.connected(socket);
      // Who has taken it listens to errors himself; of one that was reset nobody needs to hear.
      if (!socket.destroyed) socket.removeListener('error', onError);
    });
  }

  /** What is being opened is not wanted any more. */
  abandon(): void {
    this.socket?.destroy();
    this.deadline = Infinity;
  }

  nextDeadline(): number {
    return this.deadline;
  }

  onDeadline(now: number): void {
    if (this.deadline > now) return;
    this.deadline = Infinity;
    this.socket?.destroy(new Error(`no connection within t0 (${this.t0Ms / 1000} s)`));
  }

  private end(): void {
    this.socket = undefined;
    this.deadline = Infinity;
  }
}
