import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { RawEnd } from './raw-end.js';

/** Connections that wait for their turn: a master may have several, and none is answered before it is. */
const MAX_WAITING = 16;

/** Where a controlling station under test connects to. */
export class RawListener {
  private readonly waiting: Socket[] = [];
  private wake: () => void = () => undefined;

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      if (this.waiting.length >= MAX_WAITING) socket.destroy();
      else this.waiting.push(socket);
      this.wake();
    });
  }

  static listen(host: string, port: number): Promise<RawListener> {
    return new Promise((resolve, reject) => {
      // Nothing is read of a connection before it is its turn.
      const server = createServer({ pauseOnConnect: true });
      server.once('error', reject);
      server.listen(port, host, () => resolve(new RawListener(server)));
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The next connection. Rejects when there is none in time. */
  async next(ms: number): Promise<RawEnd> {
    const until = performance.now() + ms;
    for (;;) {
      const socket = this.waiting.shift();
      if (socket !== undefined) {
        if (socket.destroyed) continue;
        const end = new RawEnd(socket);
        socket.resume();
        return end;
      }
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw new Error(`no connection within ${ms / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.server.close();
    for (const socket of this.waiting.splice(0)) socket.destroy();
  }
}
