import { connect, type Socket } from 'node:net';
import {
  type Bus,
  CommandOutcome,
  commandAsdu,
  commandDeadline,
  commandNumber,
  confirmedPosition,
  decodeJson,
  demandWanted,
  encodeCommandResult,
  encodeJson,
  GroupSubjects,
  messageFence,
  type OwnerMessage,
  rtuLinkUp,
  type RtuState,
  type StateMessage,
  type Subscription,
} from '@iec104mm2ss/bus';
import { type AckPolicy, ackPolicy, type GroupConfig, repeatableAsdus } from '@iec104mm2ss/config';
import type { LinkState } from '@iec104mm2ss/iec104';
import type { Logger } from '@iec104mm2ss/observability';
import { type CloseReason, Connection, type DeadlineScheduler, type Scheduled } from '@iec104mm2ss/transport';
import { CommandQueue } from './command-queue.js';
import { EventWriter } from './event-writer.js';
import { HostRotation } from './host-rotation.js';
import { type LoggedAsdu, loggedAsdus, RepeatFilter } from './repeat-filter.js';

/** The state is published at least this often, so that a part that starts later, or waits, knows it. */
export const STATE_HEARTBEAT_MS = 2_000;
/** `delivered` is held back until this long before the RTU's t1 would run out. */
export const HOLD_MARGIN_MS = 1_000;

/**
 * The router is told this late that the RTU was sent a command, as it only gives the RTU time to answer then: the message
 * must not be in the way of the command and its answer.
 */
const SENT_REPORT_MS = 20;

/** From which states each state may be entered. */
const ALLOWED: Readonly<Record<RtuState, readonly RtuState[]>> = {
  disconnected: ['connecting', 'connected', 'starting', 'started', 'stopping'],
  connecting: ['disconnected'],
  connected: ['connecting', 'stopping'],
  starting: ['connected'],
  started: ['starting'],
  stopping: ['started'],
};

export interface ConnectorDependencies {
  readonly bus: Bus;
  readonly scheduler: DeadlineScheduler;
  readonly logger: Logger;
  /** Name of this process, for logs and status. */
  readonly instance: string;
}

/** Running totals of one group, read by metrics and status. */
export interface ConnectorCounters {
  received: number;
  commandsSent: number;
  commandsRefused: number;
  connects: number;
  linkFailures: number;
  forcedAcknowledgements: number;
  /** ASDUs the RTU sent once more after its link broke, and that the log had. */
  repeated: number;
}

/**
 * One RTU: connects to one of its hosts, starts and stops data transfer as the router demands, appends what comes to the
 * event log, acknowledges to the RTU only what is safe, and sends commands that are still in time.
 */
export class GroupConnector implements Scheduled {
  readonly subjects: GroupSubjects;
  readonly ack: AckPolicy;
  readonly counters: ConnectorCounters = {
    received: 0,
    commandsSent: 0,
    commandsRefused: 0,
    connects: 0,
    linkFailures: 0,
    forcedAcknowledgements: 0,
    repeated: 0,
  };

  private state: RtuState = 'disconnected';
  private stateSince = Date.now();
  private reason = 'not started';
  private lastError: string | null = null;
  private epoch = 0;
  private socket: Socket | undefined;
  private connection: Connection | undefined;
  private address: string | null = null;
  /** Position of the first ASDU of this link; `received` of the link counts from here. */
  private base = 0;
  private repeats = new RepeatFilter([]);
  /** The link has carried data or lived for t1: its host is a good one. */
  private linkWorkedAt = Infinity;
  private wanted = false;
  private stopped = false;
  private fence = 0;
  private owner: OwnerMessage | undefined;
  /**
   * Something can be said of the RTU. Until its first attempt has ended, a connector that took over says nothing: masters
   * are not to notice the change.
   */
  private outcomeKnown = false;

  private retryAt = Infinity;
  private connectAt = Infinity;
  private heartbeatAt = Infinity;
  private sentReportAt = Infinity;
  /** Numbers of commands the RTU was sent and the router has not been told of. */
  private sentCommands: number[] = [];

  private readonly bus: Bus;
  private readonly scheduler: DeadlineScheduler;
  private readonly logger: Logger;
  private readonly hosts: HostRotation;
  private readonly writer: EventWriter;
  private readonly commands: CommandQueue;
  private subscriptions: Subscription[] = [];

  constructor(
    readonly config: GroupConfig,
    private readonly dependencies: ConnectorDependencies,
  ) {
    this.bus = dependencies.bus;
    this.scheduler = dependencies.scheduler;
    this.logger = dependencies.logger.child({ group: config.id });
    this.subjects = new GroupSubjects(config.id);
    this.ack = ackPolicy(config, this.bus.kind);
    this.hosts = new HostRotation(config.hosts);
    this.writer = new EventWriter(this.bus.eventLog(config.id, { capacity: config.buffsize }), config.buffsize, {
      onStored: () => this.confirm(),
      onTrouble: (error) => this.logger.warn({ reason: error.message }, 'event log refuses: RTU is not acknowledged'),
      onReset: () => this.dropLink({ code: 'log_reset', message: 'the event log was replaced' }),
    });
    this.commands = new CommandQueue((number, outcome) => this.commandDone(number, outcome));
  }

  /** Connects as soon as the event log can be written. */
  async start(): Promise<void> {
    this.subscriptions = [
      this.bus.subscribe(this.subjects.confirmed, ({ data }) => this.onConfirmed(data)),
      this.bus.subscribe(this.subjects.owner, ({ data }) => this.onOwner(data)),
      this.bus.subscribe(this.subjects.demand, ({ data }) => this.onDemand(data)),
      this.bus.subscribe(this.subjects.command, ({ data }) => this.onCommand(data)),
    ];
    this.scheduler.add(this);
    await this.writer.open();
    this.epoch = this.writer.lastEpoch;
    if (!this.stopped) this.connect();
  }

  /** Ends the link and everything else, without a word: another connector may take over. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.outcomeKnown = false;
    this.dropLink({ code: 'stopped', message: 'connector stops' });
    this.socket?.destroy();
    this.scheduler.remove(this);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.writer.close();
  }

  /** Closes the link to the RTU; it is opened again at once. */
  restart(): void {
    this.dropLink({ code: 'restart', message: 'restart asked for' });
  }

  get isUp(): boolean {
    return rtuLinkUp(this.state);
  }

  status() {
    const host = this.hosts.current;
    return {
      state: this.state,
      endpoint: `${host.host}:${host.port}`,
      since: new Date(this.stateSince).toISOString(),
      linkEpoch: this.epoch,
      connects: this.counters.connects,
      lastError: this.lastError,
    };
  }

  logStatus() {
    const { next, confirmedPosition, storedPosition, full, fullTimes, waitingCount } = this.writer;
    return { next, confirmed: confirmedPosition, stored: storedPosition, full, fullTimes, waiting: waitingCount };
  }

  get waitingCommands(): number {
    return this.commands.length;
  }

  // ---- deadlines ----------------------------------------------------------------------------------------------------

  nextDeadline(): number {
    const earliest = this.commands.nextDeadline;
    const commandAt = earliest === Infinity ? Infinity : this.scheduler.now() + earliest - Date.now();
    return Math.min(this.retryAt, this.connectAt, this.heartbeatAt, this.sentReportAt, commandAt);
  }

  onDeadline(now: number): void {
    if (this.heartbeatAt <= now) this.publishState();
    if (this.sentReportAt <= now) this.reportSent();
    if (this.retryAt <= now) {
      this.retryAt = Infinity;
      this.connect();
    }
    if (this.connectAt <= now) {
      this.socket?.destroy(new Error(`no connection within t0 (${this.config.t0Ms / 1000} s)`));
    }
    this.commands.expire(Date.now());
  }

  flush(): void {
    // Nothing of its own: the connection writes.
  }

  // ---- the RTU's link -----------------------------------------------------------------------------------------------

  private connect(): void {
    if (this.stopped || this.state !== 'disconnected') return;
    if (!this.writer.ready) {
      this.retryIn(1_000);
      return;
    }
    const { host, port } = this.hosts.current;
    this.transition('connecting', `trying ${host}:${port}`);
    void this.open(host, port);
  }

  private async open(host: string, port: number): Promise<void> {
    const history = await this.readHistory();
    if (this.stopped || !this.writer.ready) {
      if (!this.stopped) this.connectFailed('the event log cannot be written');
      return;
    }
    this.repeats = new RepeatFilter(history);
    const socket = connect({ host, port });
    this.socket = socket;
    this.connectAt = this.scheduler.now() + this.config.t0Ms;
    this.scheduler.deadlineMoved(this);
    let failure = '';
    const onError = (error: NodeJS.ErrnoException): void => {
      failure = error.code ?? error.message;
    };
    const onClose = (): void => this.connectFailed(failure || 'closed while connecting');
    socket.on('error', onError);
    socket.once('close', onClose);
    socket.once('connect', () => {
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      this.connected(socket);
    });
  }

  /** What the RTU may send once more on the next link, as far as the log still has it. */
  private async readHistory(): Promise<LoggedAsdu[]> {
    const count = repeatableAsdus(this.config);
    const from = Math.max(0, this.writer.next - count);
    try {
      const records = await this.bus.eventLog(this.config.id, { capacity: this.config.buffsize }).read(from, count);
      return loggedAsdus(records, from).slice(0, count);
    } catch (error) {
      this.logger.warn({ reason: (error as Error).message }, 'event log not read: repeated events are not recognised');
      return [];
    }
  }

  private connectFailed(message: string): void {
    this.connectAt = Infinity;
    this.socket = undefined;
    this.lastError = message;
    const { host, port } = this.hosts.current;
    if (this.stopped) return;
    const pauseMs = this.hosts.failed();
    if (this.hosts.roundEnded) this.outcomeKnown = true;
    this.transition('disconnected', `${host}:${port}: ${message}`);
    this.retryIn(pauseMs);
  }

  private connected(socket: Socket): void {
    this.connectAt = Infinity;
    this.outcomeKnown = true;
    this.counters.connects++;
    this.epoch++;
    this.linkWorkedAt = this.scheduler.now() + this.config.t1Ms;
    this.base = this.writer.next;
    this.address = socket.remoteAddress ?? null;
    const { t1Ms, t2Ms, t3Ms, k, w, idleTimeMs } = this.config;
    this.connection = new Connection(
      socket,
      {
        role: 'controlling',
        t1Ms,
        t2Ms,
        t3Ms,
        k,
        w,
        idleTimeMs,
        holdAcknowledgements: true,
        holdLimitMs: this.ack === 'delivered' ? Math.max(t1Ms - HOLD_MARGIN_MS, t1Ms / 2) : Infinity,
      },
      {
        onApdus: (octets, start, end, count) => this.onApdus(octets, start, end, count),
        onRoom: () => this.sendCommands(),
        onState: (to, _from, reason) => this.onLinkState(to, reason),
        onHoldLimit: (upTo) => this.onHoldLimit(upTo),
        onClosed: (reason) => this.onClosed(reason),
      },
      this.scheduler,
    );
    this.transition('connected', 'TCP connection established');
    this.followDemand();
  }

  private onApdus(octets: Uint8Array, start: number, end: number, count: number): void {
    this.counters.received += count;
    let from = start;
    let fresh = count;
    if (this.repeats.isActive) {
      const before = this.repeats.repeated;
      from = this.repeats.skip(octets, start, end);
      fresh -= this.repeats.repeated - before;
      this.counters.repeated += count - fresh;
      // What is repeated may be safe already.
      if (fresh < count) this.confirm();
    }
    if (fresh > 0) this.writer.write(this.epoch, octets, from, end, fresh, Date.now());
    if (this.ack === 'received') this.confirm();
  }

  private onLinkState(to: LinkState, reason: string): void {
    if (to === 'started') {
      this.transition('started', reason);
      this.sendCommands();
    } else if (to === 'stopped') this.transition('connected', reason);
    else if (to === 'starting' || to === 'stopping') this.transition(to, reason);
    this.followDemand();
  }

  private onClosed(reason: CloseReason): void {
    const connection = this.connection as Connection;
    const { link } = connection;
    // A host that accepts and closes at once (its masters are all there) is no better than one that refuses.
    const worked = link.received > 0 || link.sent > 0 || this.scheduler.now() >= this.linkWorkedAt;
    this.connection = undefined;
    this.socket = undefined;
    this.lastError = `${reason.code}: ${reason.message}`;
    this.counters.linkFailures++;
    this.writer.dropWaiting();
    this.address = null;
    this.transition('disconnected', this.lastError);
    this.commands.clear(CommandOutcome.NOT_CONNECTED);
    if (worked) this.hosts.succeeded();
    if (!this.stopped) this.retryIn(worked ? this.hosts.lost() : this.hosts.failed());
  }

  private dropLink(reason: CloseReason): void {
    this.connection?.close(reason);
  }

  // ---- what is safe -------------------------------------------------------------------------------------------------

  /** Tells the link how far it may acknowledge. */
  private confirm(): void {
    const connection = this.connection;
    if (connection === undefined) return;
    const { storedPosition, confirmedPosition } = this.writer;
    const position = this.ack === 'delivered' ? Math.min(storedPosition, confirmedPosition) : storedPosition;
    this.confirmTo(connection, position);
  }

  private confirmTo(connection: Connection, position: number): void {
    const upTo = Math.min(this.countBefore(position), connection.link.received);
    if (upTo <= 0) return;
    connection.link.confirm(upTo, this.scheduler.now());
    connection.touched();
  }

  /** How many of the link's I-format APDUs have a position before `position`: repeated ones have that of their first time. */
  private countBefore(position: number): number {
    if (position >= this.base) return this.repeats.repeated + position - this.base;
    return this.repeats.repeatedBefore(position);
  }

  /** Position after the link's first `count` I-format APDUs. */
  private positionAfter(count: number): number {
    const { repeated } = this.repeats;
    return count > repeated ? this.base + count - repeated : (this.repeats.positionAfter(count) ?? this.base);
  }

  private onConfirmed(data: Uint8Array): void {
    if (!this.acceptFence(data)) return;
    this.writer.confirm(confirmedPosition(data));
    this.confirm();
  }

  /** What no master has acknowledged in time is acknowledged because the log holds it. */
  private onHoldLimit(upTo: number): void {
    const connection = this.connection as Connection;
    const position = Math.min(this.positionAfter(upTo), this.writer.storedPosition);
    const known = Math.max(this.positionAfter(0), this.writer.confirmedPosition);
    this.counters.forcedAcknowledgements += Math.max(0, position - known);
    this.confirmTo(connection, position);
  }

  // ---- what the router wants ----------------------------------------------------------------------------------------

  /** A router that has just taken over, or may have missed something, does not know our state. */
  private onOwner(data: Uint8Array): void {
    const owner = decodeJson<OwnerMessage>(data);
    if (owner === undefined) return;
    const before = this.owner;
    this.owner = owner;
    if (before?.fence !== owner.fence || before.generation !== owner.generation) this.publishState();
  }

  private onDemand(data: Uint8Array): void {
    if (!this.acceptFence(data)) return;
    this.wanted = demandWanted(data);
    this.followDemand();
  }

  private followDemand(): void {
    const connection = this.connection;
    if (connection === undefined) return;
    if (this.wanted && this.state === 'connected') connection.link.startDataTransfer(this.scheduler.now());
    else if (!this.wanted && this.state === 'started') connection.link.stopDataTransfer(this.scheduler.now());
    else if (this.wanted && this.state === 'stopping') {
      // A master is back while the RTU waits for our acknowledgement before it confirms STOPDT: do not keep it waiting.
      this.onHoldLimit(connection.link.received);
    } else return;
    connection.touched();
  }

  private onCommand(data: Uint8Array): void {
    const number = commandNumber(data);
    if (!this.acceptFence(data)) return;
    if (!rtuLinkUp(this.state)) {
      this.commandDone(number, CommandOutcome.NOT_CONNECTED);
      return;
    }
    this.commands.add({ number, deadline: commandDeadline(data), asdu: commandAsdu(data) }, Date.now());
    this.sendCommands();
    if (this.commands.length > 0) this.scheduler.deadlineMoved(this);
  }

  private sendCommands(): void {
    const connection = this.connection;
    if (connection === undefined || this.commands.length === 0 || connection.window === 0) return;
    const now = this.scheduler.now();
    this.commands.flush(Date.now(), (asdu) => connection.window > 0 && connection.link.send(asdu, now));
    connection.touched();
  }

  private commandDone(number: number, outcome: CommandOutcome): void {
    if (outcome !== CommandOutcome.SENT) {
      this.counters.commandsRefused++;
      this.bus.publish(this.subjects.commandResult, encodeCommandResult(number, outcome));
      return;
    }
    this.counters.commandsSent++;
    this.sentCommands.push(number);
    if (this.sentReportAt !== Infinity) return;
    this.sentReportAt = this.scheduler.now() + SENT_REPORT_MS;
    this.scheduler.deadlineMoved(this);
  }

  private reportSent(): void {
    this.sentReportAt = Infinity;
    for (const number of this.sentCommands.splice(0)) {
      this.bus.publish(this.subjects.commandResult, encodeCommandResult(number, CommandOutcome.SENT));
    }
  }

  /** A message of an owner that has been replaced is not obeyed. */
  private acceptFence(data: Uint8Array): boolean {
    const fence = messageFence(data);
    if (fence < this.fence) {
      this.logger.warn({ fence, current: this.fence }, 'message of a former owner of the group refused');
      return false;
    }
    this.fence = fence;
    return true;
  }

  // ---- state --------------------------------------------------------------------------------------------------------

  private retryIn(pauseMs: number): void {
    this.retryAt = this.scheduler.now() + pauseMs;
    this.scheduler.deadlineMoved(this);
  }

  private transition(to: RtuState, reason: string): void {
    const from = this.state;
    if (!ALLOWED[to].includes(from)) throw new Error(`RTU link state ${from} -> ${to} (${reason}) is not allowed`);
    this.state = to;
    this.stateSince = Date.now();
    this.reason = reason;
    const fields = { peer: this.status().endpoint, link_epoch: this.epoch, from, to, reason };
    if (rtuLinkUp(from) !== rtuLinkUp(to)) {
      this.logger.info(fields, rtuLinkUp(to) ? 'RTU connected' : 'RTU link lost');
    } else this.logger.debug(fields, 'RTU link state');
    this.publishState();
  }

  private publishState(): void {
    this.heartbeatAt = this.scheduler.now() + STATE_HEARTBEAT_MS;
    this.scheduler.deadlineMoved(this);
    if (!this.outcomeKnown) return;
    const message: StateMessage = {
      group: this.config.id,
      connector: this.dependencies.instance,
      state: this.state,
      epoch: this.epoch,
      endpoint: this.status().endpoint,
      address: this.address,
      since: this.stateSince,
      reason: this.reason,
      connects: this.counters.connects,
      next: this.writer.next,
    };
    this.bus.publish(this.subjects.state, encodeJson(message));
  }
}
