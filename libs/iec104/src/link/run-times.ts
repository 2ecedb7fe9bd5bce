import type { Durations } from './durations.js';

/** Entries that a list of times keeps room for. */
const KEPT_TIMES = 64;

/**
 * When numbered things happened, oldest first: a queue of (running number, time) that keeps one entry for all that share
 * one time, so that its length follows the socket reads, not the APDUs.
 */
export class RunTimes {
  /** Entries `head..tail`; those behind are over, and written anew: emptying an array costs more than filling it. */
  private numbers: number[] = [];
  private times: number[] = [];
  private head = 0;
  private tail = 0;

  add(upTo: number, time: number): void {
    const last = this.tail - 1;
    if (last >= this.head && this.times[last] === time) {
      this.numbers[last] = upTo;
      return;
    }
    this.numbers[this.tail] = upTo;
    this.times[this.tail] = time;
    this.tail++;
  }

  /** Forgets everything up to running number `upTo`. */
  drop(upTo: number): void {
    while (this.head < this.tail && (this.numbers[this.head] as number) <= upTo) this.head++;
    if (this.head === this.tail) {
      this.head = 0;
      this.tail = 0;
      if (this.numbers.length > KEPT_TIMES) this.keep(0, 0);
    } else if (this.head > KEPT_TIMES && this.head * 2 > this.tail) this.keep(this.head, this.tail);
  }

  /** Counts how long ago those above `after` up to `upTo` happened. */
  measure(after: number, upTo: number, now: number, into: Durations): void {
    let before = after;
    for (let i = this.head; i < this.tail && before < upTo; i++) {
      const last = Math.min(this.numbers[i] as number, upTo);
      into.add(now - (this.times[i] as number), last - before);
      before = last;
    }
  }

  /** Time of the oldest, Infinity when empty. */
  oldest(): number {
    return this.head < this.tail ? (this.times[this.head] as number) : Infinity;
  }

  /** Time of the oldest whose number is above `after`, Infinity when there is none. */
  timeAfter(after: number): number {
    let low = this.head;
    let high = this.tail;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.numbers[middle] as number) > after) high = middle;
      else low = middle + 1;
    }
    return low < this.tail ? (this.times[low] as number) : Infinity;
  }

  /**
   * Running number of the latest one that is `ageMs` old at `now`; 0 when none. The sum is written as in a deadline, so
   * that rounding cannot make the two disagree.
   */
  countDue(now: number, ageMs: number): number {
    let count = 0;
    for (let i = this.head; i < this.tail; i++) {
      if ((this.times[i] as number) + ageMs > now) break;
      count = this.numbers[i] as number;
    }
    return count;
  }

  private keep(from: number, to: number): void {
    this.numbers = this.numbers.slice(from, to);
    this.times = this.times.slice(from, to);
    this.head = 0;
    this.tail = to - from;
  }
}
