/**
 * Which event log positions a session's sent I-format APDUs carried, so that an acknowledgement by N(R) becomes a
 * position. Consecutive APDUs with consecutive positions are one run; those without a position (the router's or the
 * gateway's own) are runs of `NONE`. Each run has the generation of the log that its positions are of (see LogPlace).
 */
const NONE = -1;
/** Runs that there is kept room for. */
const KEPT_RUNS = 64;

export class SentRuns {
  /**
   * Running number after each run's last APDU, the position after it (or NONE), and the generation of that position. Runs
   * `head..tail`; those behind are over, and written anew: emptying an array costs more than filling it.
   */
  private ends: number[] = [];
  private positions: number[] = [];
  private generations: number[] = [];
  private head = 0;
  private tail = 0;
  private lastEnd = 0;
  /** Everything before this position of `generation` is acknowledged; NONE until something was. */
  acknowledged = NONE;
  generation = 0;

  /** APDUs up to running number `end` were sent; the last one's position is `position - 1`. */
  add(end: number, position: number, generation: number): void {
    let at = this.tail - 1;
    if (at < this.head || !this.continues(at, end, position, generation)) at = this.tail++;
    this.ends[at] = end;
    this.positions[at] = position;
    this.generations[at] = generation;
  }

  addWithoutPosition(end: number): void {
    this.add(end, NONE, 0);
  }

  /** The peer acknowledged the first `count` APDUs. True when `acknowledged` moved. */
  advance(count: number): boolean {
    let moved = false;
    while (this.head < this.tail && (this.ends[this.head] as number) <= count) {
      if (this.reach(this.positions[this.head] as number, this.generations[this.head] as number)) moved = true;
      this.lastEnd = this.ends[this.head] as number;
      this.head++;
    }
    if (this.head === this.tail) {
      this.head = 0;
      this.tail = 0;
      if (this.ends.length > KEPT_RUNS) this.keep(0, 0);
    } else {
      // A master that never catches up completely must not make the queue grow for ever.
      if (this.head > KEPT_RUNS && this.head * 2 > this.tail) this.keep(this.head, this.tail);
      const position = this.positions[this.head] as number;
      if (count > this.lastEnd && position !== NONE) {
        const within = position - ((this.ends[this.head] as number) - count);
        if (this.reach(within, this.generations[this.head] as number)) moved = true;
      }
    }
    return moved;
  }

  /** What is sent now has the positions that follow those of the run `at`. */
  private continues(at: number, end: number, position: number, generation: number): boolean {
    const before = this.positions[at] as number;
    if (position === NONE || before === NONE) return position === before;
    return generation === this.generations[at] && position - before === end - (this.ends[at] as number);
  }

  /**
   * What is sent later may have smaller positions: of the same generation they are sent again, so the larger one holds; of
   * another generation they are the only ones that still mean something.
   */
  private reach(position: number, generation: number): boolean {
    if (position === NONE) return false;
    if (generation === this.generation && position <= this.acknowledged) return false;
    this.generation = generation;
    this.acknowledged = position;
    return true;
  }

  private keep(from: number, to: number): void {
    this.ends = this.ends.slice(from, to);
    this.positions = this.positions.slice(from, to);
    this.generations = this.generations.slice(from, to);
    this.head = 0;
    this.tail = to - from;
  }
}
