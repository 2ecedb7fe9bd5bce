import type { LogRecord } from '@iec104mm2ss/wire';

/** Counted for each record on top of its octets. */
const OVERHEAD_OCTETS = 100;

/** The records routed last, for sessions that are a little behind: reading the stored log takes the server's time. */
export class RecentRecords {
  private records: LogRecord[] = [];
  private head = 0;
  private octets = 0;

  /** @param capacity octets kept at most; 0: nothing is kept */
  constructor(private readonly capacity: number) {}

  /** Takes the next record. Positions may have holes. */
  add(record: LogRecord): void {
    if (this.capacity === 0) return;
    this.records.push(record);
    this.octets += record.octets.length + OVERHEAD_OCTETS;
    while (this.octets > this.capacity) {
      this.octets -= (this.records[this.head] as LogRecord).octets.length + OVERHEAD_OCTETS;
      this.head++;
    }
    if (this.head * 2 <= this.records.length) return;
    this.records = this.records.slice(this.head);
    this.head = 0;
  }

  /** The log goes on at `position`: records that hold it or a later one are void. */
  cut(position: number): void {
    while (this.records.length > this.head && (this.records.at(-1) as LogRecord).end > position) {
      this.octets -= (this.records.pop() as LogRecord).octets.length + OVERHEAD_OCTETS;
    }
  }

  /** All that hold `position` or a later one. */
  since(position: number): LogRecord[] {
    return this.read(Math.max(position, this.records[this.head]?.first ?? 0), Infinity);
  }

  /** Up to `maxRecords` records, beginning with the one that holds `from`; none when it is not among them. */
  read(from: number, maxRecords: number): LogRecord[] {
    const oldest = this.records[this.head];
    if (oldest === undefined || from < oldest.first) return [];
    let low = this.head;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.records[middle] as LogRecord).end > from) high = middle;
      else low = middle + 1;
    }
    return this.records.slice(low, low + maxRecords);
  }
}
