import type { TcpSocket } from '@iec104mm2ss/runtime';
import type { SimProcess } from '../world/sim-process.ts';
import { Emitter } from './emitter.ts';
import type { Endpoint } from './endpoint.ts';

/** As in Node: above this `write` returns false. */
const HIGH_WATER_OCTETS = 65_536;
const READ_OCTETS = 65_536;

type Listener = (...parameters: never[]) => void;

/** A socket as Node has it, on a simulated connection. */
export class SimSocket implements TcpSocket {
  destroyed = false;
  connecting: boolean;
  writableLength = 0;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  /** When the oldest octets of the chunk being delivered were written by the peer: for accounts. */
  chunkWrittenAt = 0;

  private readonly events = new Emitter();
  private pending: Buffer[] = [];
  private putBack: Buffer | undefined;
  /** As in Node: undefined = nobody has said yet; listening for data makes it flow then. */
  private flowing: boolean | undefined;
  private needDrain = false;
  private ending = false;
  private finished = false;
  private readEnded = false;
  private reading = false;
  private gone = false;
  private readonly source: string;

  constructor(
    private readonly process: SimProcess,
    readonly endpoint: Endpoint,
    connected: boolean,
    private readonly onGone: (socket: SimSocket) => void,
  ) {
    this.connecting = !connected;
    this.source = `socket ${endpoint.port}`;
    if (connected) this.attach();
    // An accepted socket is paused (pauseOnConnect).
    if (connected) this.flowing = false;
  }

  get writable(): boolean {
    return !this.destroyed && !this.ending;
  }

  on(event: string, listener: Listener): this {
    this.events.add(event, listener, false);
    if (event === 'data' && this.flowing === undefined) this.resume();
    return this;
  }

  once(event: string, listener: Listener): this {
    this.events.add(event, listener, true);
    return this;
  }

  removeListener(event: string, listener: Listener): this {
    this.events.remove(event, listener);
    return this;
  }

  write(octets: Uint8Array): boolean {
    if (this.destroyed) return false;
    if (this.ending) {
      this.process.endOfTurn(() => this.fail('EPIPE', 'write after end'));
      return false;
    }
    if (!this.process.effect()) return true;
    this.writableLength += octets.length;
    const room = this.writableLength < HIGH_WATER_OCTETS;
    if (!room) this.needDrain = true;
    if (octets.length > 0) this.pending.push(Buffer.from(octets));
    this.flush();
    return room;
  }

  end(): this {
    if (this.ending || this.destroyed || !this.process.effect()) return this;
    this.ending = true;
    this.flush();
    return this;
  }

  destroy(error?: Error): this {
    return this.leave(error, () => this.endpoint.close());
  }

  resetAndDestroy(): this {
    return this.leave(undefined, () => this.endpoint.reset());
  }

  unshift(octets: Uint8Array): this {
    this.putBack = Buffer.from(octets);
    return this;
  }

  pause(): this {
    this.flowing = false;
    return this;
  }

  resume(): this {
    this.flowing = true;
    if (!this.connecting) this.readSoon();
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** For actors: calls `heard` when the peer's process has read everything written so far. */
  whenPeerHasRead(heard: () => void): void {
    const pipe = this.endpoint.outgoing;
    pipe?.whenRead(pipe.total + this.writableLength, heard);
  }

  /** For actors: its machine is gone. The peer is told nothing; here it looks closed. */
  vanish(): void {
    this.endpoint.vanish();
  }

  // ---- from the network ---------------------------------------------------------------------------------------------

  connected(): void {
    if (this.destroyed) {
      this.endpoint.outgoing?.reset();
      return;
    }
    this.connecting = false;
    this.attach();
    this.process.post('io', this.source, () => {
      if (this.destroyed) return;
      this.events.emit('connect');
      this.flush();
      this.readSoon();
    });
  }

  refused(code: string): void {
    this.process.post('io', this.source, () => this.fail(code, `connect ${code}`));
  }

  /** Its process has ended. */
  forget(silently: boolean): void {
    if (this.gone) return;
    this.gone = true;
    this.destroyed = true;
    if (silently) this.endpoint.vanish();
    else this.endpoint.close();
  }

  private attach(): void {
    const { peer } = this.endpoint;
    this.remoteAddress = peer?.address;
    this.remotePort = peer?.port;
    this.endpoint.user = {
      readable: () => this.readSoon(),
      room: () => {
        if (this.pending.length > 0) this.process.post('io', this.source, () => this.flush());
      },
      reset: () => this.readSoon(),
    };
  }

  private flush(): void {
    if (this.destroyed || this.connecting) return;
    if (this.endpoint.wasReset) {
      this.process.endOfTurn(() => this.fail('EPIPE', 'write EPIPE'));
      return;
    }
    while (this.pending.length > 0) {
      const head = this.pending[0] as Buffer;
      const taken = this.endpoint.send(head);
      this.writableLength -= taken;
      if (taken < head.length) {
        this.pending[0] = head.subarray(taken);
        return;
      }
      this.pending.shift();
    }
    if (this.needDrain) {
      this.needDrain = false;
      this.process.endOfTurn(() => {
        if (!this.destroyed) this.events.emit('drain');
      });
    }
    if (this.ending && !this.finished) {
      this.finished = true;
      this.endpoint.finish();
      if (this.readEnded) this.process.endOfTurn(() => this.destroy());
    }
  }

  private readSoon(): void {
    if (this.reading || this.flowing !== true || this.destroyed) return;
    this.reading = true;
    this.process.post('io', this.source, () => {
      this.reading = false;
      this.readNow();
    });
  }

  private readNow(): void {
    const { incoming } = this.endpoint;
    if (this.flowing !== true || this.destroyed || incoming === undefined) return;
    const { putBack } = this;
    if (putBack !== undefined) {
      this.putBack = undefined;
      this.readSoon();
      this.events.emit('data', putBack);
      return;
    }
    const read = incoming.read(READ_OCTETS);
    if (read !== undefined) {
      this.chunkWrittenAt = read.writtenAt;
      this.readSoon();
      this.events.emit('data', read.chunk);
      return;
    }
    if (this.endpoint.wasReset) this.fail('ECONNRESET', 'read ECONNRESET');
    else if (incoming.finArrived && !this.readEnded) {
      this.readEnded = true;
      this.events.emit('end');
      // allowHalfOpen is false.
      this.end();
      if (this.finished) this.destroy();
    }
  }

  private fail(code: string, message: string): void {
    const error: NodeJS.ErrnoException = new Error(message);
    error.code = code;
    this.destroy(error);
  }

  private leave(error: Error | undefined, close: () => void): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.pending = [];
    this.writableLength = 0;
    if (this.process.effect()) close();
    this.process.endOfTurn(() => {
      if (error !== undefined) this.events.emit('error', error);
      this.gone = true;
      this.onGone(this);
      this.events.emit('close');
    });
    return this;
  }
}
