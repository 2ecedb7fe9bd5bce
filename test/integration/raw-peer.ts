/**
 * An end of a connection that does what it is told, right or wrong: for tests in which a peer breaks the rules, or in
 * which every single APDU counts.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  formatOf,
  iFormat,
  receiveSequence,
  sendSequence,
  sFormat,
  UFunction,
  uFormat,
  uFunctionName,
} from '@iec104mm2ss/iec104';
import { onTestFinished } from 'vitest';
import { GATEWAY_HOST, masterAddress, RTU_HOST, until } from './harness.js';

/** One APDU as it came in; fields that its format has not are undefined. */
export interface ReceivedApdu {
  readonly format: 'I' | 'S' | 'U';
  readonly ns: number | undefined;
  readonly nr: number | undefined;
  /** Name of a U-format function. */
  readonly fn: string | undefined;
  /** ASDU, hexadecimal; empty unless I-format. */
  readonly asdu: string;
  readonly at: number;
}

/** What a raw peer does by itself. Everything else is up to the test. */
export interface RawHabits {
  /** Confirms STARTDT, STOPDT and TESTFR act. Default true. */
  readonly confirm?: boolean;
  /** Acknowledges each I-format APDU at once. Default true. */
  readonly acknowledge?: boolean;
}

const CONFIRMATION: Readonly<Record<string, UFunction>> = {
  'STARTDT act': UFunction.STARTDT_CON,
  'STOPDT act': UFunction.STOPDT_CON,
  'TESTFR act': UFunction.TESTFR_CON,
};

export class RawPeer {
  readonly received: ReceivedApdu[] = [];
  confirm: boolean;
  acknowledge: boolean;
  /** Next N(S) to send and to receive. */
  vs = 0;
  vr = 0;
  closed = false;
  /** Called for every APDU, after the habits. */
  onApdu: ((apdu: ReceivedApdu) => void) | undefined;
  private rest = Buffer.alloc(0);

  constructor(
    readonly socket: Socket,
    habits: RawHabits = {},
  ) {
    this.confirm = habits.confirm ?? true;
    this.acknowledge = habits.acknowledge ?? true;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => (this.closed = true));
    socket.on('close', () => (this.closed = true));
  }

  /** ASDUs received, hexadecimal. */
  get asdus(): string[] {
    return this.received.filter(({ format }) => format === 'I').map(({ asdu }) => asdu);
  }

  /** U-format functions received. */
  get functions(): string[] {
    return this.received.flatMap(({ fn }) => (fn === undefined ? [] : [fn]));
  }

  /** Highest N(R) received so far; tests stay far below 32768. */
  get acknowledged(): number {
    return Math.max(0, ...this.received.map(({ nr }) => nr ?? 0));
  }

  sendOctets(octets: Uint8Array | string): void {
    this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'hex') : octets);
  }

  sendU(fn: UFunction): void {
    this.sendOctets(uFormat(fn));
  }

  /** S-format acknowledging everything before `nr`; default: everything received. */
  sendS(nr = this.vr): void {
    this.sendOctets(sFormat(nr));
  }

  sendI(...asdus: readonly (Uint8Array | string)[]): void {
    const apdus = asdus.map((asdu) =>
      iFormat(this.vs++, this.vr, typeof asdu === 'string' ? Buffer.from(asdu, 'hex') : asdu),
    );
    this.sendOctets(Buffer.concat(apdus));
  }

  async startDataTransfer(): Promise<void> {
    this.sendU(UFunction.STARTDT_ACT);
    await until('STARTDT con', () => this.functions.includes('STARTDT con'));
  }

  async asduCount(count: number, deadlineMs?: number): Promise<void> {
    await until(`${count} ASDUs, ${this.asdus.length} so far`, () => this.asdus.length >= count, deadlineMs);
  }

  close(): void {
    this.socket.destroy();
  }

  private onData(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      const length = (this.rest[1] ?? 254) + 2;
      if (this.rest.length < length) return;
      const octets = this.rest.subarray(0, length);
      this.rest = this.rest.subarray(length);
      this.onFrame(octets);
    }
  }

  private onFrame(octets: Buffer): void {
    const format = formatOf(octets);
    const apdu: ReceivedApdu = {
      format,
      ns: format === 'I' ? sendSequence(octets) : undefined,
      nr: format === 'U' ? undefined : receiveSequence(octets),
      fn: format === 'U' ? (uFunctionName(octets[2] as number) ?? 'unknown') : undefined,
      asdu: octets.subarray(6).toString('hex'),
      at: performance.now(),
    };
    this.received.push(apdu);
    if (format === 'I') this.vr = (this.vr + 1) & 0x7fff;
    if (format === 'I' && this.acknowledge) this.sendS();
    const confirmation = apdu.fn === undefined ? undefined : CONFIRMATION[apdu.fn];
    if (confirmation !== undefined && this.confirm) this.sendU(confirmation);
    this.onApdu?.(apdu);
  }
}

/** A raw controlled station: listens, and keeps every connection it ever had. */
export class RawRtu {
  readonly connections: RawPeer[] = [];
  onConnection: ((peer: RawPeer) => void) | undefined;

  private constructor(
    private readonly server: Server,
    habits: RawHabits,
  ) {
    server.on('connection', (socket) => {
      const peer = new RawPeer(socket, habits);
      this.connections.push(peer);
      this.onConnection?.(peer);
    });
  }

  static async start(habits: RawHabits = {}): Promise<RawRtu> {
    const server = createServer();
    const rtu = new RawRtu(server, habits);
    await new Promise<void>((resolve) => server.listen({ host: RTU_HOST, port: 0 }, resolve));
    onTestFinished(() => rtu.stop());
    return rtu;
  }

  get address(): { host: string; port: number } {
    return { host: RTU_HOST, port: (this.server.address() as AddressInfo).port };
  }

  /** The latest connection. */
  get peer(): RawPeer {
    const peer = this.connections.at(-1);
    if (peer === undefined) throw new Error('the multiplexer has not connected');
    return peer;
  }

  /** Waits until the multiplexer has started data transfer on the latest connection. */
  async started(): Promise<RawPeer> {
    await until('STARTDT act at the RTU', () => this.connections.at(-1)?.functions.includes('STARTDT act') === true);
    return this.peer;
  }

  stop(): void {
    this.server.close();
    for (const peer of this.connections) peer.close();
  }
}

/** A raw master, connected; data transfer is not started. */
export async function rawMaster(port: number, n: number, habits: RawHabits = {}): Promise<RawPeer> {
  const socket = connect({ host: GATEWAY_HOST, port, localAddress: masterAddress(n) });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', resolve);
  });
  const peer = new RawPeer(socket, habits);
  onTestFinished(() => peer.close());
  return peer;
}

/** A raw master with data transfer started and end of initialization received. */
export async function startedRawMaster(port: number, n: number, habits: RawHabits = {}): Promise<RawPeer> {
  const peer = await rawMaster(port, n, habits);
  await peer.startDataTransfer();
  await peer.asduCount(1);
  return peer;
}

/** What a connection attempt meets; `closed`: it came in and was sent away. It is over when this resolves. */
export async function attempt(port: number, localAddress: string): Promise<'refused' | 'closed' | 'accepted'> {
  const socket = connect({ host: GATEWAY_HOST, port, localAddress });
  const outcome = new Promise<'refused' | 'closed' | 'accepted'>((resolve, reject) => {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve('refused');
      else if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve('closed');
      else reject(error);
    });
    socket.on('end', () => resolve('closed'));
    socket.on('close', () => resolve('closed'));
    // An admitted master gets its STARTDT con; a refused one an end.
    socket.once('connect', () => socket.write(uFormat(UFunction.STARTDT_ACT)));
    socket.once('data', () => resolve('accepted'));
  });
  return outcome.finally(() => socket.destroy());
}
