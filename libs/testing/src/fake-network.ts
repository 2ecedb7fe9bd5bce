import { EventEmitter } from 'node:events';
import type { Clock, ListenOptions, Network, TcpListener, TcpSocket } from '@iec104mm2ss/runtime';

/** Above this many octets `write` says that the socket wants no more. */
const HIGH_WATER_OCTETS = 16_384;

/**
 * One end of a TCP connection in memory. What is written arrives when the clock's turn ends (`flush`, `advance`): in
 * order, one chunk for each write.
 */
export class FakeSocket extends EventEmitter implements TcpSocket {
  peer!: FakeSocket;
  destroyed = false;
  writableLength = 0;
  readonly remoteAddress: string;
  readonly remotePort: number;
  private paused: boolean;
  private ended = false;
  private resetSeen = false;
  private stalled = false;
  private held: Buffer[] = [];
  private incoming: (Buffer | 'end')[] = [];
  private pumping = false;

  constructor(
    private readonly clock: Clock,
    remote: { readonly address: string; readonly port: number },
    options: { readonly paused?: boolean } = {},
  ) {
    super();
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    this.paused = options.paused ?? false;
  }

  /** The two ends of a connection: of who connected, from `address:port`, and of who accepted, which is paused. */
  static pair(clock: Clock, address: string, port: number): [client: FakeSocket, accepted: FakeSocket] {
    const client = new FakeSocket(clock, { address: '127.0.0.1', port: 0 });
    const accepted = new FakeSocket(clock, { address, port }, { paused: true });
    [client.peer, accepted.peer] = [accepted, client];
    return [client, accepted];
  }

  get writable(): boolean {
    return !this.ended && !this.destroyed;
  }

  write(octets: Uint8Array): boolean {
    if (!this.writable) return false;
    const chunk = Buffer.from(octets);
    if (this.stalled) {
      this.held.push(chunk);
      this.writableLength += chunk.length;
    } else this.peer.receive(chunk);
    return this.writableLength < HIGH_WATER_OCTETS;
  }

  /** While stalled nothing that is written here arrives. */
  stall(on: boolean): void {
    this.stalled = on;
    if (on) return;
    for (const chunk of this.held.splice(0)) this.peer.receive(chunk);
    const full = this.writableLength >= HIGH_WATER_OCTETS;
    this.writableLength = 0;
    if (full) this.clock.soon(() => this.emit('drain'));
  }

  end(): this {
    if (!this.writable) return this;
    this.ended = true;
    this.peer.receive('end');
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.incoming = [];
    if (!this.ended && !this.resetSeen) this.peer.receive('end');
    this.clock.soon(() => this.emit('close'));
    return this;
  }

  resetAndDestroy(): this {
    if (this.destroyed) return this;
    const { peer } = this;
    this.resetSeen = true;
    this.destroy();
    this.clock.soon(() => {
      if (peer.destroyed) return;
      peer.resetSeen = true;
      peer.emit('error', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      peer.destroy();
    });
    return this;
  }

  unshift(octets: Uint8Array): this {
    this.incoming.unshift(Buffer.from(octets));
    this.pumpSoon();
    return this;
  }

  pause(): this {
    this.paused = true;
    return this;
  }

  resume(): this {
    this.paused = false;
    this.pumpSoon();
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override removeListener(event: string, listener: unknown): this {
    return super.removeListener(event, listener as () => void);
  }

  private receive(what: Buffer | 'end'): void {
    if (this.destroyed) return;
    this.incoming.push(what);
    this.pumpSoon();
  }

  private pumpSoon(): void {
    if (this.pumping || this.incoming.length === 0) return;
    this.pumping = true;
    this.clock.soon(() => {
      this.pumping = false;
      while (!this.paused && !this.destroyed && this.incoming.length > 0) {
        const what = this.incoming.shift() as Buffer | 'end';
        if (what !== 'end') {
          this.emit('data', what);
          continue;
        }
        this.emit('end');
        // As Node does without `allowHalfOpen`.
        this.end();
        this.destroy();
      }
    });
  }
}

/** A network in memory: what is connected to a port that somebody listens on becomes a pair of `FakeSocket`s. */
export class FakeNetwork implements Network {
  /** Ports that somebody else has. */
  readonly taken = new Set<number>();
  /** Every time that somebody wanted to listen. */
  listens = 0;
  private readonly listeners = new Map<number, ListenOptions>();

  constructor(private readonly clock: Clock) {}

  isListening(port: number): boolean {
    return this.listeners.has(port);
  }

  /** A connection to `port` from `address:fromPort`; undefined when it is refused. */
  dial(port: number, address = '127.0.0.1', fromPort = 40_000): FakeSocket | undefined {
    const listener = this.listeners.get(port);
    if (listener === undefined) return undefined;
    const [client, accepted] = FakeSocket.pair(this.clock, address, fromPort);
    listener.onConnection(accepted);
    return client;
  }

  connect(_host: string, port: number): TcpSocket {
    const client = this.dial(port);
    if (client !== undefined) {
      this.clock.soon(() => client.emit('connect'));
      return client;
    }
    const [refused] = FakeSocket.pair(this.clock, '127.0.0.1', 0);
    this.clock.soon(() => {
      refused.emit('error', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      refused.destroy();
    });
    return refused;
  }

  listen(options: ListenOptions): TcpListener {
    const { port, host = '0.0.0.0' } = options;
    this.listens++;
    if (this.taken.has(port) || this.listeners.has(port)) {
      this.clock.soon(() => options.onError(Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })));
    } else {
      this.listeners.set(port, options);
      this.clock.soon(() => options.onListening());
    }
    const isOpen = (): boolean => this.listeners.get(port) === options;
    return {
      get address() {
        return isOpen() ? { address: host, port } : undefined;
      },
      close: () => {
        if (isOpen()) this.listeners.delete(port);
      },
    };
  }
}
