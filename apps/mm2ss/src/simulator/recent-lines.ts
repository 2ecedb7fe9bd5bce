import type { LogLine, LogSink, Station } from '@iec104mm2ss/simulator';

export type LogName = 'station' | 'interrogation';
export type NumberedLine = LogLine & { readonly seq: number };

/** Of all RTUs together: a thousand of them keep few each. */
const MAX_LINES = 40_000;
const [FEWEST, MOST] = [20, 500];

/** The last lines of the logs of each RTU, for the page. */
export class RecentLines {
  private readonly logs = new Map<string, NumberedLine[]>();
  private readonly kept: number;
  private last = 0;

  /** @param stations how many there are */
  constructor(stations: number) {
    this.kept = Math.max(FEWEST, Math.min(MOST, Math.floor(MAX_LINES / (2 * Math.max(1, stations)))));
  }

  /** Writes to `sink`, too. */
  of({ id }: Pick<Station, 'id'>, sink: LogSink): LogSink {
    return {
      write: (log, line) => {
        const lines = this.linesOf(id, log);
        lines.push({ ...line, seq: ++this.last });
        if (lines.length > 2 * this.kept) lines.splice(0, lines.length - this.kept);
        sink.write(log, line);
      },
    };
  }

  /** Those that came behind the line `seq`. */
  after(id: string, log: LogName, seq: number): readonly NumberedLine[] {
    return this.linesOf(id, log)
      .slice(-this.kept)
      .filter((line) => line.seq > seq);
  }

  private linesOf(id: string, log: LogName): NumberedLine[] {
    const key = `${log} ${id}`;
    const lines = this.logs.get(key) ?? [];
    this.logs.set(key, lines);
    return lines;
  }
}
