import type { Clock } from '@iec104mm2ss/runtime';
import { encodeLogRecord, LOG_RECORD_PREAMBLE_OCTETS, type LogPlace, type LogRecord } from '@iec104mm2ss/wire';
import {
  type ApduRun,
  BusError,
  type EventLog,
  type LogExtent,
  type LogWriter,
  type LogWriterEvents,
  type Subscription,
} from '../bus.js';

/** The event log of a group in memory: an array of records, trimmed from the front. It never loses its end. */
export class MemoryEventLog implements EventLog {
  private records: (LogRecord | undefined)[] = [];
  private ends: number[] = [];
  private head = 0;
  private first = 0;
  private next = 0;
  private lastEpoch = 0;
  /** Of the newest record, and the newest that a writer has begun. */
  private generation = 0;
  private begun = 0;
  private writer: MemoryLogWriter | undefined;
  private readonly followers = new Set<(record: LogRecord) => void>();

  /**
   * @param dispatch runs a delivery outside of any handler (see the bus contract)
   * @param failed a handler threw
   */
  constructor(
    private readonly clock: Pick<Clock, 'wallMs'>,
    private readonly dispatch: (deliver: () => void) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  extent(): Promise<LogExtent> {
    return Promise.resolve({ first: this.first, next: this.next, generation: this.generation });
  }

  openWriter(events: LogWriterEvents): Promise<LogWriter> {
    this.writer?.close();
    this.begun = Math.max(this.begun + 1, Math.max(1, Math.floor(this.clock.wallMs())));
    this.writer = new MemoryLogWriter(this.begun, this.lastEpoch, events, {
      next: () => this.next,
      store: (record) => this.store(record),
    });
    return Promise.resolve(this.writer);
  }

  validUpTo(place: LogPlace): Promise<number> {
    return Promise.resolve(this.holdsUpTo(place));
  }

  follow(from: LogPlace, handler: (record: LogRecord) => void): Subscription {
    let live = true;
    const position = this.holdsUpTo(from);
    const deliver = (record: LogRecord): void => {
      if (!live || record.end <= position) return;
      try {
        handler(record);
      } catch (error) {
        this.failed(error);
      }
    };
    const backlog = this.records.slice(this.indexOf(position)) as LogRecord[];
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

  read(from: number, maxRecords: number): Promise<LogRecord[]> {
    const index = this.indexOf(from);
    return Promise.resolve(this.records.slice(index, index + maxRecords) as LogRecord[]);
  }

  trim(position: number): void {
    while (this.head < this.ends.length && (this.ends[this.head] as number) <= position) {
      this.first = this.ends[this.head] as number;
      this.records[this.head] = undefined;
      this.head++;
    }
    if (this.head > 256 && this.head * 2 > this.records.length) {
      this.records = this.records.slice(this.head);
      this.ends = this.ends.slice(this.head);
      this.head = 0;
    }
  }

  private store(record: LogRecord): void {
    this.next = record.end;
    this.lastEpoch = record.epoch;
    this.generation = record.generation;
    this.records.push(record);
    this.ends.push(record.end);
    for (const follower of this.followers) this.dispatch(() => follower(record));
  }

  private holdsUpTo({ generation, position }: LogPlace): number {
    const valid = Math.min(position, this.next);
    if (generation >= this.generation) return valid;
    const later = this.search((index) => (this.records[index] as LogRecord).generation > generation);
    return Math.min(valid, this.records[later]?.first ?? valid);
  }

  /** Index of the first kept record that reaches beyond `position`. */
  private indexOf(position: number): number {
    return this.search((index) => (this.ends[index] as number) > position);
  }

  /** The first kept record for which `matches` is true, which it must be for all after it too. */
  private search(matches: (index: number) => boolean): number {
    let low = this.head;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (matches(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

class MemoryLogWriter implements LogWriter {
  private closed = false;

  constructor(
    readonly generation: number,
    readonly lastEpoch: number,
    private readonly events: LogWriterEvents,
    private readonly log: { next(): number; store(record: LogRecord): void },
  ) {}

  get next(): number {
    return this.log.next();
  }

  append({ epoch, count, receivedAt, octets, start, end }: ApduRun): void {
    const first = this.log.next();
    if (this.closed) return this.events.onRefused(first, new BusError('CLOSED', 'this writer was closed'));
    const { generation } = this;
    this.log.store({
      epoch,
      generation,
      first,
      end: first + count,
      count,
      receivedAt,
      octets: encodeLogRecord({ epoch, generation, first, count, receivedAt }, octets, start, end),
      apdusAt: LOG_RECORD_PREAMBLE_OCTETS,
    });
    this.events.onStored(this.log.next());
  }

  close(): void {
    this.closed = true;
  }
}
