import type { LogPlace } from '@iec104mm2ss/wire';

/** What to do with a message, where it is not "skip so many of its ASDUs and take the rest". */
export const IGNORED = -1;
/** Something before it is missing: ask the router to send everything from `expected` on. */
export const MISSED = -2;

/**
 * Where a session is in the event log of its group: which position it has to get next, and whether it takes what is
 * published for all.
 *
 * A position means something only with its generation (see LogPlace). Both come with the router's BEGIN, which answers a
 * STARTED or RESYNC by its number; until then all data is passed over, as it was published before the router knew.
 *
 * BEGIN with number 0 comes unasked. In the same generation, from a new owner, it takes nothing back that this session has.
 * With another generation the router is asked with the place in the former one: it alone knows how far that still holds, and
 * whether something is lost, whatever of its messages this session has missed.
 */
export class SessionPlace {
  /** Before this place of the log everything for it was sent, when data transfer ended the last time. */
  had: LogPlace | undefined;
  generation = 0;
  /** Next position to get. With generation 0 and `starting`: the router has not said yet where it begins. */
  expected = 0;
  /** Number of the STARTED or RESYNC that the router has not answered; 0: none. */
  starting = 0;
  /** It takes what is published for all. */
  live = false;
  /** Everything before this position needs no acknowledgement: it is where the session started. */
  private startedAt = 0;
  /** Where `generation` began for this session: everything before is the same in the generation before. */
  private begunAt = 0;

  /** Data transfer begins: the router was told with message `number`. */
  started(number: number): void {
    this.live = false;
    this.starting = number;
    this.generation = 0;
    this.expected = 0;
    this.startedAt = 0;
    this.begunAt = 0;
  }

  /** The router was asked with message `number` for everything from `expected` on. */
  resync(number: number): void {
    this.live = false;
    this.starting = number;
  }

  /**
   * Data transfer has ended. The place is kept: what is still acknowledged belongs to it.
   *
   * @param unsent something that it got waits, and is given up
   */
  stopped(unsent: boolean): void {
    const { generation, expected, had } = this;
    if (!unsent && generation > 0) {
      const before = had?.generation === generation ? had.position : 0;
      this.had = { generation, position: Math.max(before, expected) };
    }
    this.live = false;
    this.starting = 0;
  }

  /** Another router owns the group: what it publishes for all is for this session after its JOIN only. */
  ownerChanged(): void {
    this.live = false;
  }

  /** @param number what it answers; 0: it was not asked for. Returns 0, IGNORED or MISSED. */
  begin(number: number, generation: number, from: number): number {
    if (number !== this.starting) return IGNORED;
    this.live = false;
    if (number === 0) return generation === this.generation ? 0 : MISSED;
    const first = this.generation === 0 && this.expected === 0;
    this.starting = 0;
    this.expected = from;
    if (first || generation !== this.generation) this.begunAt = from;
    this.startedAt = first ? from : Math.min(this.startedAt, this.begunAt);
    this.generation = generation;
    return 0;
  }

  /** ASDUs `first..first + count`; how many of them it has already, or IGNORED or MISSED. */
  data(generation: number, from: number, first: number, count: number): number {
    if (generation === this.generation && first + count <= this.expected) return IGNORED;
    const follows = this.follows(generation, from);
    if (follows < 0) return follows;
    const known = Math.max(0, this.expected - first);
    this.expected = first + count;
    return known;
  }

  /** From `first` on it takes what is published for all; 0, IGNORED or MISSED. */
  join(generation: number, from: number, first: number): number {
    const follows = this.mark(generation, from, first);
    if (follows === 0) this.live = true;
    return follows;
  }

  /** Nothing for anybody in `from..first`; 0, IGNORED or MISSED. */
  mark(generation: number, from: number, first: number): number {
    const follows = this.follows(generation, from);
    if (follows === 0) this.expected = Math.max(this.expected, first);
    return follows;
  }

  /** True when it has everything before `next` of `generation`, or knows that nothing of that was for it. */
  accountsFor(generation: number, next: number): boolean {
    if (this.starting > 0) return false;
    return generation === this.generation ? this.expected >= next : this.generation > generation;
  }

  /**
   * What was acknowledged of `generation`, as a position of this place's generation: everything before it needs no sending
   * and no acknowledgement.
   */
  acknowledged(position: number, generation: number): number {
    const ours = generation === this.generation ? position : Math.min(position, this.begunAt);
    return Math.max(this.startedAt, ours, 0);
  }

  /** 0 when a message of `generation` that accounts for everything from `from` on follows what it has. */
  private follows(generation: number, from: number): number {
    if (this.starting > 0 || generation < this.generation) return IGNORED;
    // With a later generation its BEGIN was lost.
    return generation > this.generation || from > this.expected ? MISSED : 0;
  }
}
