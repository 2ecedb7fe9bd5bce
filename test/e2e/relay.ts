import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './ports.ts';

/** Octets held back per direction while the relay is stalled, before TCP holds the sender back. */
const HIGH_WATER_OCTETS = 64 * 1024;

/**
 * A TCP path that can be broken: `cut` resets what is connected and refuses what comes, `stall` loses nothing but lets
 * nothing through (a dead line: no FIN, no RST), `mend` undoes both.
 */
export class Relay {
  /** Connections accepted so far. */
  accepted = 0;
  private server: Server | undefined;
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private stalled = false;

  private constructor(
    readonly host: string,
    readonly port: number,
    private readonly target: { readonly host: string; readonly port: number },
  ) {}

  static async start(target: { readonly host: string; readonly port: number }, host = '127.0.0.1'): Promise<Relay> {
    const relay = new Relay(host, await freePort(), target);
    await relay.listen();
    return relay;
  }

  /** Resets every connection and refuses new ones. */
  async cut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    for (const pair of this.pairs) for (const socket of pair) socket.resetAndDestroy();
    this.pairs.clear();
    await closed;
  }

  /** Lets nothing through any more; connections stay, and new ones are accepted. */
  stall(): void {
    this.stalled = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  async mend(): Promise<void> {
    this.stalled = false;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
    if (this.server === undefined) await this.listen();
  }

  async close(): Promise<void> {
    await this.cut();
  }

  private async listen(): Promise<void> {
    const server = createServer({ noDelay: true, highWaterMark: HIGH_WATER_OCTETS }, (near) => this.onSocket(near));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: this.host, port: this.port }, resolve);
    });
    this.server = server;
  }

  private onSocket(near: Socket): void {
    this.accepted++;
    const far = connect({ ...this.target, noDelay: true });
    const pair = [near, far] as const;
    this.pairs.add(pair);
    for (const [from, to] of [pair, [far, near]] as const) {
      from.on('data', (octets) => {
        if (!to.write(octets)) from.pause();
      });
      to.on('drain', () => {
        if (!this.stalled) from.resume();
      });
      from.on('end', () => to.end());
      from.on('error', () => undefined);
      from.on('close', () => {
        this.pairs.delete(pair);
        to.destroy();
      });
    }
    if (this.stalled) for (const socket of pair) socket.pause();
  }
}
