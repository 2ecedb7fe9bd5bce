import type { ListenOptions, Network, TcpListener } from '@iec104mm2ss/runtime';
import type { ProcessEnd, SimProcess } from '../world/sim-process.ts';
import type { World } from '../world/world.ts';
import { Endpoint } from './endpoint.ts';
import { Paths } from './paths.ts';
import { SimSocket } from './sim-socket.ts';

/** Attempts to connect that nobody answered are made again after these pauses. */
const FIRST_SYN_RETRY_MS = 1_000;
const LAST_SYN_RETRY_MS = 16_000;
const FIRST_EPHEMERAL_PORT = 32_768;

/** The network between all processes of a world. */
export class SimNetwork {
  readonly paths: Paths;
  private readonly listeners = new Map<string, SimListener>();
  private readonly networks = new Map<SimProcess, ProcessNetwork>();
  private ports = FIRST_EPHEMERAL_PORT;

  constructor(readonly world: World) {
    this.paths = new Paths(world);
  }

  /** Gives a process its network. */
  attach(process: SimProcess): void {
    const network = new ProcessNetwork(this, process);
    process.network = network;
    process.ends.add(network);
    this.networks.set(process, network);
  }

  /** Sockets and listeners a process has. */
  open(process: SimProcess): { readonly sockets: number; readonly listeners: number } {
    const network = this.networks.get(process);
    return { sockets: network?.sockets.size ?? 0, listeners: network?.listening.size ?? 0 };
  }

  /** Resets every connection between two hosts, as a firewall does that has lost its table. */
  resetBetween(a: string, b: string): void {
    for (const { sockets, process } of this.networks.values()) {
      if (process.address !== a) continue;
      for (const socket of sockets) {
        if (socket.endpoint.peer?.address !== b) continue;
        socket.endpoint.peer.onReset();
        socket.endpoint.onReset();
      }
    }
  }

  /** @returns false when the port is taken */
  bind(address: string, port: number, listener: SimListener): boolean {
    const key = `${address}:${port}`;
    if (this.listeners.has(key)) return false;
    this.listeners.set(key, listener);
    return true;
  }

  unbind(address: string, port: number): void {
    this.listeners.delete(`${address}:${port}`);
  }

  endpoint(address: string, port = this.ports++): Endpoint {
    return new Endpoint(address, port);
  }

  /** The first packet of a connection. */
  knock(socket: SimSocket, host: string, port: number, retryMs = FIRST_SYN_RETRY_MS): void {
    const { world } = this;
    const path = this.paths.between(socket.endpoint.address, host);
    const again = (): void => {
      if (retryMs > LAST_SYN_RETRY_MS) socket.refused('ETIMEDOUT');
      else world.after(retryMs, () => this.knock(socket, host, port, 2 * retryMs));
    };
    if (socket.destroyed) return;
    world.after(path.delay(), () => {
      if (!path.passes) return again();
      const listener = this.listeners.get(`${host}:${port}`);
      if (listener?.isFull === true) return again();
      const far = this.endpoint(host, port);
      if (listener !== undefined) {
        Endpoint.join(world, path, socket.endpoint, far);
        listener.enqueue(far);
      }
      world.after(path.delay(), () => {
        if (listener === undefined) socket.refused('ECONNREFUSED');
        else socket.connected();
      });
    });
  }
}

class ProcessNetwork implements Network, ProcessEnd {
  readonly sockets = new Set<SimSocket>();
  readonly listening = new Set<SimListener>();

  constructor(
    private readonly fabric: SimNetwork,
    readonly process: SimProcess,
  ) {}

  connect(host: string, port: number): SimSocket {
    const socket = this.socket(this.fabric.endpoint(this.process.address), false);
    if (this.process.effect()) this.fabric.knock(socket, host, port);
    return socket;
  }

  listen(options: ListenOptions): TcpListener {
    const listener = new SimListener(this.fabric, this.process, options, (endpoint) => this.socket(endpoint, true));
    this.listening.add(listener);
    listener.onClose = () => this.listening.delete(listener);
    listener.open();
    return listener;
  }

  onProcessEnd(silently: boolean): void {
    for (const listener of this.listening) listener.end(silently);
    for (const socket of this.sockets) socket.forget(silently);
    this.listening.clear();
    this.sockets.clear();
  }

  private socket(endpoint: Endpoint, connected: boolean): SimSocket {
    const socket = new SimSocket(this.process, endpoint, connected, (gone) => this.sockets.delete(gone));
    this.sockets.add(socket);
    return socket;
  }
}

export class SimListener implements TcpListener {
  onClose: () => void = () => undefined;
  private state: 'new' | 'open' | 'closed' = 'new';
  /** Connections that the system has accepted and the process has not. */
  private waiting: Endpoint[] = [];
  private readonly host: string;

  constructor(
    private readonly fabric: SimNetwork,
    private readonly process: SimProcess,
    private readonly options: ListenOptions,
    private readonly accept: (endpoint: Endpoint) => SimSocket,
  ) {
    this.host = options.host ?? process.address;
  }

  get address(): { readonly address: string; readonly port: number } | undefined {
    return this.state === 'open' ? { address: this.host, port: this.options.port } : undefined;
  }

  get isFull(): boolean {
    return this.waiting.length >= this.options.backlog;
  }

  open(): void {
    const { port, onListening, onError } = this.options;
    if (!this.process.effect()) return;
    if (this.fabric.bind(this.host, port, this)) {
      this.state = 'open';
      this.process.endOfTurn(() => {
        if (this.state === 'open') onListening();
      });
      return;
    }
    this.state = 'closed';
    this.onClose();
    const error: NodeJS.ErrnoException = new Error(`listen EADDRINUSE: address already in use ${this.host}:${port}`);
    error.code = 'EADDRINUSE';
    this.process.endOfTurn(() => onError(error));
  }

  close(): void {
    if (this.state === 'open' && this.process.effect()) this.end(false);
  }

  /** The port is free again; who was not accepted yet is reset. */
  end(silently: boolean): void {
    if (this.state !== 'open') return;
    this.state = 'closed';
    this.fabric.unbind(this.host, this.options.port);
    for (const endpoint of this.waiting) {
      if (silently) endpoint.vanish();
      else endpoint.reset();
    }
    this.waiting = [];
    this.onClose();
  }

  enqueue(endpoint: Endpoint): void {
    this.waiting.push(endpoint);
    this.process.post('io', `listener ${this.options.port}`, () => {
      const next = this.waiting.shift();
      if (next === undefined || this.state !== 'open') return;
      this.options.onConnection(this.accept(next));
    });
  }
}
