/**
 * The events of an RTU that no master has acknowledged yet, in order, each under a running number that is never reused.
 *
 * Bounded: the oldest event gives way to the newest when the buffer is full, as in most RTUs.
 */
export class EventBuffer {
  /** Number of the oldest event still here; equal to `next` when empty. */
  first = 0;
  /** Number the next event will get: how many there have been. */
  next = 0;

  private entries: Uint8Array[] = [];
  private head = 0;

  constructor(readonly capacity: number) {}

  get length(): number {
    return this.next - this.first;
  }

  /** Appends an event and returns its number. True in `dropped` when the oldest one had to go. */
  push(octets: Uint8Array): { sequence: number; dropped: boolean } {
    const dropped = this.length >= this.capacity;
    if (dropped) this.release(this.first + 1);
    this.entries.push(octets);
    return { sequence: this.next++, dropped };
  }

  /** The event `sequence`, which must be in `first..next-1`. */
  at(sequence: number): Uint8Array {
    const entry = this.entries[this.head + sequence - this.first];
    if (entry === undefined) throw new RangeError(`event ${sequence} is not in ${this.first}..${this.next - 1}`);
    return entry;
  }

  /** Forgets every event before `upTo`. */
  release(upTo: number): void {
    const count = Math.min(upTo, this.next) - this.first;
    if (count <= 0) return;
    this.first += count;
    this.head += count;
    if (this.head === this.entries.length || (this.head > 1024 && this.head * 2 > this.entries.length)) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }
}
