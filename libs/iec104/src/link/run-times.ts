import type { Durations } from './durations.js';

/**
 * When numbered things happened, oldest first: a queue of (running number, time) that keeps one entry for all that share
 * one time, so that its length follows the socket reads, not the APDUs.
 */
export class RunTimes {
  private numbers: number[] = [];
  private times: number[] = [];
  private head = 0;

  add(upTo: number, time: number): void {
    const last = this.times.length - 1;
    if (last >= this.head && this.times[last] === time) {
      this.numbers[last] = upTo;
      return;
    }
    this.numbers.push(upTo);
    this.times.push(time);
  }

  /** Forgets everything up to running number `upTo`. */
  drop(upTo: number): void {
    while (this.head < this.numbers.length && (this.numbers[this.head] as number) <= upTo) this.head++;
    if (this.head === this.numbers.length) {
      this.numbers.length = 0;
      this.times.length = 0;
      this.head = 0;
    } else if (this.head > 64 && this.head * 2 > this.numbers.length) {
      this.numbers = this.numbers.slice(this.head);
      this.times = this.times.slice(this.head);
      this.head = 0;
    }
  }

  /** Counts how long ago those above `after` up to `upTo` happened. */
  measure(after: number, upTo: number, now: number, into: Durations): void {
    let before = after;
    for (let i = this.head; i < this.numbers.length && before < upTo; i++) {
      const last = Math.min(this.numbers[i] as number, upTo);
      into.add(now - (this.times[i] as number), last - before);
      before = last;
    }
  }

  /** Time of the oldest, Infinity when empty. */
  oldest(): number {
    return this.head < this.times.length ? (this.times[this.head] as number) : Infinity;
  }

  /** Time of the oldest whose number is above `after`, Infinity when there is none. */
  timeAfter(after: number): number {
    let low = this.head;
    let high = this.numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.numbers[middle] as number) > after) high = middle;
      else low = middle + 1;
    }
    return low < this.times.length ? (this.times[low] as number) : Infinity;
  }

  /**
   * Running number of the latest one that is `ageMs` old at `now`; 0 when none. The sum is written as in a deadline, so
   * that rounding cannot make the two disagree.
   */
  countDue(now: number, ageMs: number): number {
    let count = 0;
    for (let i = this.head; i < this.numbers.length; i++) {
      if ((this.times[i] as number) + ageMs > now) break;
      count = this.numbers[i] as number;
    }
    return count;
  }
}
