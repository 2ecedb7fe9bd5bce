import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  apduEnd,
  BROADCAST_CA,
  Cause,
  clockSync,
  counterInterrogation,
  DEFAULT_LINK_PARAMETERS,
  encodeAsdu,
  epochMsToCp56,
  Frz,
  interrogation,
  type LinkState,
  Qoi,
  Qrp,
  readCommand,
  resetProcess,
  Rqt,
  TEST_PATTERN,
  testCommand,
} from '@iec104mm2ss/iec104';
import { type CloseReason, Connection, DeadlineScheduler } from '@iec104mm2ss/transport';
import { BackOff } from './back-off.js';
import { type CommandRequest, encodeCommand, parseCommand } from './command-request.js';
import type {
  CommandOptions,
  MasterCounts,
  MasterEvents,
  MasterOptions,
  RequestOptions,
  StationRequestOptions,
} from './master-options.js';
import { ReceivedAsdu } from './received-asdu.js';
import { type Outcome, Transactions } from './transactions.js';

const DEFAULT_T0_MS = 30_000;
const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
/** ASDUs waiting for the window; beyond that `send` says no. */
const MAX_OUTBOX = 10_000;
const APCI_OCTETS = 6;

/** A promise's two ends, kept until the connection is up, started or stopped. */
interface Waiting {
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * A controlling station: connects, starts data transfer, asks and commands, and hands on every ASDU it receives.
 *
 *     const master = new MasterSimulator({ host: '127.0.0.1', port: 2404, localAddress: '127.0.0.11', ca: 47 });
 *     master.on('asdu', (asdu) => ...);
 *     await master.connect();            // connected and started
 *     const { result } = await master.command('single 5000 on', { select: true });
 */
export class MasterSimulator extends EventEmitter<MasterEvents> implements AsyncDisposable {
  readonly name: string;
  readonly counts: MasterCounts = {
    connections: 0,
    failedAttempts: 0,
    disconnections: 0,
    received: 0,
    sent: 0,
    strays: 0,
    late: 0,
  };

  private readonly scheduler: DeadlineScheduler;
  private readonly transactions: Transactions;
  private readonly backOff: BackOff;
  private connection: Connection | undefined;
  private socket: Socket | undefined;
  private outbox: Uint8Array[] = [];
  private waiting: Waiting[] = [];
  private stopWaiting: Waiting[] = [];
  private retryTimer: unknown;
  private wanted = false;
  private acknowledging = true;

  constructor(private readonly options: MasterOptions) {
    super();
    this.name = options.name ?? 'master';
    this.scheduler = options.scheduler ?? new DeadlineScheduler();
    this.transactions = new Transactions(this.scheduler.clock);
    this.backOff = new BackOff(typeof options.reconnect === 'object' ? options.reconnect : {});
  }

  // ---- the connection -----------------------------------------------------------------------------------------------

  get connected(): boolean {
    return this.connection !== undefined;
  }

  get started(): boolean {
    return this.connection?.link.state === 'started';
  }

  /** `closed` when not connected. */
  get state(): LinkState {
    return this.connection?.link.state ?? 'closed';
  }

  /** `address:port` of this end; undefined when not connected. */
  get localEndpoint(): string | undefined {
    const socket = this.connection?.socket;
    return socket?.localAddress === undefined ? undefined : `${socket.localAddress}:${socket.localPort}`;
  }

  /**
   * Connects and, unless `autoStart` is false, starts data transfer. Rejects when that fails; with `reconnect` it goes
   * on trying instead.
   */
  connect(): Promise<void> {
    this.wanted = true;
    if (this.isUp()) return Promise.resolve();
    if (this.connection?.link.state === 'stopped') return this.startDataTransfer();
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (this.socket === undefined && this.retryTimer === undefined) this.open();
    });
  }

  /** Asks for data transfer; resolves when it is confirmed. */
  startDataTransfer(): Promise<void> {
    const { connection } = this;
    if (connection === undefined) return Promise.reject(new Error(`${this.name} is not connected`));
    if (this.started) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      connection.link.startDataTransfer(this.scheduler.now());
      connection.touched();
    });
  }

  /** Ends data transfer; resolves when it is confirmed. */
  stopDataTransfer(): Promise<void> {
    const { connection } = this;
    if (connection === undefined) return Promise.reject(new Error(`${this.name} is not connected`));
    if (connection.link.state === 'stopped') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.stopWaiting.push({ resolve, reject });
      connection.link.stopDataTransfer(this.scheduler.now());
      connection.touched();
    });
  }

  /**
   * Closes the connection and does not come back. What was not yet acknowledged (by w or t2) stays so; a
   * `stopDataTransfer` before acknowledges everything.
   */
  close(): Promise<void> {
    this.wanted = false;
    if (this.retryTimer !== undefined) this.scheduler.clock.clearTimer(this.retryTimer);
    this.retryTimer = undefined;
    const { connection, socket } = this;
    if (connection !== undefined) connection.close({ code: 'closed', message: 'closed by the master' });
    else socket?.destroy();
    this.rejectWaiting(new Error(`${this.name} was closed`));
    if (socket === undefined || socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => socket.once('close', () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Breaks the connection without any farewell (RST), as a crash would. With `reconnect` it comes back. */
  crash(): void {
    this.socket?.resetAndDestroy();
  }

  /** False: stops reading from the socket, so that TCP holds the peer back. */
  setReading(on: boolean): void {
    this.connection?.setReading(on);
  }

  /** False: what arrives from now on is not acknowledged; true: everything received is. Kept across connections. */
  setAcknowledging(on: boolean): void {
    this.acknowledging = on;
    if (on && this.connection !== undefined) this.acknowledge();
  }

  /** While `setAcknowledging(false)`: acknowledges the first `upTo` ASDUs received on this connection; default all. */
  acknowledge(upTo?: number): void {
    const { connection } = this;
    if (connection === undefined) return;
    connection.link.confirm(upTo ?? connection.link.received, this.scheduler.now());
    connection.touched();
  }

  // ---- requests -----------------------------------------------------------------------------------------------------

  /** Sends any ASDU, now or when the window opens. False when data transfer is not started or too much is waiting. */
  send(asdu: Uint8Array): boolean {
    if (!this.started || this.outbox.length >= MAX_OUTBOX) return false;
    this.outbox.push(asdu);
    this.counts.sent++;
    this.pump();
    return true;
  }

  /** Sends any ASDU and waits for its confirmation (and for ACT_TERM with `termination`, default false). */
  request(asdu: Uint8Array, options: RequestOptions = {}): Promise<Outcome> {
    return this.transact(asdu, options.termination ?? false, options, 'execute');
  }

  /**
   * Gives a process command, a `CommandRequest` or text such as `single 5000 on`. With `select` a refused or unanswered
   * select ends it (`step` says so), else the outcome is that of the execute.
   */
  async command(command: CommandRequest | string, options: CommandOptions = {}): Promise<Outcome> {
    const request = typeof command === 'string' ? parseCommand(command) : command;
    if (options.select === true || options.selectOnly === true) {
      const selected = await this.transact(this.encode(request, true), false, options, 'select');
      if (selected.result !== 'positive' || options.selectOnly === true) return selected;
    }
    return this.transact(this.encode(request, false), options.termination ?? true, options, 'execute');
  }

  /** Takes a select back. */
  cancel(command: CommandRequest | string, options: RequestOptions = {}): Promise<Outcome> {
    const request = typeof command === 'string' ? parseCommand(command) : command;
    return this.transact(this.encode(request, true, Cause.DEACT), false, options, 'select');
  }

  /** Interrogation, of the station (20) or of group 1..16 (21..36). */
  interrogate(qoi: number = Qoi.STATION, options: StationRequestOptions = {}): Promise<Outcome> {
    return this.ask(interrogation(this.caOf(options), qoi, this.header), true, options);
  }

  /** Counter interrogation; `rqt` 5 = all or group 1..4, `frz` 0 = read. Freezing (1..3) has no termination. */
  counters(rqt: number = Rqt.GENERAL, frz: number = Frz.READ, options: StationRequestOptions = {}): Promise<Outcome> {
    const asdu = counterInterrogation(this.caOf(options), rqt, frz, this.header);
    return this.ask(asdu, frz === Frz.READ, options);
  }

  /** Reads one object; `answers[0]` is it. */
  read(ioa: number, options: StationRequestOptions = {}): Promise<Outcome> {
    return this.ask(readCommand(this.caOf(options), ioa, this.header), false, options);
  }

  clockSync(epochMs: number = Date.now(), options: StationRequestOptions = {}): Promise<Outcome> {
    return this.ask(clockSync(this.caOf(options), epochMsToCp56(epochMs), this.header), false, options);
  }

  /** Test command: C_TS_TA_1 with this counter 0..65535, or without one C_TS_NA_1, which is of 101. */
  testCommand(counter?: number, options: StationRequestOptions = {}): Promise<Outcome> {
    const ca = this.caOf(options);
    const asdu =
      counter === undefined
        ? encodeAsdu({
            type: 'C_TS_NA_1',
            cot: Cause.ACT,
            ca,
            ...this.header,
            objects: [{ ioa: 0, pattern: TEST_PATTERN }],
          })
        : testCommand(ca, counter, epochMsToCp56(Date.now()), this.header);
    return this.ask(asdu, false, options);
  }

  resetProcess(qrp: number = Qrp.PROCESS_RESET, options: StationRequestOptions = {}): Promise<Outcome> {
    return this.ask(resetProcess(this.caOf(options), qrp, this.header), false, options);
  }

  /** The common address for all stations, as `ca` of an interrogation, clock synchronization or reset. */
  static readonly BROADCAST_CA = BROADCAST_CA;

  // ---- inside -------------------------------------------------------------------------------------------------------

  private caOf(options: StationRequestOptions): number {
    return options.ca ?? this.options.ca ?? 1;
  }

  private get header(): { oa: number } {
    return { oa: this.options.oa ?? 0 };
  }

  private encode(request: CommandRequest, select: boolean, cause: number = Cause.ACT): Uint8Array {
    return encodeCommand(request, { ca: this.caOf({}), oa: this.header.oa, select, cause });
  }

  private ask(asdu: Uint8Array, termination: boolean, options: RequestOptions): Promise<Outcome> {
    return this.transact(asdu, options.termination ?? termination, options, 'execute');
  }

  private transact(
    asdu: Uint8Array,
    termination: boolean,
    options: RequestOptions,
    step: Outcome['step'],
  ): Promise<Outcome> {
    if (!this.send(asdu)) {
      const nothing = { cause: undefined, terminated: false, confirmedAfterMs: undefined, durationMs: 0, answers: [] };
      return Promise.resolve({ result: 'closed', step, ...nothing });
    }
    const timeoutMs = options.timeoutMs ?? this.options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    return this.transactions.begin(asdu, { termination, timeoutMs, step });
  }

  private isUp(): boolean {
    return this.options.autoStart === false ? this.connected : this.started;
  }

  private open(): void {
    const { host, port, localAddress, localPort } = this.options;
    const socket = connect({
      host,
      port,
      ...(localAddress !== undefined && { localAddress }),
      ...(localPort !== undefined && { localPort }),
    });
    this.socket = socket;
    const fail = (error: NodeJS.ErrnoException): void => {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
      this.socket = undefined;
      this.counts.failedAttempts++;
      this.emit('connectFailed', error);
      if (!this.retry()) this.rejectWaiting(error);
    };
    const t0Ms = this.options.t0Ms ?? DEFAULT_T0_MS;
    socket.setTimeout(t0Ms, () =>
      fail(Object.assign(new Error(`no connection within t0 (${t0Ms} ms)`), { code: 'T0' })),
    );
    socket.once('error', fail);
    socket.once('close', () => fail(Object.assign(new Error('closed while connecting'), { code: 'CLOSED' })));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners();
      this.onConnected(socket);
    });
  }

  private onConnected(socket: Socket): void {
    const connection = new Connection(
      socket,
      // Held, so that acknowledgements can be withheld at any time; otherwise each read is confirmed at once.
      { ...DEFAULT_LINK_PARAMETERS, ...this.options.link, role: 'controlling', holdAcknowledgements: true },
      {
        onApdus: (octets, start, end) => this.onApdus(octets, start, end),
        onRoom: () => this.pump(),
        onState: (to, from) => this.onState(to, from),
        onClosed: (reason) => this.onClosed(reason),
      },
      this.scheduler,
    );
    this.connection = connection;
    this.counts.connections++;
    this.emit('connected');
    if (this.options.autoStart === false) {
      this.backOff.reset();
      this.resolveWaiting();
    } else {
      connection.link.startDataTransfer(this.scheduler.now());
      connection.touched();
    }
  }

  private onState(to: LinkState, from: LinkState): void {
    if (to === 'started') {
      this.backOff.reset();
      this.emit('started');
      if (this.options.interrogateOnStart === true) void this.interrogate();
      this.resolveWaiting();
    } else if (to === 'stopped' && from === 'stopping') {
      this.outbox = [];
      this.emit('stopped');
      const { stopWaiting } = this;
      this.stopWaiting = [];
      for (const { resolve } of stopWaiting) resolve();
    }
  }

  private onClosed(reason: CloseReason): void {
    this.connection = undefined;
    this.socket = undefined;
    this.outbox = [];
    this.counts.disconnections++;
    this.transactions.closeAll();
    this.emit('disconnected', reason);
    if (!this.retry()) this.rejectWaiting(new Error(`${this.name}: ${reason.message}`));
  }

  private retry(): boolean {
    if (!this.wanted || this.options.reconnect === undefined || this.options.reconnect === false) return false;
    this.retryTimer = this.scheduler.clock.setTimer(() => {
      this.retryTimer = undefined;
      this.open();
    }, this.backOff.next());
    return true;
  }

  private onApdus(octets: Uint8Array, start: number, end: number): void {
    const { connection } = this;
    if (connection === undefined) return;
    const receivedAt = this.scheduler.now();
    for (let at = start; at < end;) {
      const next = apduEnd(octets, at);
      this.onAsdu(new ReceivedAsdu(octets.subarray(at + APCI_OCTETS, next), receivedAt));
      at = next;
    }
    if (this.acknowledging && !connection.closed) connection.link.confirm(connection.link.received, receivedAt);
  }

  private onAsdu(asdu: ReceivedAsdu): void {
    this.counts.received++;
    const kind = this.transactions.take(asdu);
    this.options.onAsdu?.(asdu);
    if (this.listenerCount('asdu') > 0) this.emit('asdu', asdu);
    if (kind === 'late') this.counts.late++;
    if (kind === 'stray') {
      this.counts.strays++;
      this.emit('stray', asdu);
    }
  }

  private pump(): void {
    const { connection, outbox } = this;
    if (connection === undefined || outbox.length === 0) return;
    const now = this.scheduler.now();
    let sent = 0;
    while (sent < outbox.length && connection.window > 0) {
      connection.link.send(outbox[sent] as Uint8Array, now);
      sent++;
    }
    if (sent === 0) return;
    outbox.splice(0, sent);
    connection.touched();
  }

  private resolveWaiting(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const { resolve } of waiting) resolve();
  }

  private rejectWaiting(error: Error): void {
    const waiting = [...this.waiting, ...this.stopWaiting];
    this.waiting = [];
    this.stopWaiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
