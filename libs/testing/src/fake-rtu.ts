import {
  apduEnd,
  ApduFramer,
  APCI_OCTETS,
  DEFAULT_LINK_PARAMETERS,
  Link,
  type LinkParameters,
} from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import type { FakeNetwork, FakeSocket } from './fake-network.js';

export interface FakeRtuOptions {
  readonly port?: number;
  readonly link?: Partial<LinkParameters>;
}

/** A controlled station on a fake network that does what a spec tells it: it sends nothing of its own and keeps nothing. */
export class FakeRtu {
  /** The connections it accepted, in order. */
  readonly links: FakeRtuLink[] = [];
  readonly port: number;
  private listener: { close(): void } | undefined;

  constructor(
    private readonly network: FakeNetwork,
    private readonly clock: Clock,
    private readonly options: FakeRtuOptions = {},
  ) {
    this.port = options.port ?? 2404;
    this.listen();
  }

  listen(): void {
    this.listener = this.network.listen({
      port: this.port,
      host: undefined,
      backlog: 1,
      onConnection: (socket) =>
        this.links.push(new FakeRtuLink(socket as unknown as FakeSocket, this.clock, this.options.link)),
      onListening: () => undefined,
      onError: (error) => {
        throw error;
      },
    });
  }

  /** Refuses connections from now on. */
  close(): void {
    this.listener?.close();
  }

  /** The connection that was made last. */
  get last(): FakeRtuLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error('nobody has connected to the RTU');
    return link;
  }
}

/** One connection of a `FakeRtu`. */
export class FakeRtuLink {
  readonly link: Link;
  /** ASDUs received. */
  readonly received: Uint8Array[] = [];
  /** Octets received, all formats. */
  receivedOctets = 0;
  /** How the other end ended the connection. */
  ended: 'no' | 'closed' | 'reset' = 'no';
  /** True: reads nothing more. */
  private deaf = false;
  private readonly framer = new ApduFramer();

  constructor(
    readonly socket: FakeSocket,
    private readonly clock: Clock,
    parameters: Partial<LinkParameters> = {},
  ) {
    // It acknowledges each command at once, unless a spec says otherwise.
    this.link = new Link({ role: 'controlled', ...DEFAULT_LINK_PARAMETERS, w: 1, ...parameters }, clock.now());
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('end', () => (this.ended = 'closed'));
    socket.on('error', () => (this.ended = 'reset'));
    socket.resume();
  }

  /** N(R) that the other end has given, as a running count. */
  get acknowledged(): number {
    return this.link.acknowledged;
  }

  /** Sends ASDUs in one write. */
  send(...asdus: Uint8Array[]): void {
    for (const asdu of asdus) {
      if (!this.link.send(asdu, this.clock.now()))
        throw new Error('the window of the RTU is closed, or it is not started');
    }
    this.write();
  }

  /** The connection breaks without a word from the RTU's application. */
  drop(): void {
    this.socket.resetAndDestroy();
  }

  /** Nothing that is written to it arrives any more, or what was held arrives now; it can still send. */
  stall(on: boolean): void {
    this.socket.peer.stall(on);
  }

  /** It goes on or stops to take any notice of what arrives. */
  listenTo(on: boolean): void {
    this.deaf = !on;
  }

  private onData(chunk: Buffer): void {
    if (this.deaf) return;
    this.receivedOctets += chunk.length;
    const octets = this.framer.feed(chunk);
    for (let at = 0; at < octets.length; at = apduEnd(octets, at)) {
      const format = this.link.receive(octets, at, this.clock.now());
      if (format === 'I') this.received.push(new Uint8Array(octets.subarray(at + APCI_OCTETS, apduEnd(octets, at))));
    }
    this.write();
  }

  private write(): void {
    const octets = this.link.poll();
    if (octets !== undefined && this.socket.writable) this.socket.write(octets);
  }
}
