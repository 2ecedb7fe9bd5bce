import {
  BusError,
  type EventLog,
  type LogExtent,
  type LogWriter,
  type LogWriterEvents,
  type Subscription,
} from '../bus.js';
import { recordEnd, recordEpoch, recordFirst } from '../messages/log-record.js';

/** The event log of a group in memory: an array of records, trimmed from the front. */
export class MemoryEventLog implements EventLog {
  private records: Uint8Array[] = [];
  private ends: number[] = [];
  private head = 0;
  private first = 0;
  private next = 0;
  private readonly begunAt = Date.now();
  private lastEpoch = 0;
  private writer: { closed: boolean } | undefined;
  private readonly followers = new Set<(record: Uint8Array) => void>();

  /** `dispatch` runs a delivery outside of any handler (see the bus contract). */
  constructor(private readonly dispatch: (deliver: () => void) => void) {}

  extent(): Promise<LogExtent> {
    return Promise.resolve({ first: this.first, next: this.next, begunAt: this.begunAt });
  }

  openWriter(events: LogWriterEvents): Promise<LogWriter> {
    if (this.writer !== undefined) this.writer.closed = true;
    const handle = { closed: false };
    this.writer = handle;
    const store = (record: Uint8Array): void => this.store(record);
    const nextPosition = (): number => this.next;
    return Promise.resolve({
      get next() {
        return nextPosition();
      },
      lastEpoch: this.lastEpoch,
      append(record: Uint8Array): void {
        if (handle.closed) {
          events.onRefused(recordFirst(record), new BusError('CLOSED', 'this writer was closed'));
          return;
        }
        store(record);
        events.onStored(nextPosition());
      },
      close(): void {
        handle.closed = true;
      },
    });
  }

  follow(from: number, handler: (record: Uint8Array) => void): Subscription {
    let live = true;
    const deliver = (record: Uint8Array): void => {
      if (live && recordEnd(record) > from) handler(record);
    };
    const backlog = this.records.slice(this.indexOf(from));
    // A follower before its backlog is delivered: what a handler of the backlog appends comes after it, and is not missed.
    this.followers.add(deliver);
    this.dispatch(() => {
      for (const record of backlog) this.dispatch(() => deliver(record));
    });
    return {
      unsubscribe: () => {
        live = false;
        this.followers.delete(deliver);
      },
    };
  }

  read(from: number, maxRecords: number): Promise<Uint8Array[]> {
    const index = this.indexOf(from);
    return Promise.resolve(this.records.slice(index, index + maxRecords));
  }

  trim(position: number): void {
    while (this.head < this.ends.length && (this.ends[this.head] as number) <= position) {
      this.first = this.ends[this.head] as number;
      this.records[this.head] = NOTHING;
      this.head++;
    }
    if (this.head > 256 && this.head * 2 > this.records.length) {
      this.records = this.records.slice(this.head);
      this.ends = this.ends.slice(this.head);
      this.head = 0;
    }
  }

  private store(record: Uint8Array): void {
    if (recordFirst(record) !== this.next) {
      throw new RangeError(`record at position ${recordFirst(record)}, expected ${this.next}`);
    }
    this.next = recordEnd(record);
    this.lastEpoch = recordEpoch(record);
    this.records.push(record);
    this.ends.push(this.next);
    for (const follower of this.followers) this.dispatch(() => follower(record));
  }

  /** Index of the first kept record that reaches beyond `position`. */
  private indexOf(position: number): number {
    let low = this.head;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] as number) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const NOTHING = new Uint8Array(0);
