import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderNow } from '@iec104mm2ss/runtime';
import { csvLine, linesOf, LOG_HEADER, type LogSink, type Station } from '@iec104mm2ss/simulator';

const FLUSH_MS = 200;
/** Lines that may wait for the disk; what comes beyond that is counted and said in the log. */
const MAX_WAITING = 100_000;

interface LogFile {
  readonly path: string;
  waiting: string[];
  dropped: number;
}

/**
 * The logs of simulated RTUs: `NAME-TIME-RTUNO-PORT.csv` with every signal and event, `...-gi.csv` with the interrogations.
 *
 * Files are opened for each write only, so that a thousand RTUs need no two thousand descriptors.
 */
export class LogFolder {
  private readonly files: LogFile[] = [];
  private readonly timer: NodeJS.Timeout;
  private readonly startedAt = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  private writing: Promise<void> = Promise.resolve();
  private failed = false;

  /** @throws when the folder cannot be made */
  constructor(
    private readonly folder: string,
    private readonly onError: (path: string, error: Error) => void,
  ) {
    makeFolderNow(folder);
    this.timer = setInterval(() => this.flush(), FLUSH_MS);
    this.timer.unref();
  }

  /** The two logs of a station. */
  of({ name, rtuNumber, rtu }: Pick<Station, 'name' | 'rtuNumber' | 'rtu'>): LogSink {
    const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '_');
    const base = `${plain}-${this.startedAt}-${rtuNumber}-${rtu.address.port}`;
    const station = this.open(`${base}.csv`);
    const interrogation = this.open(`${base}-gi.csv`);
    return {
      write: (log, entry) => {
        const file = log === 'station' ? station : interrogation;
        if (file.waiting.length < MAX_WAITING) file.waiting.push(...linesOf(entry).map(csvLine));
        else file.dropped++;
      },
    };
  }

  /** Writes what waits, and no more. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.flush();
    await this.writing;
  }

  private open(name: string): LogFile {
    const file = { path: join(this.folder, name), waiting: [LOG_HEADER], dropped: 0 };
    this.files.push(file);
    return file;
  }

  private flush(): void {
    this.writing = this.writing.then(() => this.writeAll());
  }

  private async writeAll(): Promise<void> {
    for (const file of this.files) {
      if (file.waiting.length === 0) continue;
      const lines = file.waiting;
      file.waiting = [];
      if (file.dropped > 0) lines.push(`,${file.dropped} lines lost: the disk is too slow,,,,,,,,`);
      file.dropped = 0;
      try {
        await appendFile(file.path, `${lines.join('\n')}\n`);
      } catch (error) {
        if (!this.failed) this.onError(file.path, error as Error);
        this.failed = true;
      }
    }
  }
}
