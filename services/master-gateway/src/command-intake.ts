import { APCI_OCTETS, apduEnd, iFormat, refusalOf, skipApdus } from '@iec104mm2ss/iec104';
import { TokenBucket } from '@iec104mm2ss/runtime';
import type { DeadlineScheduler, Look, Scheduled } from '@iec104mm2ss/transport';
import { COMMAND_DEADLINE_MS } from '@iec104mm2ss/wire';

/** I-format APDUs looked at together: reading may be stopped between them. */
export const COMMAND_RUN = 64;
/** A command that has waited for so long is refused: what is left of its time is for its way to the RTU. */
export const LATE_MS = COMMAND_DEADLINE_MS - 1_000;
/** Refusals that may go out at once, in seconds' worth of them. */
const REFUSAL_BURST_SECONDS = 5;

export interface IntakeTerms {
  readonly commandRate: number;
  readonly commandBurst: number;
}

export interface IntakeTarget {
  /** `count` commands whose APDUs are `octets[start..end)` go to the router. @param waitedMs so old they may be */
  take(octets: Uint8Array, start: number, end: number, count: number, waitedMs: number): void;
  /** So many of the received commands were dealt with in all: they may be acknowledged. */
  dealtWith(count: number): void;
  /** Answers to commands that nobody will execute. */
  refuse(apdus: Uint8Array, count: number): void;
  /** `full` is another than before. */
  roomChanged(): void;
  /** It commands faster than it may: from now on, told once until it no longer does. */
  delayed(): void;
  /** Even refusing would be too much. */
  flood(refused: number): void;
}

interface Held {
  readonly octets: Uint8Array;
  at: number;
  readonly end: number;
  count: number;
  /** When they may have come, at the earliest. */
  readonly since: number;
}

/**
 * Takes the commands of one master at a rate. Those beyond it wait, unacknowledged: a master that keeps to k stops by itself.
 * Of one that does not no more is read until there is room again. What has waited for as long as a command may is refused, not
 * executed; and when that is too much, too, the session is over. Why: docs/decisions/hostile-peers.md.
 */
export class CommandIntake implements Scheduled {
  look: Look | undefined = undefined;
  /** Commands that waited, and that were refused as they waited too long. */
  delayed = 0;
  late = 0;
  private readonly tokens: TokenBucket;
  private readonly refusals: TokenBucket;
  private readonly lateMs: number;
  private held: Held[] = [];
  private waiting = 0;
  private wasFull = false;
  private told = false;

  /**
   * @param t1Ms of the link: what the master acknowledges behind its commands must be seen before
   * @param refusalsPerSecond of commands that are too late
   */
  constructor(
    private terms: IntakeTerms,
    t1Ms: number,
    private readonly refusalsPerSecond: number,
    private readonly scheduler: DeadlineScheduler,
    private readonly target: IntakeTarget,
  ) {
    const now = scheduler.now();
    this.tokens = new TokenBucket(terms.commandRate, terms.commandBurst, now);
    this.refusals = new TokenBucket(refusalsPerSecond, refusalsPerSecond * REFUSAL_BURST_SECONDS, now);
    this.lateMs = Math.min(LATE_MS, t1Ms / 2);
  }

  /** Commands that wait. */
  get length(): number {
    return this.waiting;
  }

  /** No more is to be read. */
  get full(): boolean {
    return this.wasFull;
  }

  change(terms: IntakeTerms): void {
    this.terms = terms;
    this.tokens.change(terms.commandRate, terms.commandBurst, this.scheduler.now());
    this.scheduler.deadlineMoved(this);
  }

  /** Commands that were read. @param waitedMs how long they may have waited before, unread */
  add(octets: Uint8Array, start: number, end: number, count: number, waitedMs: number): void {
    const now = this.scheduler.now();
    const item: Held = { octets, at: start, end, count, since: now - waitedMs };
    if (this.waiting === 0) this.hand(item, now);
    if (item.count === 0) return;
    this.delayed += item.count;
    this.waiting += item.count;
    this.held.push(item);
    this.pump(now);
    if (this.waiting === 0) return;
    if (!this.told) this.target.delayed();
    this.told = true;
    this.scheduler.add(this);
    this.scheduler.deadlineMoved(this);
  }

  /** The session is over, or its data transfer: nothing of what waits was acknowledged. Returns how many those are. */
  clear(): number {
    const { waiting } = this;
    this.held = [];
    this.waiting = 0;
    this.scheduler.remove(this);
    return waiting;
  }

  nextDeadline(): number {
    const [first] = this.held;
    if (first === undefined) return Infinity;
    const now = this.scheduler.now();
    return Math.min(now + this.tokens.waitMs(now), first.since + this.lateMs);
  }

  onDeadline(now: number): void {
    this.pump(now);
    if (this.waiting === 0) this.scheduler.remove(this);
  }

  flush(): void {
    // What goes out is flushed by the connection.
  }

  /** Deals with what may go now, and with what is too late. */
  private pump(now: number): void {
    for (let first = this.held[0]; first !== undefined; first = this.held[0]) {
      const before = first.count;
      // Within the rate the router says that it is too late, and keeps a record of it.
      this.hand(first, now);
      if (first.count > 0 && now - first.since >= this.lateMs) this.refuseAll(first, now);
      this.waiting -= before - first.count;
      if (first.count > 0) break;
      this.held.shift();
    }
    this.waiting = Math.max(0, this.waiting);
    if (this.waiting === 0) this.told = false;
    const room = Math.max(COMMAND_RUN, this.terms.commandRate);
    const full = this.wasFull ? this.waiting > room / 2 : this.waiting > room;
    if (full === this.wasFull) return;
    this.wasFull = full;
    this.target.roomChanged();
  }

  private hand(item: Held, now: number): void {
    const count = this.tokens.take(item.count, now);
    if (count === 0) return;
    const { octets, at } = item;
    item.at = count === item.count ? item.end : skipApdus(octets, at, count);
    item.count -= count;
    this.target.take(octets, at, item.at, count, now - item.since);
    this.target.dealtWith(count);
  }

  private refuseAll(item: Held, now: number): void {
    const { count } = item;
    this.late += count;
    if (this.refusals.take(count, now) < count) {
      item.count = 0;
      this.target.flood(this.refusalsPerSecond);
      return;
    }
    const answers: Uint8Array[] = [];
    for (let at = item.at; at < item.end; at = apduEnd(item.octets, at)) {
      const asdu = item.octets.subarray(at + APCI_OCTETS, apduEnd(item.octets, at));
      answers.push(iFormat(0, 0, refusalOf(asdu)));
    }
    item.count = 0;
    this.target.dealtWith(count);
    this.target.refuse(Buffer.concat(answers), count);
  }
}
