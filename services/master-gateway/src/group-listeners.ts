import type { GroupConfig } from '@iec104mm2ss/config';
import type { Logger } from '@iec104mm2ss/observability';
import type { Runtime, TcpSocket } from '@iec104mm2ss/runtime';
import { MasterListener } from './master-listener.js';

export interface GroupListenersOptions {
  readonly config: GroupConfig;
  readonly runtime: Pick<Runtime, 'clock' | 'network'>;
  /** Address to listen at; undefined = all. */
  readonly host: string | undefined;
  readonly logger: Logger;
  /** A connection came in on the plain port, on that for TLS. It is paused. */
  readonly onPlain: (socket: TcpSocket) => void;
  readonly onSecure: (socket: TcpSocket) => void;
  /** Why nothing can be done on the port for TLS now; undefined: it can. */
  readonly tlsTrouble: () => string | undefined;
  /** A port cannot be listened on; `retryAt` was set. */
  readonly onFailed: (reason: string) => void;
  /** A port that could not be had can be had. */
  readonly onFree: () => void;
}

/** The ports of one group for its masters: the plain one, the one for TLS, or both. They are open at the same times. */
export class GroupListeners {
  private readonly all: readonly MasterListener[];

  constructor({ config, onPlain, onSecure, tlsTrouble, ...options }: GroupListenersOptions) {
    const { runtime, host, logger, onFailed, onFree } = options;
    const { plain, port, tlsPort } = config;
    const make = (
      own: number,
      onConnection: (socket: TcpSocket) => void,
      trouble?: () => string | undefined,
    ): MasterListener =>
      new MasterListener({ ...config, port: own }, runtime, host, logger, onConnection, onFailed, onFree, trouble);
    this.all = [
      ...(plain ? [make(port, onPlain)] : []),
      ...(tlsPort === undefined ? [] : [make(tlsPort, onSecure, tlsTrouble)]),
    ];
  }

  /** One of them listens, or is about to. */
  get isOpen(): boolean {
    return this.all.some(({ isOpen }) => isOpen);
  }

  /** None of them can be had. */
  get blocked(): boolean {
    return this.all.every(({ blocked }) => blocked);
  }

  /** Where they listen, `host:port` each. */
  get addresses(): string[] {
    return this.all.flatMap(({ address }) => address ?? []);
  }

  /** When one that cannot be had is to be tried again. */
  get retryAt(): number {
    return Math.min(...this.all.map(({ retryAt }) => retryAt));
  }

  /** Listens wherever it does not. */
  open(): void {
    for (const listener of this.all) listener.open();
  }

  /** Tries again those whose time has come: for good, or only to find out whether they can be had. */
  retry(now: number, forGood: boolean, probe: boolean): void {
    for (const listener of this.all) {
      if (listener.retryAt > now) continue;
      listener.forgetRetry();
      if (forGood) listener.open();
      else if (probe) listener.probe();
    }
  }

  close(reason: string): void {
    for (const listener of this.all) listener.close(reason);
  }
}
