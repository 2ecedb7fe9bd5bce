import {
  type ApduRun,
  BusError,
  type EventLog,
  type LogExtent,
  type LogWriter,
  type LogWriterEvents,
} from '@iec104mm2ss/bus';
import { decodeLogRecord, encodeLogRecord, type LogPlace, type LogRecord } from '@iec104mm2ss/wire';
import { asdusOf } from './asdus.js';

interface FakeWriter {
  readonly events: LogWriterEvents;
  readonly generation: number;
  next: number;
  dead: boolean;
}

/** An event log that stores, confirms, refuses and forgets when it is told to. Nobody can follow it. */
export class FakeLog implements EventLog {
  records: LogRecord[] = [];
  /** How often a writer was opened. */
  opened = 0;
  /** False: nothing that is asked of it succeeds. */
  reachable = true;
  /** Says at once that it has stored what it was given. */
  prompt = true;
  /** What `read` is asked, and whether it ever answers. */
  readonly reads: { readonly from: number; readonly maxRecords: number }[] = [];
  answersReads = true;
  private generation = 0;
  private unconfirmed: number[] = [];
  private current: FakeWriter | undefined;

  get next(): number {
    return this.records.at(-1)?.end ?? this.emptyAt;
  }

  /** @param emptyAt where positions begin while there are no records */
  constructor(private emptyAt = 0) {}

  extent(): Promise<LogExtent> {
    const first = this.records[0]?.first ?? this.next;
    return Promise.resolve({ first, next: this.next, generation: this.records.at(-1)?.generation ?? 0 });
  }

  follow(): never {
    throw new Error('nobody can follow this log');
  }

  read(from: number, maxRecords: number): Promise<LogRecord[]> {
    this.reads.push({ from, maxRecords });
    if (!this.reachable) return Promise.reject(new BusError('UNAVAILABLE', 'no server'));
    if (!this.answersReads) return new Promise(() => undefined);
    return Promise.resolve(this.records.filter(({ end }) => end > from).slice(0, maxRecords));
  }

  validUpTo({ generation, position }: LogPlace): Promise<number> {
    if (!this.reachable) return Promise.reject(new BusError('UNAVAILABLE', 'no server'));
    const later = this.records.find((record) => record.generation > generation);
    return Promise.resolve(Math.min(position, later?.first ?? this.next));
  }

  trim(position: number): void {
    this.records = this.records.filter(({ end }) => end > position);
  }

  openWriter(events: LogWriterEvents): Promise<LogWriter> {
    if (!this.reachable) return Promise.reject(new BusError('UNAVAILABLE', 'no server'));
    this.opened++;
    if (this.current !== undefined) this.current.dead = true;
    const lastEpoch = this.records.at(-1)?.epoch ?? 0;
    const writer: FakeWriter = { events, generation: ++this.generation, next: this.next, dead: false };
    this.current = writer;
    this.unconfirmed = [];
    return Promise.resolve({
      get next() {
        return writer.next;
      },
      generation: writer.generation,
      lastEpoch,
      append: (run: ApduRun) => this.append(writer, run),
      close: () => {
        writer.dead = true;
      },
    });
  }

  /** Confirms what it has stored, or the first `count` records of it. */
  confirm(count = Infinity): void {
    for (const end of this.unconfirmed.splice(0, count)) this.current?.events.onStored(end);
  }

  /** The writer ends. What it has not confirmed is stored all the same, or not, after the first `kept` records. */
  refuse(kept = 0): void {
    const writer = this.current;
    if (writer === undefined || writer.dead) return;
    writer.dead = true;
    const lost = this.unconfirmed[kept];
    if (lost !== undefined) this.records = this.records.filter(({ end }) => end < lost);
    this.unconfirmed = [];
    writer.events.onRefused(writer.next, new BusError('REFUSED', 'refused'));
  }

  /** It comes back without what it had from `position` on, as after a power failure; the writer ends. */
  lose(position: number): void {
    this.records = this.records.filter(({ end }) => end <= position);
    if (this.records.length === 0) this.emptyAt = position;
    this.refuse(Infinity);
  }

  /** Somebody else writes, in a generation of his own; the writer ends. */
  writeElsewhere(count: number, asdu: Uint8Array, generation = ++this.generation): void {
    const writer = this.current;
    const octets = Buffer.concat(Array.from({ length: count }, () => Buffer.concat([frame(asdu), asdu])));
    const run = { epoch: 99, count, receivedAt: 0, octets, start: 0, end: octets.length };
    this.records.push(record(run, this.next, generation));
    if (writer !== undefined) this.refuse(Infinity);
  }

  /** ASDUs of all records, in order. */
  get asdus(): Uint8Array[] {
    return this.records.flatMap(({ octets, apdusAt }) => asdusOf(octets, apdusAt));
  }

  /** Whoever opened the log last, as the log knows him. */
  get writer(): { readonly events: LogWriterEvents; readonly dead: boolean } | undefined {
    return this.current;
  }

  private append(writer: FakeWriter, run: ApduRun): void {
    if (writer.dead) return;
    const first = writer.next;
    writer.next += run.count;
    // Only what follows the last record fits.
    if (first !== this.next) return;
    this.records.push(record(run, first, writer.generation));
    this.unconfirmed.push(writer.next);
    if (this.prompt) this.confirm();
  }
}

function record(run: ApduRun, first: number, generation: number): LogRecord {
  const { epoch, count, receivedAt, octets, start, end } = run;
  const decoded = decodeLogRecord(encodeLogRecord({ epoch, generation, first, count, receivedAt }, octets, start, end));
  if (decoded instanceof Error) throw decoded;
  return decoded;
}

/** APCI of an I-format APDU with this ASDU. */
function frame(asdu: Uint8Array): Uint8Array {
  return Uint8Array.of(0x68, asdu.length + 4, 0, 0, 0, 0);
}
