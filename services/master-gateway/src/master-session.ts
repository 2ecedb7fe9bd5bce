import type { Socket } from 'node:net';
import {
  type Bus,
  encodeIn,
  encodeJson,
  encodeOut,
  type GroupSubjects,
  InKind,
  NO_POSITION,
  OUT_PREAMBLE_OCTETS,
  outCount,
  outFence,
  outFirst,
  OutFlag,
  outFlags,
  outFrom,
  OutKind,
  outKind,
  outText,
  type SessionSnapshot,
  type Subscription,
} from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import { Cause, endOfInitialization, type LinkState } from '@iec104mm2ss/iec104';
import type { Logger } from '@iec104mm2ss/observability';
import { type CloseReason, Connection, type DeadlineScheduler } from '@iec104mm2ss/transport';
import { PendingCommands } from './pending-commands.js';
import { SentRuns } from './sent-runs.js';

/** A command must have reached the RTU this long after it came from the master. */
export const COMMAND_DEADLINE_MS = 5_000;
/** ASDUs that may wait for one master, unless `buffsize` is larger: above it the master is disconnected. */
export const MIN_QUEUE_LIMIT = 8_192;
/** The router is told again when it has not answered a STARTED for this long. */
export const START_ANSWER_MS = 2_000;

/** Start octet, length, control field: the link fills it in. */
const APCI_TEMPLATE = Buffer.from([0x68, 0, 0, 0, 0, 0]);
const CAUSE_AT = 8;
const OA_AT = 9;
const CAUSE_MASK = 0x3f;

export interface SessionDependencies {
  readonly bus: Bus;
  readonly scheduler: DeadlineScheduler;
  readonly logger: Logger;
  readonly subjects: GroupSubjects;
  /** Name of this gateway. */
  readonly instance: string;
  /** Fence of the router that owns the group. */
  fence(): number;
  /** False for a message of a router that no longer owns the group. */
  acceptFence(fence: number): boolean;
  /** The session acknowledged more; it is reported together with others. */
  onAcknowledged(session: MasterSession): void;
  /** Reports it now: what is told next comes after it. */
  readonly reportAcknowledged: () => void;
  onClosed(session: MasterSession, reason: CloseReason): void;
}

/** Who the session is, as the router has admitted it. */
export interface SessionIdentity {
  readonly address: string;
  readonly port: number;
  /** `address:port`. */
  readonly peer: string;
  readonly name: string | null;
  readonly certificateName: string | null;
  /** OA towards the RTU. */
  readonly originatorAddress: number;
}

/** A message of the router, waiting for the master's window. */
interface Waiting {
  readonly message: Uint8Array;
  /** Where the first APDU not sent begins, and its position. */
  at: number;
  position: number;
  count: number;
}

/**
 * One master: the link in the controlled role, a bounded queue, and the bookkeeping of what it has acknowledged. It
 * decides nothing: what it sends is what the router says, what it receives goes to the router.
 */
export class MasterSession {
  readonly connection: Connection;
  readonly peer: string;
  readonly queueLimit: number;
  readonly since = Date.now();
  queued = 0;
  commands = 0;

  private readonly sentRuns = new SentRuns();
  private readonly pending = new PendingCommands();
  private waiting: Waiting[] = [];
  private live = false;
  /** Next position expected; valid while started and not `starting`. */
  private expected = 0;
  /** Number of our STARTED until the router answers it: what comes before that belongs to an earlier start. */
  private starting = 0;
  private startingAt = 0;
  private number = 0;
  private ownOa = 0;
  private draining = false;
  private readonly subscription: Subscription;

  constructor(
    readonly id: number,
    private readonly identity: SessionIdentity,
    private readonly config: GroupConfig,
    socket: Socket,
    private readonly dependencies: SessionDependencies,
  ) {
    this.peer = identity.peer;
    this.queueLimit = Math.max(config.buffsize, MIN_QUEUE_LIMIT);
    const { t1Ms, t2Ms, t3Ms, k, w, idleTimeMs } = config;
    this.connection = new Connection(
      socket,
      { role: 'controlled', t1Ms, t2Ms, t3Ms, k, w, idleTimeMs },
      {
        onApdus: (octets, start, end, count) => this.onApdus(octets, start, end, count),
        onRoom: () => this.onRoom(),
        onState: (to, from) => this.onLinkState(to, from),
        onClosed: (reason) => this.onClosed(reason),
      },
      dependencies.scheduler,
    );
    this.subscription = dependencies.bus.subscribe(dependencies.subjects.outTo(id), ({ data }) => this.onOut(data));
  }

  /** Everything for this session before this position was acknowledged by its master. */
  get acknowledged(): number {
    return this.sentRuns.acknowledged;
  }

  get isLive(): boolean {
    return this.live;
  }

  get state(): LinkState {
    return this.connection.link.state;
  }

  close(code: string, message: string): void {
    this.connection.close({ code, message });
  }

  /** A message for every live session. */
  onBroadcast(message: Uint8Array, from: number, first: number, count: number): void {
    if (first + count <= this.expected) return;
    if (from > this.expected) {
      this.missed();
      return;
    }
    const known = Math.max(0, this.expected - first);
    this.expected = first + count;
    this.enqueue(message, first, count, known);
  }

  /** Everything the next owner of the group has to know. */
  resume(): void {
    const { address, port, name, certificateName, originatorAddress } = this.identity;
    const snapshot: SessionSnapshot = {
      session: this.id,
      gateway: this.dependencies.instance,
      address,
      port,
      name,
      certificateName,
      originatorAddress,
      ownOa: this.ownOa,
      started: this.connection.link.state === 'started' && !this.draining,
      starting: this.starting,
      expected: this.expected,
      acknowledged: Math.max(0, this.acknowledged),
      since: this.since,
    };
    this.live = false;
    const { bus, subjects } = this.dependencies;
    bus.publish(subjects.in, encodeIn(InKind.RESUME, this.id, ++this.number, 0, 0, encodeJson(snapshot)));
  }

  /** Tells the router again when it does not answer a STARTED. Call a few times a second. */
  remind(): void {
    const now = this.dependencies.scheduler.now();
    if (this.starting === 0 || now - this.startingAt < START_ANSWER_MS) return;
    this.startingAt = now;
    this.resume();
  }

  /** The bus was away: commands under way may be lost. */
  doubtCommands(): void {
    this.pending.doubt();
  }

  /** Answers commands that no router will answer any more. */
  refuseForsaken(now: number, fence: number, ownerLives: boolean): void {
    for (const refusal of this.pending.refusals(now, fence, ownerLives)) {
      // Queued like everything else: the window may be full.
      const apdu = Buffer.concat([APCI_TEMPLATE, refusal]);
      apdu[1] = refusal.length + APCI_TEMPLATE.length - 2;
      const message = encodeOut(OutKind.DATA, 0, fence, 0, NO_POSITION, 1, apdu, 0, apdu.length);
      this.enqueue(message, NO_POSITION, 1, 0);
    }
  }

  /** Takes nothing new for the master; what is queued still goes out. */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    this.live = false;
    this.tell(InKind.STOPPED, 0);
  }

  /**
   * Nothing is queued, and the master has read everything. It may take until t2 to acknowledge: a test of the link shows it
   * sooner. What stays unacknowledged is in the log, and a named master gets it again.
   */
  settle(): boolean {
    if (this.waiting.length > 0) return false;
    const { connection } = this;
    if (connection.link.read === connection.link.sent) return true;
    connection.link.test(this.dependencies.scheduler.now());
    connection.touched();
    return false;
  }

  // ---- from the router ----------------------------------------------------------------------------------------------

  private onOut(message: Uint8Array): void {
    if (!this.dependencies.acceptFence(outFence(message))) return;
    switch (outKind(message)) {
      case OutKind.DATA: {
        const first = outFirst(message);
        const count = outCount(message);
        if (this.connection.link.state !== 'started' || this.draining) return;
        if (first === NO_POSITION) {
          if (this.pending.size > 0) this.answered(message);
          this.enqueue(message, first, count, 0);
          break;
        }
        if (this.starting > 0 || first + count <= this.expected) return;
        if (this.pending.size > 0) this.answered(message);
        if (outFrom(message) > this.expected) {
          // Something before it is missing and will be sent again: this one must not count as if it had come.
          if (this.live) this.missed();
          this.enqueue(message, NO_POSITION, count, 0);
          break;
        }
        const known = Math.max(0, this.expected - first);
        this.expected = first + count;
        this.enqueue(message, first, count, known);
        break;
      }
      case OutKind.JOIN:
        if (this.connection.link.state !== 'started' || this.draining || this.starting > 0) return;
        if (outFrom(message) > this.expected) {
          this.missed();
          return;
        }
        this.live = true;
        this.expected = Math.max(this.expected, outFirst(message));
        break;
      case OutKind.BEGIN:
        if (outFirst(message) !== this.starting) return;
        this.starting = 0;
        this.expected = outFrom(message);
        break;
      case OutKind.STANDBY:
        this.leave();
        this.connection.link.deactivate(outText(message));
        this.connection.touched();
        break;
      case OutKind.CLOSE: {
        const [code = 'closed', ...words] = outText(message).split(' ');
        this.close(code, words.join(' '));
        break;
      }
    }
  }

  private missed(): void {
    this.live = false;
    this.tell(InKind.RESYNC, this.expected);
  }

  /** Sends or queues `count` ASDUs of a message, without the first `known` of them. */
  private enqueue(message: Uint8Array, first: number, count: number, known: number): void {
    const octets = (outFlags(message) & OutFlag.PATCH_OA) === 0 ? message : this.withOwnOa(message);
    let at = OUT_PREAMBLE_OCTETS;
    for (let skip = known; skip > 0; skip--) at += (octets[at + 1] as number) + 2;
    const position = first === NO_POSITION ? first : first + known;
    if (this.waiting.length === 0) {
      const rest = this.send(octets, at, position, count - known);
      if (rest !== undefined) this.push(rest);
    } else this.push({ message: octets, at, position, count: count - known });
  }

  private answered(message: Uint8Array): void {
    for (let at = OUT_PREAMBLE_OCTETS; at < message.length; at += (message[at + 1] as number) + 2) {
      this.pending.answered(message, at);
    }
  }

  private push(waiting: Waiting): void {
    this.waiting.push(waiting);
    this.queued += waiting.count;
    if (this.queued > this.queueLimit) {
      this.close('queue_full', `${this.queued} ASDUs wait for this master, the limit is ${this.queueLimit}`);
    }
  }

  /** Sends as much as the window takes; returns what is left. */
  private send(octets: Uint8Array, at: number, position: number, count: number): Waiting | undefined {
    const { connection } = this;
    if (connection.window <= 0) return { message: octets, at, position, count };
    const { link } = connection;
    const before = link.sent;
    const next = link.sendApdus(octets, at, octets.length, this.dependencies.scheduler.now());
    const sent = link.sent - before;
    if (position === NO_POSITION) this.sentRuns.addWithoutPosition(link.sent);
    else this.sentRuns.add(link.sent, position + sent);
    connection.touched();
    if (sent === count) return undefined;
    return {
      message: octets,
      at: next,
      position: position === NO_POSITION ? position : position + sent,
      count: count - sent,
    };
  }

  private onRoom(): void {
    if (this.sentRuns.advance(this.connection.link.acknowledged)) this.dependencies.onAcknowledged(this);
    let done = 0;
    while (done < this.waiting.length && this.connection.window > 0) {
      const { message, at, position, count } = this.waiting[done] as Waiting;
      const rest = this.send(message, at, position, count);
      this.queued -= count - (rest?.count ?? 0);
      if (rest !== undefined) {
        this.waiting[done] = rest;
        break;
      }
      done++;
    }
    if (done === this.waiting.length) this.waiting.length = 0;
    else if (done > 0) this.waiting.splice(0, done);
  }

  /** A copy in which OAs allocated by us are replaced: ours by the master's own, those of others by 0. */
  private withOwnOa(message: Uint8Array): Uint8Array {
    const octets = Buffer.from(message);
    for (let at = OUT_PREAMBLE_OCTETS; at < octets.length; at += (octets[at + 1] as number) + 2) {
      const oa = octets[at + OA_AT] as number;
      if (oa === 0 || ((octets[at + CAUSE_AT] as number) & CAUSE_MASK) <= Cause.SPONT) continue;
      octets[at + OA_AT] = oa === this.identity.originatorAddress ? this.ownOa : 0;
    }
    return octets;
  }

  // ---- from the master ----------------------------------------------------------------------------------------------

  private onApdus(octets: Uint8Array, start: number, end: number, count: number): void {
    this.commands += count;
    this.ownOa = octets[start + OA_AT] as number;
    const { bus, subjects } = this.dependencies;
    const deadline = Date.now() + COMMAND_DEADLINE_MS;
    this.pending.add(octets, start, end, deadline, this.dependencies.fence());
    bus.publish(subjects.in, encodeIn(InKind.COMMANDS, this.id, ++this.number, deadline, count, octets, start, end));
  }

  private onLinkState(to: LinkState, from: LinkState): void {
    if (to === 'started') {
      // Clause 7.3.3 of 101: the station tells a master that it is ready. The RTU's own is not forwarded.
      const { link } = this.connection;
      link.send(endOfInitialization(this.config.rtuNumber), this.dependencies.scheduler.now());
      this.sentRuns.addWithoutPosition(link.sent);
      // The answer may come at once.
      this.starting = this.number + 1;
      this.startingAt = this.dependencies.scheduler.now();
      this.tell(InKind.STARTED, 0);
    } else if (from === 'started') {
      this.leave();
      this.pending.clear();
      this.tell(InKind.STOPPED, 0);
    }
  }

  private onClosed(reason: CloseReason): void {
    this.leave();
    this.subscription.unsubscribe();
    const { bus, subjects, reportAcknowledged } = this.dependencies;
    reportAcknowledged();
    const text = Buffer.from(`${reason.code} ${reason.message}`);
    bus.publish(subjects.in, encodeIn(InKind.CLOSED, this.id, ++this.number, 0, 0, text));
    this.dependencies.onClosed(this, reason);
  }

  private leave(): void {
    this.live = false;
    this.starting = 0;
    this.expected = 0;
    this.waiting = [];
    this.queued = 0;
  }

  private tell(kind: InKind, position: number): void {
    const { bus, subjects, reportAcknowledged } = this.dependencies;
    reportAcknowledged();
    bus.publish(subjects.in, encodeIn(kind, this.id, ++this.number, position));
  }
}
