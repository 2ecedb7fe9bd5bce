import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './ports.ts';

/** Octets held back per direction while the relay is stalled, before TCP holds the sender back. */
const HIGH_WATER_OCTETS = 64 * 1024;

/** What became of one connection, seen from the side that made it. */
export interface Passage {
  /** Octets that came from there. */
  readonly octets: number;
  readonly ended: 'no' | 'closed' | 'reset';
}

/** Both ends of one connection, and what has to happen once the path is mended. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  held: (() => void)[];
  heldOctets: number;
  readonly passage: { octets: number; ended: Passage['ended'] };
}

/**
 * A TCP path that can be broken: `cut` resets what is connected and refuses what comes, `stall` loses nothing but lets
 * nothing through (a dead line: no FIN, no RST), `mend` undoes both. What was on its way when its sender reset the connection
 * never arrives: nobody sends it again.
 */
export class Relay {
  /** Connections accepted so far, in order. */
  readonly passages: Passage[] = [];
  private server: Server | undefined;
  private readonly pairs = new Set<Pair>();
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

  /** Connections accepted so far. */
  get accepted(): number {
    return this.passages.length;
  }

  /** Resets every connection and refuses new ones. */
  async cut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    for (const { near, far } of this.pairs) for (const socket of [near, far]) socket.resetAndDestroy();
    this.pairs.clear();
    await closed;
  }

  /** Lets nothing through any more; connections stay, and new ones are accepted. */
  stall(): void {
    this.stalled = true;
  }

  async mend(): Promise<void> {
    this.stalled = false;
    for (const pair of this.pairs) {
      const { held, near, far } = pair;
      pair.held = [];
      pair.heldOctets = 0;
      for (const happen of held) happen();
      for (const socket of [near, far]) socket.resume();
    }
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
    const far = connect({ ...this.target, noDelay: true });
    const pair: Pair = { near, far, held: [], heldOctets: 0, passage: { octets: 0, ended: 'no' } };
    this.pairs.add(pair);
    this.passages.push(pair.passage);
    this.join(pair, near, far);
    this.join(pair, far, near);
  }

  private join(pair: Pair, from: Socket, to: Socket): void {
    const { passage } = pair;
    const ends = (how: 'closed' | 'reset'): void => {
      if (from === pair.near && passage.ended === 'no') passage.ended = how;
    };
    from.on('data', (octets: Buffer) => {
      if (from === pair.near) passage.octets += octets.length;
      this.pass(pair, () => {
        if (!to.write(octets)) from.pause();
      });
      if (this.stalled && (pair.heldOctets += octets.length) > HIGH_WATER_OCTETS) from.pause();
    });
    to.on('drain', () => {
      if (!this.stalled) from.resume();
    });
    from.on('end', () => {
      ends('closed');
      this.pass(pair, () => to.end());
    });
    from.on('error', () => {
      ends('reset');
      pair.held = [];
    });
    from.on('close', () => {
      ends('closed');
      this.pass(pair, () => {
        this.pairs.delete(pair);
        to.destroy();
      });
    });
  }

  /** Lets it happen, now or once the path is mended. */
  private pass(pair: Pair, happen: () => void): void {
    if (this.stalled) pair.held.push(happen);
    else happen();
  }
}
