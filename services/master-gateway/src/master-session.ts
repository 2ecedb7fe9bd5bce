import { type Bus, type FenceGuard, type GroupSubjects, receive, type Subscription } from '@iec104mm2ss/bus';
import { type GroupConfig, type Limits, peerLimits, peerText } from '@iec104mm2ss/config';
import {
  APCI_OCTETS,
  APDU_OA_OFFSET,
  apduEnd,
  type Durations,
  endOfInitialization,
  iFormat,
  isSelect,
  type LinkFigures,
  type LinkState,
} from '@iec104mm2ss/iec104';
import { type Logger, type MasterEnd, securityEvent } from '@iec104mm2ss/observability';
import type { SecurePeer } from '@iec104mm2ss/tls';
import { READ_MS, type TcpSocket } from '@iec104mm2ss/runtime';
import { type CloseReason, Connection, type DeadlineScheduler, type Tap } from '@iec104mm2ss/transport';
import {
  type Ack,
  decodeOut,
  encodeClosed,
  encodeCommands,
  encodeResync,
  encodeStarted,
  encodeStopped,
  NO_POSITION,
  type OutMessage,
  type SessionStatement,
} from '@iec104mm2ss/wire';
import { COMMAND_RUN, CommandIntake } from './command-intake.js';
import type { ClosedSession } from './closed-sessions.js';
import { reportDelayed, reportEnd, reportLate } from './hostile-reports.js';
import { type CommandTerms, PendingCommands } from './pending-commands.js';
import { type DeliveryTarget, SessionDelivery } from './session-delivery.js';
import { SessionPlace } from './session-place.js';
import { SessionQueue } from './session-queue.js';

/** ASDUs that may wait for one master, unless `buffsize` is larger: above it the master is disconnected. */
export const MIN_QUEUE_LIMIT = 8_192;

/** ASDUs that may wait for one master of the group. */
export function queueLimitOf({ buffsize }: Pick<GroupConfig, 'buffsize'>): number {
  return Math.max(buffsize, MIN_QUEUE_LIMIT);
}

export interface SessionDependencies {
  readonly bus: Bus;
  readonly scheduler: DeadlineScheduler;
  readonly logger: Logger;
  /** How fast masters answer. */
  readonly figures: LinkFigures;
  /** How old events are when they go to a master. */
  readonly latencies?: Durations;
  readonly subjects: GroupSubjects;
  /** Which router owns the group. */
  readonly router: FenceGuard;
  readonly limits: Limits;
  /** Where it may be captured. */
  readonly tap?: Tap | undefined;
  /** For how long what is read now may have waited as this process did not run, ms. */
  heldUpMs(): number;
  /** For a command that may have waited for so long, unread; undefined: there is nobody to give it to. */
  commandTerms(waitedMs: number): CommandTerms | undefined;
  /** The session acknowledged more; it is reported together with others. */
  onAcknowledged(session: MasterSession): void;
  /** Reports it now: what is told next comes after it. */
  readonly reportAcknowledged: () => void;
  /** @param subscription to what the router says to this session; ended by who takes it */
  onClosed(session: MasterSession, reason: CloseReason<MasterEnd>, subscription: Subscription): void;
}

/** For so long after a select an execute may follow: what RTUs wait at most. */
const SELECT_MS = 60_000;
/** How a TLS record of a handshake begins. */
const CLIENT_HELLO = /^1603/;

/** Who the session is, as the router has admitted it. */
export interface SessionIdentity {
  readonly session: number;
  /** Number of the connection, see AdmissionRequest. */
  readonly connection: number;
  readonly address: string;
  readonly port: number;
  /** Another configuration may give it another one. */
  name: string | null;
  readonly certificateName: string | null;
  /** All that its certificate says of itself, as the router was told; left out without TLS. */
  readonly certificateNames?: string[];
  /** OA towards the RTU. */
  readonly originatorAddress: number;
}

/**
 * One master: the link in the controlled role, and between it and the router what is to be sent, what was acknowledged,
 * and the commands that are not settled. It decides nothing: what it sends is what the router says, what it receives goes
 * to the router.
 */
export class MasterSession implements DeliveryTarget {
  readonly connection: Connection<MasterEnd>;
  readonly queue: SessionQueue;
  readonly place = new SessionPlace();
  readonly pending = new PendingCommands(() => this.roomChanged());
  readonly intake: CommandIntake;
  readonly peer: string;
  /** ms since 1970-01-01 UTC. For people. */
  readonly since: number;
  /** Commands received. */
  commands = 0;
  commandsRefused = 0;
  /** OA that the master used last. */
  ownOa = 0;
  /** ASDUs that waited when data transfer or the connection ended: the log has them. */
  undelivered = 0;
  /** Its TLS session has reached its largest age. */
  tooOld = false;
  /** It has been too old for so long that nothing under way keeps it any more. */
  overdue = false;

  /** Number of the last message on `.in`. */
  private number = 0;
  private draining = false;
  /** When its master last selected something. */
  private selectedAt = -Infinity;
  /** When it was not read because too much was pending: what came then is read until the end of it. */
  private unread: { readonly since: number; readonly until: number } | undefined;
  private readonly delivery: SessionDelivery;
  private readonly subscription: Subscription;

  constructor(
    readonly identity: SessionIdentity,
    private config: GroupConfig,
    socket: TcpSocket,
    private readonly dependencies: SessionDependencies,
    /** Who is at the other end of TLS; undefined without it. */
    readonly secure?: SecurePeer,
  ) {
    const { bus, scheduler, subjects, router, limits } = dependencies;
    this.peer = peerText(identity.address, identity.port);
    this.since = scheduler.clock.wallMs();
    const { t1Ms, t2Ms, t3Ms, k, w, idleTimeMs } = config;
    this.connection = new Connection(
      socket,
      {
        ...{ role: 'controlled', t1Ms, t2Ms, t3Ms, k, w, idleTimeMs },
        // Commands that wait are not acknowledged: its own k holds the master back.
        holdAcknowledgements: true,
        limits: peerLimits(limits),
        runLimit: COMMAND_RUN,
        figures: dependencies.figures,
        tap: dependencies.tap,
        peer: identity,
      },
      {
        onApdus: (octets, start, end, count) => this.onApdus(octets, start, end, count),
        onRoom: () => this.onRoom(),
        onState: (to, from) => this.onLinkState(to, from),
        onIrregular: (breach) => this.logBreach(breach),
        onClosed: (reason) => this.onClosed(reason),
      },
      scheduler,
    );
    this.intake = this.makeIntake();
    if (secure !== undefined) {
      secure.onRefused = ({ code, reason }) => this.connection.reset({ code: `tls_${code}`, message: reason });
    }
    this.queue = new SessionQueue(
      this.connection,
      scheduler,
      queueLimitOf(config),
      () =>
        this.close('queue_full', `${this.queue.length} ASDUs wait for this master, the limit is ${this.queue.limit}`),
      dependencies.latencies,
    );
    this.delivery = new SessionDelivery(this, this.place, this.queue, this.pending);
    this.subscription = receive(bus, subjects.outTo(this.id), decodeOut, (message, { subject }) =>
      router.run(subject, message.fence, () => this.delivery.onOwn(message)),
    );
  }

  get id(): number {
    return this.identity.session;
  }

  get state(): LinkState {
    return this.connection.link.state;
  }

  get originatorAddress(): number {
    return this.identity.originatorAddress;
  }

  get receiving(): boolean {
    return this.state === 'started' && !this.draining && !this.connection.closed;
  }

  /** What its master has acknowledged, for the router; the position is negative before it has acknowledged anything. */
  get acknowledged(): Ack {
    const { acknowledged: position, generation } = this.queue.sentRuns;
    return { session: this.id, position, generation };
  }

  /** What the router has to know of it. @param commandLimit commands stated at most */
  statement(commandLimit: number): SessionStatement {
    const { place, identity } = this;
    const { position, generation } = this.acknowledged;
    return {
      ...identity,
      ownOa: this.ownOa,
      started: this.receiving,
      starting: place.starting,
      number: this.number,
      expected: place.expected,
      acknowledged: place.acknowledged(position, generation),
      generation: place.generation,
      ...(place.had && { had: place.had }),
      nextCommand: this.pending.next,
      commands: this.pending.statement(commandLimit, this.now),
      sinceMs: this.since,
      ...(this.endsForAge && { aged: true }),
    };
  }

  /** It has reached its largest age, and nothing that was begun is to be ended first; or that has lasted too long. */
  get endsForAge(): boolean {
    return this.overdue || (this.tooOld && !this.busy);
  }

  /** Something was begun that is to be ended: a command that is not settled or still waits for the rate, or a select. */
  private get busy(): boolean {
    return this.pending.size > 0 || this.intake.length > 0 || this.now - this.selectedAt < SELECT_MS;
  }

  close(code: MasterEnd, message: string): void {
    this.connection.close({ code, message });
  }

  /** Takes nothing new for the master; what is queued still goes out. */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    this.place.stopped(this.queue.length > 0);
    this.publish(encodeStopped(this.nextHead()));
  }

  /**
   * Nothing is queued, and the master has read everything. It may take until t2 to acknowledge: a test of the link shows it
   * sooner. What stays unacknowledged is in the log, and a named master gets it again.
   */
  settle(): boolean {
    if (this.queue.length > 0) return false;
    const { connection } = this;
    if (connection.link.read === connection.link.sent) return true;
    connection.link.test(this.now);
    connection.touched();
    return false;
  }

  /** Its master has everything that was received from the RTU before `next` of `generation`, or gets no data. */
  hasAllBefore(generation: number, next: number): boolean {
    return (!this.receiving || this.place.accountsFor(generation, next)) && this.settle();
  }

  // ---- from the router ----------------------------------------------------------------------------------------------

  /** A message for every live session. */
  onBroadcast(message: OutMessage): void {
    this.delivery.onBroadcast(message);
  }

  standby(reason: string): void {
    this.stopData();
    this.connection.link.deactivate(reason);
    this.connection.touched();
  }

  /** Asks the router for everything from the next position on. */
  missed(): void {
    const { expected, generation } = this.place;
    const head = this.nextHead();
    this.place.resync(head.number);
    this.publish(encodeResync(head, expected, generation));
  }

  /**
   * The connection to the bus is back: what was published meanwhile is lost. Events show that by their positions, answers that
   * others get nothing of need not.
   */
  reconnected(): void {
    if (this.receiving && this.place.live) this.missed();
  }

  // ---- from the master ----------------------------------------------------------------------------------------------

  /** Takes another row of the file whose differences concern no gateway (see beginsAnew). */
  reconfigure(config: GroupConfig): void {
    this.config = config;
    this.intake.change(config);
  }

  private makeIntake(): CommandIntake {
    const { config, dependencies } = this;
    const { limits, logger, scheduler } = dependencies;
    let taken = 0;
    return new CommandIntake(config, config.t1Ms, limits.refusals, scheduler, {
      take: (octets, start, end, count, waitedMs) => this.takeCommands(octets, start, end, count, waitedMs),
      dealtWith: (count) => {
        taken += count;
        this.connection.link.confirm(taken, this.now);
        this.connection.touched();
      },
      refuse: (apdus, count) => {
        this.commandsRefused += count;
        reportLate(logger, this.who, count);
        this.queue.add(apdus, 0, NO_POSITION, 0, count);
      },
      roomChanged: () => this.roomChanged(),
      delayed: () => reportDelayed(logger, this.who, this.config.commandRate),
      flood: (perSecond) =>
        this.close('command_flood', `more than ${perSecond} commands a second that are too late to be executed`),
    });
  }

  private onApdus(octets: Uint8Array, start: number, end: number, count: number): void {
    this.intake.add(octets, start, end, count, Math.max(this.waitedMs, this.dependencies.heldUpMs()));
  }

  private takeCommands(octets: Uint8Array, start: number, end: number, count: number, waitedMs: number): void {
    this.commands += count;
    for (let at = start; at < end; at = apduEnd(octets, at)) {
      this.ownOa = octets[at + APDU_OA_OFFSET] as number;
      if (isSelect(octets.subarray(at + APCI_OCTETS, apduEnd(octets, at)))) this.selectedAt = this.now;
    }
    const terms = this.draining ? undefined : this.dependencies.commandTerms(waitedMs);
    const { first, refusals } = this.pending.take(octets, start, end, terms, this.now);
    // The router settles in a moment: until then TCP holds the master back.
    if (this.pending.full) this.roomChanged();
    if (terms === undefined) {
      this.refuse(refusals);
      return;
    }
    const head = { ...this.nextHead(), count, firstCommand: first, ...terms };
    const { bus, subjects } = this.dependencies;
    bus.publish(subjects.in, encodeCommands(head, octets, start, end));
  }

  private roomChanged(): void {
    if (this.pending.full || this.intake.full) this.readNoMore();
    else this.readAgain();
  }

  private readNoMore(): void {
    this.connection.setReading(false);
    this.unread = { since: this.unreadSince ?? this.now, until: Infinity };
  }

  private readAgain(): void {
    if (this.unread !== undefined) this.unread = { ...this.unread, until: this.now + READ_MS };
    this.connection.setReading(true);
  }

  /** Since when what is read now may have waited. */
  private get unreadSince(): number | undefined {
    return this.unread !== undefined && this.now < this.unread.until ? this.unread.since : undefined;
  }

  private get waitedMs(): number {
    return this.now - (this.unreadSince ?? this.now);
  }

  /** Certain: nobody else has seen these commands. */
  private refuse(refusals: readonly Uint8Array[]): void {
    this.commandsRefused += refusals.length;
    this.dependencies.logger.warn(
      { session: this.id, peer: this.peer, count: refusals.length, reason: 'no_router' },
      'commands refused: nobody could take them over',
    );
    // Queued like everything else: the window may be full.
    const apdus = Buffer.concat(refusals.map((asdu) => iFormat(0, 0, asdu)));
    this.queue.add(apdus, 0, NO_POSITION, 0, refusals.length);
  }

  private onRoom(): void {
    this.noteAcknowledged();
    this.queue.fill();
  }

  private noteAcknowledged(): void {
    if (this.queue.acknowledge()) this.dependencies.onAcknowledged(this);
  }

  private onLinkState(to: LinkState, from: LinkState): void {
    if (to === 'started') {
      // Clause 7.3.3 of 101: the station tells a master that it is ready. The RTU's own is not forwarded.
      this.connection.link.send(endOfInitialization(this.config.rtuNumber), this.now);
      this.queue.sentDirectly();
      if (this.draining) return;
      const head = this.nextHead();
      // The answer may come at once.
      this.place.started(head.number);
      this.publish(encodeStarted(head));
    } else if (from === 'started') {
      this.stopData();
      this.publish(encodeStopped(this.nextHead()));
    }
  }

  private logBreach({ code, message: told, clause, octets }: CloseReason): void {
    const message = CLIENT_HELLO.test(octets ?? '') ? 'it speaks TLS, and this port is the one without' : told;
    const { name, certificateName } = this.identity;
    const identity = name ?? certificateName ?? undefined;
    const fields = { session: this.id, peer: this.peer, identity, reason: code, clause, octets };
    securityEvent(this.dependencies.logger, 'master_breach', fields, `a master breaks the protocol: ${message}`);
  }

  private onClosed(reason: CloseReason<MasterEnd>): void {
    if (reason.octets !== undefined) this.logBreach(reason);
    reportEnd(this.dependencies.logger, this.who, reason, this.intake.clear());
    this.stopData();
    this.publish(encodeClosed(this.nextHead(), reason.code, reason.message));
    this.dependencies.onClosed(this, reason, this.subscription);
  }

  /** As it is remembered. */
  closed({ code, message }: CloseReason): ClosedSession {
    const { connection: _, certificateNames: __, ...identity } = this.identity;
    return { facts: { ...identity, used: this.commands > 0, code, message }, commands: this.pending };
  }

  private stopData(): void {
    this.noteAcknowledged();
    this.place.stopped(this.queue.length > 0);
    this.undelivered += this.queue.length;
    this.queue.clear();
  }

  private get who(): { readonly session: number; readonly peer: string } {
    return { session: this.id, peer: this.peer };
  }

  private get now(): number {
    return this.dependencies.scheduler.now();
  }

  private nextHead(): { readonly session: number; readonly number: number } {
    return { session: this.id, number: ++this.number };
  }

  /** Tells the router; what the master has acknowledged comes first. */
  private publish(message: Uint8Array): void {
    const { bus, subjects, reportAcknowledged } = this.dependencies;
    reportAcknowledged();
    bus.publish(subjects.in, message);
  }
}
