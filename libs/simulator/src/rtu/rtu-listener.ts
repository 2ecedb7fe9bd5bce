import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

const LISTEN_BACKLOG = 128;

/** The listening socket of an RTU, which keeps the port that it once had. */
export class RtuListener {
  private server: Server | undefined;

  constructor(
    private readonly host: string,
    private port: number,
    private readonly onSocket: (socket: Socket) => void,
  ) {}

  get address(): { host: string; port: number } {
    return { host: this.host, port: this.port };
  }

  get listening(): boolean {
    return this.server !== undefined;
  }

  /** False: it listened already. */
  async start(): Promise<boolean> {
    if (this.server !== undefined) return false;
    const server = createServer({ noDelay: true }, this.onSocket);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...this.address, backlog: LISTEN_BACKLOG }, resolve);
    });
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    return true;
  }

  /** Listens no more at once; what it returns resolves when the connections that it took are gone. */
  stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return Promise.resolve();
    return new Promise((resolve) => server.close(() => resolve()));
  }

  /** Turns a socket away. */
  static refuse(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    socket.resetAndDestroy();
  }
}
