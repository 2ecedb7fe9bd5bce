import { linesOf, type LogEntry, type LogLine, type LogSink, type Station } from '@iec104mm2ss/simulator';

export type LogName = 'station' | 'interrogation';
/** The objects of one ASDU have the same number. */
export type NumberedLine = LogLine & { readonly seq: number };

/** Of all RTUs together: a thousand of them keep few each. */
const MAX_ENTRIES = 40_000;
const [FEWEST, MOST] = [20, 500];

/** The last entries of the logs of each RTU, for the page; they are made into lines when these are asked for. */
export class RecentLines {
  private readonly logs = new Map<string, (LogEntry & { readonly seq: number })[]>();
  private readonly kept: number;
  private last = 0;

  /** @param stations how many there are */
  constructor(stations: number) {
    this.kept = Math.max(FEWEST, Math.min(MOST, Math.floor(MAX_ENTRIES / (2 * Math.max(1, stations)))));
  }

  /** @param sink where the entries go, too */
  of({ id }: Pick<Station, 'id'>, sink?: LogSink): LogSink {
    const logs = { station: this.entriesOf(id, 'station'), interrogation: this.entriesOf(id, 'interrogation') };
    return {
      write: (log, entry) => {
        const entries = logs[log];
        entries.push({ ...entry, seq: ++this.last });
        if (entries.length > 2 * this.kept) entries.splice(0, entries.length - this.kept);
        sink?.write(log, entry);
      },
    };
  }

  /** Those that came behind the number `seq`, the last ones if there are more than are kept. */
  after(id: string, log: LogName, seq: number): readonly NumberedLine[] {
    const entries = this.entriesOf(id, log).filter((entry) => entry.seq > seq);
    return entries
      .slice(-this.kept)
      .flatMap((entry) => linesOf(entry) as NumberedLine[])
      .slice(-this.kept);
  }

  private entriesOf(id: string, log: LogName): (LogEntry & { readonly seq: number })[] {
    const key = `${log} ${id}`;
    const entries = this.logs.get(key) ?? [];
    this.logs.set(key, entries);
    return entries;
  }
}
