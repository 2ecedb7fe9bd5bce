import { type Bus, type EventLog, GroupSubjects, type Lease } from '@iec104mm2ss/bus';
import {
  type AckPolicy,
  ackPolicy,
  DEFAULT_LIMITS,
  type GroupConfig,
  type Limits,
  needsTls,
  peerLimits,
  repeatableAsdus,
} from '@iec104mm2ss/config';
import { LINK_BOUNDS_MS, type Logger, noPeer, type RtuEnd, securityEvent } from '@iec104mm2ss/observability';
import type { Runtime } from '@iec104mm2ss/runtime';
import { type TlsSettings, tlsStatus } from '@iec104mm2ss/tls';
import {
  type CloseReason,
  type Connection,
  type DeadlineScheduler,
  newLinkFigures,
  type PeerLimits,
  type Scheduled,
  type Tap,
  type Taps,
} from '@iec104mm2ss/transport';
import {
  type CommandMessage,
  type CommandQuery,
  type CommandResult,
  encodeCommandReport,
  encodeCommandResults,
} from '@iec104mm2ss/wire';
import { type ConnectorCounters, newCounters } from './counters.js';
import { EventWriter } from './event-writer.js';
import { ListenerWatch } from './listener-watch.js';
import { HistoryReading } from './log-history.js';
import { type LinkOrder, orderNextHost, orderRestart } from './link-orders.js';
import { logStatus, type LogStatus } from './log-status.js';
import type { LoggedAsdu } from './repeat-filter.js';
import { RouterOrders, type RouterOrdersHandler } from './router-orders.js';
import { describeSent, RtuCommands } from './rtu-commands.js';
import { RtuIntake } from './rtu-intake.js';
import { RtuLink } from './rtu-link.js';
import { RtuTls } from './rtu-tls.js';
import { type StatedState, StateStatement } from './state-statement.js';

/** `delivered` is held back until this long before the RTU's t1 would run out. */
export const HOLD_MARGIN_MS = 1_000;
/** Longer than a command is on its way from the router: what is on its way is refused in this time. */
const LEAVING_MS = 100;

export interface ConnectorDependencies {
  readonly bus: Bus;
  readonly scheduler: DeadlineScheduler;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** Bounds on what the RTU may send. Default: DEFAULT_LIMITS. */
  readonly limits?: Limits;
  /** Undefined: nothing can be done with TLS here. */
  readonly tls?: TlsSettings | undefined;
  readonly taps?: Taps | undefined;
}

/** The lease on the group, as long as it is held: its fence does not change. */
export type ConnectorLease = Pick<Lease, 'fence' | 'certain' | 'heldUp' | 'onCertain'>;

/**
 * One RTU: connects to it, starts and stops data transfer as the router wants, appends what comes to the event log,
 * acknowledges to the RTU only what is safe, and sends commands that are still in time.
 *
 * This is the wiring. The link is in RtuLink, what comes on it in RtuIntake and EventWriter, commands in RtuCommands, the
 * router's messages in RouterOrders. The RTU is used only while it is certain that we hold the lease on the group.
 */
export class GroupConnector implements Scheduled {
  readonly subjects: GroupSubjects;
  readonly ack: AckPolicy;
  readonly counters: ConnectorCounters = newCounters();
  readonly figures = newLinkFigures(LINK_BOUNDS_MS);

  private readonly bus: Bus;
  private readonly scheduler: DeadlineScheduler;
  private readonly runtime: Runtime;
  private readonly logger: Logger;
  private readonly fence: number;
  private readonly limits: PeerLimits;
  private readonly tap: Tap | undefined;
  private readonly log: EventLog;
  private readonly writer: EventWriter;
  private readonly link: RtuLink;
  private readonly tls: RtuTls;
  private stopTls: () => void = () => undefined;
  private readonly commands: RtuCommands;
  private readonly statement: StateStatement;
  private router: RouterOrders | undefined;
  private listeners: ListenerWatch | undefined;
  private intake: RtuIntake | undefined;
  private reading: HistoryReading | undefined;
  private history: readonly LoggedAsdu[] = [];
  private stopped = false;
  private leaving = false;
  /** The log was opened for the first time, and the RTU is being connected to. */
  private begun = false;
  /** The event log refuses, since when, and why; undefined: it does not. */
  logTrouble: { readonly reason: string; readonly sinceMs: number } | undefined;
  /** The RTU was refused for its field lengths. */
  private hasForeignLengths = false;

  constructor(
    /** Its row of the file. */
    public config: GroupConfig,
    dependencies: ConnectorDependencies,
    private readonly lease: ConnectorLease,
  ) {
    ({ bus: this.bus, scheduler: this.scheduler, runtime: this.runtime } = dependencies);
    this.limits = peerLimits(dependencies.limits ?? DEFAULT_LIMITS);
    this.tap = dependencies.taps?.of(config.id);
    this.logger = dependencies.logger.child({ group: config.id });
    this.fence = lease.fence;
    this.subjects = new GroupSubjects(config.id);
    this.ack = ackPolicy(config, this.bus.kind);
    this.log = this.bus.eventLog(config.id, { capacity: config.buffsize });
    this.writer = this.makeWriter();
    const { tls, runtime } = dependencies;
    this.tls = new RtuTls({ config: () => this.config, settings: tls, runtime, logger: this.logger });
    if (tls !== undefined && needsTls(config, 'rtu')) {
      this.stopTls = tls.store.onChange(() => this.link.secure?.judgeAgain());
    }
    this.link = this.makeLink();
    this.commands = this.makeCommands();
    this.statement = new StateStatement(
      config.id,
      () => this.scheduler.now(),
      () => this.composeState(),
      (message) => this.bus.publish(this.subjects.state, message),
      () => this.deadlineMoved(),
    );
    lease.onCertain(() => this.onCertain());
  }

  /** Connects as soon as the event log can be written. */
  start(): void {
    const handler: RouterOrdersHandler = {
      onNewRouter: () => this.statement.state(),
      onObserve: (on) => (this.commands.observe = on),
      onSettled: (commands) => this.commands.settled(commands),
      onWanted: (wanted) => this.link.want(wanted),
      onConfirmed: (position, generation) => {
        this.writer.confirm(position, generation);
        this.intake?.confirm();
      },
      onCommand: (command) => this.onCommand(command),
      onQuery: (query, respond) => this.onQuery(query, respond),
    };
    const now = (): number => this.scheduler.now();
    this.router = new RouterOrders(this.bus, this.subjects, handler, now);
    this.listeners = new ListenerWatch(this.bus, this.subjects.listener, now, {
      leave: (reason, pauseMs) => this.leaveToOthers(reason, pauseMs),
      comeBack: () => this.link.retrySoon(),
      onDeadlineMoved: () => this.deadlineMoved(),
    });
    this.scheduler.add(this);
    const trouble = this.tlsTrouble;
    if (trouble !== undefined) {
      securityEvent(
        this.logger,
        'tls_unusable',
        { reason: trouble },
        'the RTU is to be connected to with TLS, which cannot be',
      );
    }
    this.writer.open();
  }

  /**
   * To be called before `stop` where that is planned: takes no more commands, says so, and gives the RTU a second to answer those
   * that it was sent. Else nobody would know what became of them.
   */
  async settle(): Promise<void> {
    if (!this.mayUse() || !this.isUp) return;
    this.leaving = true;
    const until = this.commands.giveUp();
    this.statement.state();
    const { clock } = this.runtime;
    const ms = Math.max(LEAVING_MS, until - clock.now());
    await new Promise<void>((resolve) => clock.setTimer(resolve, ms));
  }

  /** Ends the link and everything else: another connector may take over, and nothing is published after this. */
  stop(): void {
    if (this.stopped) return;
    this.stopTls();
    this.statement.stop();
    const lost = this.writer.acknowledgedUnstored;
    if (lost > 0) {
      this.counters.lostByLog += lost;
      this.logger.error(
        noPeer({ count: lost }),
        'events are lost that were acknowledged to the RTU and not stored yet',
      );
    }
    if (this.mayUse()) {
      this.commands.giveUp();
      this.link.stop();
    }
    // Whatever is left of the link may not be touched: it is reset, and nobody is told anything.
    this.stopped = true;
    this.link.stop();
    this.scheduler.remove(this);
    this.router?.stop();
    this.listeners?.stop();
    this.reading?.stop();
    this.writer.close();
    this.intake = undefined;
  }

  /** Ends as the RTU's link would: masters are told so, and nobody waits for another connector. */
  end(message: string): void {
    if (this.mayUse()) this.link.close({ code: 'configuration', message });
    this.stop();
  }

  /** Takes another row of the file whose differences concern no connector (see beginsAnew). */
  reconfigure(config: GroupConfig): void {
    this.config = config;
    this.link.secure?.judgeAgain();
  }

  /** Closes the link to the RTU, or waits no longer; it is opened again at once. */
  restart(): LinkOrder {
    return orderRestart(this.link);
  }

  /** The same with the next host of the list. */
  useNextHost(): LinkOrder {
    return orderNextHost(this.link);
  }

  /** Why TLS with the RTU is impossible; undefined: it is not, or is not wanted. */
  get tlsTrouble(): string | undefined {
    return needsTls(this.config, 'rtu') ? this.tls.trouble : undefined;
  }

  get isUp(): boolean {
    return this.link.isUp;
  }

  status() {
    const { state, endpoint, since, epoch, lastError } = this.link.description;
    const { connects } = this.counters;
    const linkEpoch = epoch === 0 ? null : epoch;
    const { secure } = this.link;
    const tls = secure === undefined ? null : tlsStatus(secure);
    return { state, endpoint, since: new Date(since).toISOString(), linkEpoch, connects, lastError, tls };
  }

  logStatus(): LogStatus {
    return logStatus(this.writer);
  }

  get waitingCommands(): number {
    return this.commands.waiting;
  }

  /** The most commands that waited at one time. */
  get commandsHighWater(): number {
    return this.commands.highWater;
  }

  /** Since when the link is in its state, ms since 1970-01-01 UTC. */
  get stateSince(): number {
    return this.link.description.since;
  }

  get heldAsdus(): number {
    return this.intake?.holding ?? 0;
  }

  // ---- deadlines ----------------------------------------------------------------------------------------------------

  nextDeadline(): number {
    return Math.min(
      this.link.nextDeadline(),
      this.statement.nextDeadline(),
      this.commands.nextDeadline(),
      this.intake?.nextDeadline() ?? Infinity,
      this.listeners?.nextDeadline() ?? Infinity,
    );
  }

  onDeadline(now: number): void {
    this.statement.onDeadline(now);
    this.commands.onDeadline(now);
    this.intake?.onDeadline(now);
    this.listeners?.onDeadline(now, this.link.isWanted);
    this.link.onDeadline(now);
  }

  flush(): void {
    // Nothing of its own: the connection writes.
  }

  // ---- the parts ----------------------------------------------------------------------------------------------------

  private makeWriter(): EventWriter {
    const { config, runtime, log } = this;
    const options = { log, capacity: config.buffsize, clock: runtime.clock, mayOpen: () => this.mayUse() };
    return new EventWriter(options, {
      onNextGeneration: () => this.statement.state(),
      onOpened: () => this.onLogOpened(),
      onStored: () => {
        this.logWorks();
        this.intake?.confirm();
      },
      onTrouble: (error) => {
        const { message: reason } = error;
        // Once, not at every attempt.
        if (this.logTrouble === undefined) {
          this.logger.warn({ reason }, 'event log refuses: RTU is not acknowledged');
        }
        this.logTrouble = { reason, sinceMs: this.logTrouble?.sinceMs ?? runtime.clock.wallMs() };
      },
      onLost: (count) => {
        this.counters.lostByLog += count;
        this.logger.error(noPeer({ count }), 'the event log lost events that were acknowledged to the RTU');
      },
    });
  }

  private makeLink(): RtuLink {
    const { config, scheduler, runtime, logger, counters } = this;
    const { t1Ms } = config.rtuLink;
    const holdLimitMs = this.ack === 'delivered' ? Math.max(t1Ms - HOLD_MARGIN_MS, t1Ms / 2) : Infinity;
    return new RtuLink(
      {
        ...{ config, scheduler, runtime, logger, counters, figures: this.figures, tls: this.tls },
        hold: { holdAcknowledgements: true, holdLimitMs },
        limits: this.limits,
        tap: this.tap,
        mayUse: () => this.mayUse(),
        heldUp: () => this.lease.heldUp,
        mayWrite: () => !this.commands.late,
      },
      {
        ready: () => this.writer.ready,
        prepare: () => this.readHistory(),
        onUp: (connection, epoch) => this.onUp(connection, epoch),
        onApdus: (octets, start, end, count) => this.intake?.take(octets, start, end, count),
        onRoom: () => this.commands.sendWaiting(),
        onHoldLimit: (upTo) => this.intake?.force(upTo),
        onDown: (connection) => this.onDown(connection),
        onState: () => this.statement.state(),
        onDeadlineMoved: () => this.deadlineMoved(),
      },
    );
  }

  private makeCommands(): RtuCommands {
    return new RtuCommands({
      now: () => this.scheduler.now(),
      counters: this.counters,
      link: () => {
        const { connection, epoch } = this.link;
        return connection === undefined ? undefined : { connection, epoch };
      },
      mayUse: () => this.mayUse(),
      nextOrdinal: () => this.writer.next,
      report: (results) => this.report(results),
      onDeadlineMoved: () => this.deadlineMoved(),
    });
  }

  /** False while another connector may have the lease: nothing that cannot be undone is done then. */
  private mayUse(): boolean {
    return !this.stopped && this.lease.certain;
  }

  private onCertain(): void {
    if (this.stopped) return;
    this.intake?.confirm();
    this.link.mayUseAgain();
    this.commands.sendWaiting();
    this.router?.askAgain();
  }

  private deadlineMoved(): void {
    if (!this.stopped) this.scheduler.deadlineMoved(this);
  }

  // ---- the link and the log -----------------------------------------------------------------------------------------

  private logWorks(): void {
    if (this.logTrouble === undefined) return;
    this.logTrouble = undefined;
    this.logger.info('event log can be written again');
  }

  private onLogOpened(): void {
    // One that opens may refuse all the same what is written.
    if (this.writer.unstored.length === 0) this.logWorks();
    this.router?.askAgain();
    if (this.begun) {
      this.intake?.confirm();
      // Positions may have moved.
      this.statement.state();
      return;
    }
    this.begun = true;
    this.link.start(this.writer.lastEpoch);
  }

  /** What the RTU may send once more on the next link. */
  private async readHistory(): Promise<void> {
    this.history = [];
    this.reading = new HistoryReading(this.log, this.writer, this.runtime.clock, repeatableAsdus(this.config));
    try {
      this.history = await this.reading.read();
    } catch (error) {
      this.logger.warn(
        noPeer({ reason: (error as Error).message }),
        'event log not read: repeated events are not recognised',
      );
    }
  }

  private onUp(connection: Connection<RtuEnd>, epoch: number): void {
    const { ack, counters, config, history, writer } = this;
    const { clock } = this.runtime;
    const options = {
      ...{ ack, counters, clock, t1Ms: config.rtuLink.t1Ms },
      mayUse: () => this.mayUse(),
      onDeadlineMoved: () => this.deadlineMoved(),
      onOdd: (reason: CloseReason) => this.link.remark(reason),
      suspect: this.hasForeignLengths,
      onProven: () => (this.hasForeignLengths = false),
      onForeign: (reason: Required<CloseReason<RtuEnd>>) => {
        this.hasForeignLengths = true;
        this.link.refuse(reason);
      },
    };
    this.intake = new RtuIntake(connection, epoch, history, writer, options);
    this.history = [];
    this.commands.linkUp(connection);
  }

  private onDown(connection: Connection<RtuEnd>): void {
    this.intake = undefined;
    // What was given to the log will be stored, and is before the position that is stated now.
    this.writer.dropWaiting();
    if (!this.stopped) this.commands.linkDown(connection);
  }

  private leaveToOthers(reason: string, pauseMs: number): void {
    const message = `no process can listen for masters (${reason}): the RTU is left to others`;
    this.link.leave({ code: 'no_listener', message }, pauseMs);
  }

  // ---- the router ---------------------------------------------------------------------------------------------------

  private onCommand(message: CommandMessage): void {
    // The octets of the message are not ours to keep.
    const command = { ...message, asdu: new Uint8Array(message.asdu) };
    if (message.connectorFence === this.fence) this.commands.add(command);
    else this.commands.refuseForeign(command);
  }

  private onQuery(query: CommandQuery, respond: (data: Uint8Array) => void): boolean {
    const { place } = this.writer;
    // Who does not know whether he may answer says nothing until he does.
    if (place === undefined || !this.mayUse()) return false;
    const { sent, queued } = this.commands.answer(query);
    const now = this.scheduler.now();
    respond(
      encodeCommandReport({
        connector: this.runtime.instance,
        fence: this.fence,
        epoch: this.link.epoch,
        clock: now,
        generation: place.generation,
        sent: sent.map((entry) => describeSent(entry, now, (ordinal) => this.writer.positionOf(ordinal))),
        queued,
      }),
    );
    return true;
  }

  private report(results: readonly CommandResult[]): void {
    if (this.stopped) return;
    this.bus.publish(this.subjects.commandResult, encodeCommandResults({ connectorFence: this.fence, results }));
  }

  private composeState(): StatedState | undefined {
    const { place } = this.writer;
    if (this.stopped || place === undefined || !this.link.outcomeKnown) return undefined;
    const { state, epoch, endpoint, address, since, reason } = this.link.description;
    return {
      group: this.config.id,
      connector: this.runtime.instance,
      fence: this.fence,
      clock: this.scheduler.now(),
      ...{ state, epoch, endpoint, address, since, reason },
      connects: this.counters.connects,
      next: place.position,
      generation: place.generation,
      ...(this.writer.lost === undefined ? {} : { lost: this.writer.lost }),
      ...(this.leaving ? { leaving: true } : {}),
    };
  }
}
