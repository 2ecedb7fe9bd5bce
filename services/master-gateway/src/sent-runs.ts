/**
 * Which event log positions a session's sent I-format APDUs carried, so that an acknowledgement by N(R) becomes a
 * position. Consecutive APDUs with consecutive positions are one run; those without a position (the router's or the
 * gateway's own) are runs of `NONE`.
 */
const NONE = -1;

export class SentRuns {
  /** Running number after each run's last APDU, and the position after it (or NONE). */
  private ends: number[] = [];
  private positions: number[] = [];
  private head = 0;
  private lastEnd = 0;
  /** Everything before this position is acknowledged; NONE until something was. */
  acknowledged = NONE;

  /** APDUs up to running number `end` were sent; the last one's position is `position - 1`. */
  add(end: number, position: number): void {
    this.ends.push(end);
    this.positions.push(position);
  }

  addWithoutPosition(end: number): void {
    this.add(end, NONE);
  }

  /** The peer acknowledged the first `count` APDUs. True when `acknowledged` moved. */
  advance(count: number): boolean {
    const before = this.acknowledged;
    while (this.head < this.ends.length && (this.ends[this.head] as number) <= count) {
      const position = this.positions[this.head] as number;
      if (position > this.acknowledged) this.acknowledged = position;
      this.lastEnd = this.ends[this.head] as number;
      this.head++;
    }
    if (this.head === this.ends.length) {
      this.ends.length = 0;
      this.positions.length = 0;
      this.head = 0;
    } else {
      if (this.head > 64 && this.head * 2 > this.ends.length) {
        // A master that never catches up completely must not make the queue grow for ever.
        this.ends = this.ends.slice(this.head);
        this.positions = this.positions.slice(this.head);
        this.head = 0;
      }
      const position = this.positions[this.head] as number;
      if (count > this.lastEnd && position !== NONE) {
        const within = position - ((this.ends[this.head] as number) - count);
        if (within > this.acknowledged) this.acknowledged = within;
      }
    }
    return this.acknowledged > before;
  }
}
