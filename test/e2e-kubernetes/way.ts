/**
 * How a master gets to the gateways: by one of several nodes, from an address of its own, over TLS if it has a certificate. Its
 * station connects to a port of the loopback, whose connections go on to the node that answered last, or else to the next.
 */
import { type AddressInfo, connect as connectPlain, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { OwnCertificate } from '../tls-ends.ts';

/** A node without a gateway of its own answers nothing, where it hands on to local pods only. */
const CONNECT_MS = 1_000;

/** A connection to a gateway that ended while its master wanted it. */
export interface Break {
  /** By `performance.now()`. */
  readonly at: number;
  readonly node: string;
}

export interface WayOptions {
  /** Addresses of nodes, tried in turn. */
  readonly nodes: readonly string[];
  readonly port: number;
  readonly localAddress: string;
  readonly certificate?: OwnCertificate;
}

export class Way {
  readonly breaks: Break[] = [];
  private turn = 0;
  private closing = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly options: WayOptions,
    private readonly server: Server,
  ) {}

  static async start(options: WayOptions): Promise<Way> {
    const server = createServer({ noDelay: true, pauseOnConnect: true });
    const way = new Way(options, server);
    server.on('connection', (near) => void way.goOn(near));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return way;
  }

  /** Where the master connects to. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The node it is at, or tries next. */
  get node(): string {
    return this.options.nodes[this.turn % this.options.nodes.length] as string;
  }

  /** From the next connection on it prefers this node. */
  prefer(node: string): void {
    this.turn = Math.max(0, this.options.nodes.indexOf(node));
  }

  close(): void {
    this.closing = true;
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private async goOn(near: Socket): Promise<void> {
    near.on('error', () => undefined);
    const far = await this.reach();
    if (far === undefined || near.destroyed) {
      far?.destroy();
      near.destroy();
      return;
    }
    const { node } = this;
    this.sockets.add(far);
    far.on('error', () => undefined);
    far.on('close', () => {
      this.sockets.delete(far);
      // A station that closes has closed the near end first.
      if (!this.closing && !near.destroyed) this.breaks.push({ at: performance.now(), node });
      near.destroy();
    });
    near.on('close', () => far.destroy());
    const through = this.options.certificate === undefined ? far : this.secure(far);
    through.on('error', () => near.destroy());
    near.pipe(through).pipe(near);
  }

  private secure(far: Socket): Socket {
    const { chain, key } = this.options.certificate as OwnCertificate;
    return connectTls({ socket: far, cert: chain, key, rejectUnauthorized: false });
  }

  /** A connection to the node of this turn; when nobody answers there the next one has its turn. */
  private reach(): Promise<Socket | undefined> {
    const { port, localAddress } = this.options;
    return new Promise((resolve) => {
      const socket = connectPlain({ host: this.node, port, localAddress, noDelay: true });
      const fail = (): void => {
        socket.destroy();
        this.turn++;
        resolve(undefined);
      };
      socket.setTimeout(CONNECT_MS, fail);
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.off('error', fail);
        resolve(socket);
      });
    });
  }
}
