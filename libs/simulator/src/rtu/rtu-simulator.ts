import { EventEmitter } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Cause, Coi, DEFAULT_LINK_PARAMETERS, type LinkParameters } from '@iec104mm2ss/iec104';
import { type CloseReason, DeadlineScheduler } from '@iec104mm2ss/transport';
import { DEFAULT_POINTS } from '../points/default-points.js';
import { CommandExecution, type CommandVerdict } from './command-execution.js';
import { EventBuffer } from './event-buffer.js';
import { EventPace } from './event-pace.js';
import { type Point, ProcessImage } from './process-image.js';
import { answer, type RequestContext } from './request-handler.js';
import { RtuConnection, type RtuConnectionOwner } from './rtu-connection.js';
import type { RtuCounts, RtuEvents, RtuOptions } from './rtu-options.js';
import { nextValue } from './value-walk.js';

const DEFAULT_EVENT_BUFFER = 10_000;
const DEFAULT_SELECT_TIMEOUT_MS = 30_000;
const LISTEN_BACKLOG = 128;

/**
 * A controlled station on a TCP port, as real as a test needs it.
 *
 * It keeps its events until a master has acknowledged them: what was not acknowledged when a link broke is sent again,
 * in order, on the next one. With several masters started, each gets every event from its start on. The event generator
 * goes on while nobody is connected and while the RTU is off the network (`stop`).
 *
 *     const rtu = new RtuSimulator({ ca: 47 });
 *     await rtu.start();                 // rtu.address says where
 *     rtu.startEvents(100);
 */
export class RtuSimulator extends EventEmitter<RtuEvents> implements AsyncDisposable {
  readonly counts: RtuCounts = {
    connections: 0,
    refusedConnections: 0,
    events: 0,
    overflow: 0,
    requests: 0,
    refused: 0,
    unknown: 0,
    ignored: 0,
    malformed: 0,
  };
  readonly ca: number;

  private readonly scheduler: DeadlineScheduler;
  private readonly link: LinkParameters;
  private readonly image: ProcessImage;
  private readonly commands: CommandExecution;
  private readonly buffer: EventBuffer;
  private readonly open = new Set<RtuConnection>();
  private readonly context: RequestContext;
  private readonly owner: RtuConnectionOwner;
  private readonly changing: readonly Point[];
  private readonly executions = new Set<unknown>();

  private server: Server | undefined;
  private port: number;
  private pace: EventPace | undefined;
  private lastConnectionId = 0;
  /** Every event before this number was acknowledged by some master. */
  private delivered = 0;
  private initialized = false;
  private clockOffsetMs = 0;
  private eventStep = 0;
  private sentOnClosed = 0;

  constructor(private readonly options: RtuOptions = {}) {
    super();
    this.ca = options.ca ?? 1;
    this.port = options.port ?? 0;
    this.scheduler = options.scheduler ?? new DeadlineScheduler();
    this.link = { ...DEFAULT_LINK_PARAMETERS, ...options.link };
    this.image = new ProcessImage(options.points ?? DEFAULT_POINTS, this.ca);
    this.changing = this.image.points.filter((point) => point.events);
    this.buffer = new EventBuffer(options.eventBuffer ?? DEFAULT_EVENT_BUFFER);
    const rules = {
      selectTimeoutMs: options.selectTimeoutMs ?? DEFAULT_SELECT_TIMEOUT_MS,
      maxAgeMs: options.commandMaxAgeMs ?? Infinity,
    };
    this.commands = new CommandExecution(this.image, rules, this.scheduler.clock, () => this.epochMs());
    this.context = this.requestContext();
    this.owner = {
      onRequest: (connection, asdu) => this.onRequest(connection, asdu),
      onStarted: (connection) => this.onStarted(connection),
      onStopped: (connection) => {
        this.emit('stopped', connection);
        this.release();
      },
      onProgress: () => this.release(),
      onClosed: (connection, reason) => this.onClosed(connection, reason),
    };
  }

  /** Where the RTU listens; the port is known once it has started for the first time. */
  get address(): { host: string; port: number } {
    return { host: this.options.host ?? '127.0.0.1', port: this.port };
  }

  get listening(): boolean {
    return this.server !== undefined;
  }

  /** The connections that are open now. */
  get connections(): readonly RtuConnection[] {
    return [...this.open];
  }

  /** Events no master has acknowledged yet. */
  get buffered(): number {
    return this.buffer.next - Math.max(this.delivered, this.buffer.first);
  }

  /** I-format APDUs sent so far, all connections together, repeats and replies included. */
  get sent(): number {
    let sent = this.sentOnClosed;
    for (const connection of this.open) sent += connection.connection.link.sent;
    return sent;
  }

  // ---- the network --------------------------------------------------------------------------------------------------

  /** Listens. After a `stop` it takes the same port again. */
  async start(): Promise<void> {
    if (this.server !== undefined) return;
    const server = createServer({ noDelay: true }, (socket) => this.onSocket(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: this.address.host, port: this.port, backlog: LISTEN_BACKLOG }, resolve);
    });
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    this.emit('listening', this.address);
  }

  /** Off the network: no listener, no connections. Values, events and the event generator stay. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.dropConnections();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Breaks every connection; the listener stays. */
  dropConnections(): void {
    for (const connection of this.connections) connection.drop({ code: 'dropped', message: 'dropped by the RTU' });
  }

  /** Switched off and on: initial values, no events left, M_EI_NA_1 at the next start of data transfer. */
  powerOn(): void {
    this.dropConnections();
    this.image.reset();
    this.commands.clearSelections();
    this.clearEvents();
    this.initialized = false;
  }

  /** Stops for good: network, event generator, running commands. */
  async close(): Promise<void> {
    this.stopEvents();
    for (const timer of this.executions) this.scheduler.clock.clearTimer(timer);
    this.executions.clear();
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ---- the process --------------------------------------------------------------------------------------------------

  /** Spontaneous events at a steady rate, points taking turns. Replaces a rate set before. */
  startEvents(perSecond: number): void {
    this.stopEvents();
    const { clock } = this.scheduler;
    this.pace = new EventPace(clock, perSecond, (dueAt) => this.spontaneous(this.epochMs() - (clock.now() - dueAt)));
  }

  stopEvents(): void {
    this.pace?.stop();
    this.pace = undefined;
  }

  /** `count` spontaneous events at once. Their time tags, a millisecond apart, are those of the moments before. */
  burst(count: number): void {
    const first = this.epochMs() - count + 1;
    for (let i = 0; i < count; i++) this.spontaneous(first + i);
  }

  /** Sets a point, which is told with COT 3, or 12 (`RETLOC`) when it stands for a local command. */
  setValue(ioa: number, value: number, cause: number = Cause.SPONT): void {
    const point = this.image.point(ioa);
    if (point === undefined) throw new RangeError(`no point ${ioa}`);
    this.publish(this.image.change(point, value, cause, this.epochMs()));
  }

  /** A command given at the station itself: as `setValue` with COT 12. */
  operateLocally(ioa: number, value: number): void {
    this.setValue(ioa, value, Cause.RETLOC);
  }

  /** A point's value; undefined when there is no such point. */
  value(ioa: number): number | undefined {
    return this.image.point(ioa)?.current;
  }

  /** Queues any ASDU as an event: to every started master, kept until acknowledged. */
  publish(asdu: Uint8Array): void {
    const { sequence, dropped } = this.buffer.push(asdu);
    this.counts.events++;
    if (dropped) {
      const lost = this.buffer.first - 1;
      if (lost >= this.delivered) this.counts.overflow++;
      for (const connection of this.open) connection.cursor = Math.max(connection.cursor, this.buffer.first);
    }
    if (this.listenerCount('event') > 0) this.emit('event', { sequence, asdu, createdAt: this.scheduler.now() });
    for (const connection of this.open) connection.pump();
  }

  /** Forgets all events that are waiting, sent or not. */
  clearEvents(): void {
    this.buffer.release(this.buffer.next);
    this.delivered = this.buffer.next;
    for (const connection of this.open) connection.cursor = this.buffer.next;
  }

  /** The RTU's clock, epoch milliseconds. */
  epochMs(): number {
    return (this.options.wallClock ?? Date.now)() + this.clockOffsetMs;
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  private spontaneous(epochMs: number): void {
    if (this.changing.length === 0) return;
    const step = this.eventStep++;
    const point = this.changing[step % this.changing.length] as Point;
    this.publish(this.image.change(point, nextValue(point, step), Cause.SPONT, epochMs));
  }

  private onSocket(socket: Socket): void {
    const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    if (this.server === undefined || this.open.size >= (this.options.maxConnections ?? Infinity)) {
      socket.on('error', () => socket.destroy());
      socket.resetAndDestroy();
      this.counts.refusedConnections++;
      this.emit('refused', peer, 'maximum number of connections');
      return;
    }
    const options = { ...this.link, role: 'controlled' as const };
    const id = ++this.lastConnectionId;
    const connection = new RtuConnection(id, socket, options, this.buffer, this.owner, this.scheduler);
    this.open.add(connection);
    this.counts.connections++;
    this.emit('connected', connection);
  }

  private onStarted(connection: RtuConnection): void {
    connection.cursor = Math.max(this.delivered, this.buffer.first);
    connection.acknowledgedEvents = connection.cursor;
    const when = this.options.endOfInitialization ?? 'power-on';
    if (when === 'every-start' || (when === 'power-on' && !this.initialized)) {
      connection.reply(this.image.endOfInitialization(Coi.POWER_ON));
    }
    this.initialized = true;
    this.emit('started', connection);
    connection.pump();
  }

  private onClosed(connection: RtuConnection, reason: CloseReason): void {
    this.open.delete(connection);
    this.sentOnClosed += connection.connection.link.sent;
    this.commands.clearSelections(connection.id);
    this.delivered = Math.max(this.delivered, connection.acknowledgedEvents);
    this.release();
    this.emit('disconnected', connection, reason);
  }

  /** Forgets the events that some master has acknowledged and that no started master is still to get. */
  private release(): void {
    let sentToAll = this.buffer.next;
    for (const connection of this.open) {
      this.delivered = Math.max(this.delivered, connection.acknowledgedEvents);
      if (connection.started) sentToAll = Math.min(sentToAll, connection.cursor);
    }
    this.buffer.release(Math.min(this.delivered, sentToAll));
  }

  private onRequest(connection: RtuConnection, asdu: Uint8Array): void {
    this.counts.requests++;
    const request = { connection, asdu };
    const intercepted = this.options.intercept?.(request) ?? 'answer';
    if (intercepted === 'ignore') {
      this.counts.ignored++;
      this.emit('request', request, 'ignored', 'intercepted');
      return;
    }
    if (intercepted !== 'answer') {
      for (const reply of intercepted) connection.reply(reply);
      this.emit('request', request, 'answered', 'intercepted');
      return;
    }
    const { result, reason } = answer(asdu, connection, this.context);
    if (result !== 'answered') this.counts[result]++;
    this.emit('request', request, result, reason);
  }

  private requestContext(): RequestContext {
    return {
      ca: this.ca,
      oa: this.options.oa ?? 'mirror',
      oneInterrogationAtATime: this.options.oneInterrogationAtATime ?? false,
      image: this.image,
      commands: this.commands,
      nextEvent: () => this.buffer.next,
      execute: (command, done) => this.execute(command, done),
      setClock: (epochMs) => {
        if (this.options.clockCanBeSet ?? true) this.clockOffsetMs += epochMs - this.epochMs();
      },
      clearEvents: () => this.clearEvents(),
      resetProcess: () => {
        this.image.reset();
        this.commands.clearSelections();
        const initialized = this.image.endOfInitialization(Coi.REMOTE_RESET);
        for (const connection of this.open) if (connection.started) connection.reply(initialized);
      },
    };
  }

  private execute(command: NonNullable<CommandVerdict['execute']>, done: (afterEvent: number) => void): void {
    const finish = (): void => {
      const { point, value, commandIoa } = command;
      this.commands.finished(commandIoa);
      this.publish(this.image.change(point, value, Cause.RETREM, this.epochMs()));
      this.emit('executed', commandIoa, point.current, point.name);
      done(this.buffer.next);
    };
    const durationMs = this.options.commandDurationMs ?? 0;
    if (durationMs === 0) {
      finish();
      return;
    }
    const timer = this.scheduler.clock.setTimer(() => {
      this.executions.delete(timer);
      finish();
    }, durationMs);
    this.executions.add(timer);
  }
}
