import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP path to an RTU that can be cut, and be as long as one wants. */
export class Path {
  /** Added in each direction. */
  delayMs = 0;
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly host: string,
    readonly port: number,
    private readonly target: { readonly host: string; readonly port: number },
  ) {}

  static async start(host: string, port: number, target: Path['target']): Promise<Path> {
    const path = new Path(host, port, target);
    await path.mend();
    return path;
  }

  async mend(): Promise<void> {
    if (this.server !== undefined) return;
    const server = createServer((near) => {
      const far = connect(this.target);
      this.join(near, far);
      this.join(far, near);
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, this.host, resolve));
  }

  /** Resets what is connected, and refuses what comes. */
  async cut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.resetAndDestroy();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (octets) => {
      if (this.delayMs === 0) to.write(octets);
      else setTimeout(() => to.writable && to.write(octets), this.delayMs);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
