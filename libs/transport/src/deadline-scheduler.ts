import { Durations } from '@iec104mm2ss/iec104';
import { type Clock, SYSTEM_CLOCK, WorkList } from '@iec104mm2ss/runtime';

/**
 * One timer and one write per turn for all connections of a process.
 *
 * Instead of a timer per link, the scheduler keeps a single one for the earliest deadline known. That a deadline moved later
 * is noticed when its member is looked at: that is cheaper than re-arming at every frame.
 */

/** Something that has deadlines and output, both pulled by the scheduler. Times in milliseconds of `now()`. */
export interface Scheduled {
  /** Belongs to the scheduler, which asks for it at every frame: here it costs no lookup. Undefined: not a member. */
  look?: Look | undefined;
  nextDeadline(): number;
  onDeadline(now: number): void;
  flush(): void;
}

/** When a member is looked at next: at its deadline as it was known last, which is never later than the real one. */
export interface Look {
  readonly member: Scheduled;
  at: number;
  removed: boolean;
}

/** Deadlines are met this late at most, so that those close together share one wake-up. */
const GRANULARITY_MS = 20;
/**
 * A wake-up this late means that this process was held up (throttled, suspended, collecting garbage). What the peers sent
 * meanwhile is still in the sockets: it is read first, or our own pause would count as their silence.
 */
const STALL_MS = 500;
const STALL_GRACE_MS = 20;
/** setTimeout's longest delay. */
const MAX_DELAY_MS = 0x7fffffff;

/** Injection token of DeadlineScheduler. */
export const SCHEDULER = Symbol('SCHEDULER');

export class DeadlineScheduler {
  /** How late the timer fired: for so long the process was busy with something else, or did not run. */
  readonly lags: Durations;
  private members = 0;
  /** Of all members, in the order in which they came, and of those that were removed since they were looked through. */
  private all: Look[] = [];
  private readonly dirty = new WorkList<Scheduled>();
  /** The dirty ones are flushed at the end of the turn, or are being flushed. */
  private flushing = false;
  /** Turns that were begun and are not at their end. */
  private turns = 0;
  private timer: unknown;
  /** The deadline the timer was set for, and when it should fire. */
  private timerAt = Infinity;
  private wakeAt = Infinity;
  private graceGiven = false;

  /** @param lagBoundsMs upper bounds of the buckets of `lags` */
  constructor(
    readonly clock: Clock = SYSTEM_CLOCK,
    lagBoundsMs: readonly number[] = [],
  ) {
    this.lags = new Durations(lagBoundsMs);
  }

  now(): number {
    return this.clock.now();
  }

  add(member: Scheduled): void {
    if (member.look !== undefined) return;
    member.look = { member, at: Infinity, removed: false };
    this.members++;
    this.all.push(member.look);
    this.deadlineMoved(member);
  }

  remove(member: Scheduled): void {
    const { look } = member;
    if (look === undefined) return;
    look.removed = true;
    member.look = undefined;
    if (--this.members > 0) return;
    this.all = [];
    this.stopTimer();
  }

  /** Has to be called when a member's deadline may have become earlier. */
  deadlineMoved(member: Scheduled): void {
    const { look } = member;
    if (look === undefined) return;
    const at = member.nextDeadline();
    if (at >= look.at) return;
    look.at = at;
    this.arm(at);
  }

  /**
   * Runs a turn of the event loop, something that came in, and flushes at its end what asks for it meanwhile: to have the
   * loop call at the end of the turn costs a third of a write.
   */
  turn(work: () => void): void {
    this.turns++;
    try {
      work();
    } finally {
      if (--this.turns === 0 && !this.flushing && this.dirty.length > 0) {
        this.flushing = true;
        this.flushAll();
      }
    }
  }

  /** Asks for `member.flush()` once at the end of this turn, however often it is asked for. */
  flushSoon(member: Scheduled): void {
    this.dirty.add(member);
    if (this.flushing || this.turns > 0) return;
    this.flushing = true;
    this.clock.endOfTurn(this.flushAll);
  }

  private readonly flushAll = (): void => {
    try {
      // Flushing one member may make others dirty; they are taken in the same go.
      for (let member = this.dirty.take(); member !== undefined; member = this.dirty.take()) member.flush();
    } finally {
      // One member that throws must not silence the others.
      if (this.dirty.length > 0) this.clock.endOfTurn(this.flushAll);
      else this.flushing = false;
    }
  };

  private arm(at: number): void {
    if (at >= this.timerAt || at === Infinity) return;
    this.stopTimer();
    this.timerAt = at;
    const now = this.clock.now();
    const delayMs = Math.min(Math.max(at - now, 0) + GRANULARITY_MS, MAX_DELAY_MS);
    this.wakeAt = now + delayMs;
    this.timer = this.clock.setTimer(this.fire, delayMs);
  }

  private stopTimer(): void {
    if (this.timerAt !== Infinity) this.clock.clearTimer(this.timer);
    this.timerAt = Infinity;
    this.graceGiven = false;
  }

  private readonly fire = (): void => this.turn(this.look);

  private readonly look = (): void => {
    const now = this.clock.now();
    if (!this.graceGiven) this.lags.add(Math.max(0, now - this.wakeAt));
    if (now - this.wakeAt > STALL_MS && !this.graceGiven) {
      this.graceGiven = true;
      this.timer = this.clock.setTimer(this.fire, STALL_GRACE_MS);
      return;
    }
    this.graceGiven = false;
    this.timerAt = Infinity;
    let earliest = now;
    try {
      let next = Infinity;
      // Others may come and go meanwhile.
      for (const look of this.all) {
        if (look.at <= now && !look.removed) {
          if (look.member.nextDeadline() <= now) look.member.onDeadline(now);
          look.at = look.member.nextDeadline();
        }
        if (look.at < next && !look.removed) next = look.at;
      }
      if (this.all.length > this.members) this.all = this.all.filter(({ removed }) => !removed);
      earliest = next;
    } finally {
      // After a member has thrown the others are looked at again at once.
      this.arm(earliest);
    }
  };
}
