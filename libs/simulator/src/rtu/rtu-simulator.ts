import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import {
  Cause,
  Coi,
  type Cp56Time,
  DEFAULT_LINK_PARAMETERS,
  epochMsToCp56,
  type LinkParameters,
} from '@iec104mm2ss/iec104';
import { plainAddress } from '@iec104mm2ss/config';
import { every, type Stoppable } from '@iec104mm2ss/runtime';
import { type CloseReason, DeadlineScheduler } from '@iec104mm2ss/transport';
import { DEFAULT_POINTS } from '../points/default-points.js';
import { type PointKind, whyNoValue } from '../points/point-kind.js';
import { CommandExecution } from './command-execution.js';
import { EventPace } from './event-pace.js';
import { EventQueue } from './event-queue.js';
import { changedFaults, type FaultChanges, NO_FAULTS, type RtuFaults } from './faults.js';
import { type EventForm, type EventOptions, type Point, ProcessImage } from './process-image.js';
import { RtuConnection, type RtuConnectionOwner } from './rtu-connection.js';
import { RtuListener } from './rtu-listener.js';
import type { RtuCounts, RtuEvents, RtuOptions } from './rtu-options.js';
import { RtuRequests } from './rtu-requests.js';
import { nextValue } from './value-walk.js';

const DEFAULT_EVENT_BUFFER = 10_000;
const DEFAULT_SELECT_TIMEOUT_MS = 30_000;

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
  private readonly queue: EventQueue<RtuConnection>;
  private readonly requests: RtuRequests;
  private readonly owner: RtuConnectionOwner;
  private readonly changing: readonly Point[];

  private readonly listener: RtuListener;
  private pace: EventPace | undefined;
  private flap: Stoppable | undefined;
  private lastConnectionId = 0;
  private initialized = false;
  private clockOffsetMs = 0;
  private eventStep = 0;
  private sentOnClosed = 0;
  private wrongs: RtuFaults;

  constructor(private readonly options: RtuOptions = {}) {
    super();
    this.ca = options.ca ?? 1;
    this.listener = new RtuListener(options.host ?? '127.0.0.1', options.port ?? 0, (socket) => this.onSocket(socket));
    this.scheduler = options.scheduler ?? new DeadlineScheduler();
    this.link = { ...DEFAULT_LINK_PARAMETERS, ...options.link };
    this.wrongs = changedFaults({ ...NO_FAULTS, oa: options.oa ?? 'mirror' }, options.faults ?? {});
    this.image = new ProcessImage(options.points ?? DEFAULT_POINTS, this.ca, options.commands, options.timeTag);
    this.changing = this.image.points.filter((point) => point.events);
    const compat = options.compat ?? false;
    this.queue = new EventQueue(options.eventBuffer ?? DEFAULT_EVENT_BUFFER, !compat);
    const rules = {
      selectTimeoutMs: options.selectTimeoutMs ?? DEFAULT_SELECT_TIMEOUT_MS,
      maxAgeMs: options.commandMaxAgeMs ?? Infinity,
      confirmAll: compat,
    };
    this.commands = new CommandExecution(this.image, rules, this.scheduler.clock, () => this.epochMs());
    this.requests = new RtuRequests(this, this.image, this.commands, options, {
      clock: this.scheduler.clock,
      nextEvent: () => this.queue.buffer.next,
      setClock: (epochMs) => (this.clockOffsetMs += epochMs - this.epochMs()),
    });
    this.owner = this.connectionOwner();
    this.setFaults({});
  }

  /** Where the RTU listens; the port is known once it has started for the first time. */
  get address(): { host: string; port: number } {
    return this.listener.address;
  }

  get listening(): boolean {
    return this.listener.listening;
  }

  /** The connections that are open now. */
  get connections(): readonly RtuConnection[] {
    return [...this.queue.open];
  }

  /** True when some master has started data transfer. */
  get started(): boolean {
    return this.queue.anyStarted;
  }

  /** Events no master has acknowledged yet. */
  get buffered(): number {
    return this.queue.pending;
  }

  /** Resolves when `limit` events or fewer are not acknowledged, or when no master is there who could. */
  buffersBelow(limit: number): Promise<void> {
    return this.queue.below(limit);
  }

  /** I-format APDUs sent so far, all connections together, repeats and replies included. */
  get sent(): number {
    let sent = this.sentOnClosed;
    for (const connection of this.queue.open) sent += connection.connection.link.sent;
    return sent;
  }

  // ---- the network --------------------------------------------------------------------------------------------------

  /** Listens. After a `stop` it takes the same port again. */
  async start(): Promise<void> {
    if (await this.listener.start()) this.emit('listening', this.address);
  }

  /** Off the network: no listener, no connections. Values, events and the event generator stay. */
  async stop(): Promise<void> {
    const wasListening = this.listening;
    const stopped = this.listener.stop();
    this.dropConnections();
    if (wasListening) this.emit('offline');
    await stopped;
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
    this.flap?.stop();
    this.requests.close();
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ---- faults -------------------------------------------------------------------------------------------------------

  get faults(): RtuFaults {
    return this.wrongs;
  }

  /** Changes what is given, at once and for open connections, too. */
  setFaults(changes: FaultChanges): void {
    this.wrongs = changedFaults(this.wrongs, changes);
    const { halfOpen, flapMs } = this.wrongs;
    for (const connection of this.queue.open) {
      connection.setHalfOpen(halfOpen);
      connection.acknowledge();
    }
    this.flap?.stop();
    this.flap = flapMs > 0 ? every(this.scheduler.clock, flapMs, () => this.dropConnections()) : undefined;
  }

  /** An I-format APDU whose N(S) is wrong, on every started connection. */
  sendWrongSequence(): void {
    const asdu = this.image.endOfInitialization(Coi.POWER_ON);
    for (const connection of this.queue.open) if (connection.started) connection.sendWrongSequence(asdu);
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

  /**
   * Sets a point, which is told with COT 3, or 12 (`RETLOC`) when it stands for a local command.
   *
   * @throws RangeError for a point that is not there, or a value that it cannot have
   */
  setValue(ioa: number, value: number, cause: number = Cause.SPONT, options: EventOptions = {}): void {
    const point = this.image.point(ioa, options.kind);
    if (point === undefined) throw new RangeError(`no point ${ioa}`);
    const fault = whyNoValue(point.kind, value);
    if (fault !== undefined) throw new RangeError(fault);
    this.tell(point, value, options.cause ?? cause, options);
  }

  /** A command given at the station itself: as `setValue` with COT 12. */
  operateLocally(ioa: number, value: number): void {
    this.setValue(ioa, value, Cause.RETLOC);
  }

  /** A point's value; undefined when there is no such point. */
  value(ioa: number, kind?: PointKind): number | undefined {
    return this.image.point(ioa, kind)?.current;
  }

  /** All points, in the order of their addresses. */
  get points(): readonly Readonly<Point>[] {
    return this.image.points;
  }

  /** Sets a point as a command does, and tells of it. */
  tell(point: Readonly<Point>, value: number, cause: number, form: EventForm = {}): void {
    const { invalidTime } = this.wrongs;
    this.publish(this.image.change(point, value, cause, this.epochMs(), { invalidTime, ...form }));
  }

  /** Carries out a process command as if a master had given it here: for the other ports of a redundant RTU. */
  follow(...command: Parameters<RtuRequests['carryOut']>): void {
    this.requests.carryOut(...command);
  }

  /** Queues any ASDU as an event: to every started master, kept until acknowledged. */
  publish(asdu: Uint8Array): void {
    const { sequence, lost } = this.queue.push(asdu);
    this.counts.events++;
    if (lost) this.counts.overflow++;
    if (this.listenerCount('event') > 0) this.emit('event', { sequence, asdu, createdAt: this.scheduler.now() });
    this.queue.pumpAll();
  }

  /** Forgets all events that are waiting, sent or not. */
  clearEvents(): void {
    this.queue.clear();
  }

  /** The RTU's clock, epoch milliseconds. */
  epochMs(): number {
    return (this.options.wallClock ?? Date.now)() + this.clockOffsetMs;
  }

  /** What a time tag says now. */
  timeNow(): Cp56Time {
    return (this.options.timeTag ?? epochMsToCp56)(Math.floor(this.epochMs()));
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  private spontaneous(epochMs: number): void {
    if (this.changing.length === 0) return;
    const step = this.eventStep++;
    const point = this.changing[step % this.changing.length] as Point;
    const { invalidTime } = this.wrongs;
    this.publish(this.image.change(point, nextValue(point, step), Cause.SPONT, epochMs, { invalidTime }));
  }

  private onSocket(socket: Socket): void {
    const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    const reason = this.refusal(socket);
    if (reason !== undefined) {
      RtuListener.refuse(socket);
      this.counts.refusedConnections++;
      this.emit('refused', peer, reason);
      return;
    }
    const { idleTimeMs } = this.options;
    const options = { ...this.link, role: 'controlled' as const, ...(idleTimeMs !== undefined && { idleTimeMs }) };
    const id = ++this.lastConnectionId;
    const connection = new RtuConnection(id, socket, options, this.queue.buffer, this.owner, this.scheduler);
    this.queue.open.add(connection);
    this.counts.connections++;
    this.emit('connected', connection);
  }

  private refusal({ remoteAddress = '' }: Socket): string | undefined {
    if (!this.listening) return 'off the network';
    if (this.queue.open.size >= (this.options.maxConnections ?? Infinity)) return 'maximum number of connections';
    return (this.options.accepts?.(plainAddress(remoteAddress)) ?? true) ? undefined : 'not one of its hosts';
  }

  private connectionOwner(): RtuConnectionOwner {
    const faults = (): RtuFaults => this.wrongs;
    return {
      get faults() {
        return faults();
      },
      onRequest: (connection, asdu) => this.requests.onRequest(connection, asdu),
      onStarted: (connection) => this.onStarted(connection),
      onStopped: (connection) => {
        this.emit('stopped', connection);
        this.queue.release();
      },
      onProgress: () => this.queue.release(),
      onClosed: (connection, reason) => this.onClosed(connection, reason),
    };
  }

  private onStarted(connection: RtuConnection): void {
    this.queue.begin(connection);
    const when = this.options.endOfInitialization ?? 'power-on';
    const isDue = when === 'every-start' || (when === 'power-on' && !this.initialized);
    this.initialized = true;
    // Before anything that somebody does at `started`.
    const asdu = this.image.endOfInitialization(Coi.POWER_ON);
    if (isDue) connection.reply(asdu);
    this.emit('started', connection);
    if (isDue) this.emit('endOfInitialization', connection, asdu);
    connection.pump();
  }

  private onClosed(connection: RtuConnection, reason: CloseReason): void {
    this.sentOnClosed += connection.connection.link.sent;
    this.commands.clearSelections(connection.id);
    this.queue.end(connection);
    this.emit('disconnected', connection, reason);
  }
}
