/**
 * Which event log positions a session's sent I-format APDUs carried, so that an acknowledgement by N(R) becomes a
 * position. Consecutive APDUs with consecutive positions are one run; those without a position (the router's or the
 * gateway's own) are runs of `NONE`. Each run has the generation of the log that its positions are of (see LogPlace).
 */
const NONE = -1;

export class SentRuns {
  /** Running number after each run's last APDU, the position after it (or NONE), and the generation of that position. */
  private ends: number[] = [];
  private positions: number[] = [];
  private generations: number[] = [];
  private head = 0;
  private lastEnd = 0;
  /** Everything before this position of `generation` is acknowledged; NONE until something was. */
  acknowledged = NONE;
  generation = 0;

  /** APDUs up to running number `end` were sent; the last one's position is `position - 1`. */
  add(end: number, position: number, generation: number): void {
    this.ends.push(end);
    this.positions.push(position);
    this.generations.push(generation);
  }

  addWithoutPosition(end: number): void {
    this.add(end, NONE, 0);
  }

  /** The peer acknowledged the first `count` APDUs. True when `acknowledged` moved. */
  advance(count: number): boolean {
    let moved = false;
    while (this.head < this.ends.length && (this.ends[this.head] as number) <= count) {
      if (this.reach(this.positions[this.head] as number, this.generations[this.head] as number)) moved = true;
      this.lastEnd = this.ends[this.head] as number;
      this.head++;
    }
    if (this.head === this.ends.length) {
      this.ends.length = 0;
      this.positions.length = 0;
      this.generations.length = 0;
      this.head = 0;
    } else {
      // A master that never catches up completely must not make the queue grow for ever.
      if (this.head > 64 && this.head * 2 > this.ends.length) this.dropDone();
      const position = this.positions[this.head] as number;
      if (count > this.lastEnd && position !== NONE) {
        const within = position - ((this.ends[this.head] as number) - count);
        if (this.reach(within, this.generations[this.head] as number)) moved = true;
      }
    }
    return moved;
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

  private dropDone(): void {
    this.ends = this.ends.slice(this.head);
    this.positions = this.positions.slice(this.head);
    this.generations = this.generations.slice(this.head);
    this.head = 0;
  }
}
