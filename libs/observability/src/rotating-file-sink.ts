import { appendFileSync, writeSync } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, makeFolderNow } from '@iec104mm2ss/runtime';
import type { LineSink } from './line-writer.js';

export interface RotatingFileOptions {
  readonly path: string;
  /** A write that would make the file longer begins a new one. */
  readonly maxOctets: number;
  /** Older files kept beside it, `path.1` (the newest) to `path.N`; 0 keeps none. */
  readonly keep: number;
}

/** Of a log file, unless something else is said: 10 MiB, and five older ones. */
export const LOG_FILE_BOUNDS = { maxOctets: 10 * 1024 * 1024, keep: 5 } as const;

/** A file that cannot be moved aside grows to so many times its bound. */
const GROWS_TO = 2;
const LINE_FEED = 0x0a;

/**
 * A file that is appended to and, when it has grown to its bound, moved aside. Opened at the first line, with its
 * folder; after an error it is closed and opened anew at the next write, so that a disk that has room again, or a
 * folder that was put back, is found.
 */
export class RotatingFileSink implements LineSink {
  private handle: FileHandle | undefined;
  private octets = 0;
  private torn = false;

  constructor(private readonly options: RotatingFileOptions) {}

  async write(lines: string): Promise<void> {
    try {
      await this.open();
      const length = Buffer.byteLength(lines);
      if (this.octets > 0 && this.octets + length > this.options.maxOctets) await this.rotate(length);
      await this.handle!.appendFile(this.torn ? `\n${lines}` : lines);
      this.octets += length + (this.torn ? 1 : 0);
      this.torn = false;
    } catch (error) {
      await this.close().catch(() => undefined);
      throw error;
    }
  }

  writeNow(lines: string): void {
    if (this.handle) {
      writeSync(this.handle.fd, lines);
    } else {
      makeFolderNow(dirname(this.options.path));
      appendFileSync(this.options.path, lines);
    }
  }

  async close(): Promise<void> {
    const handle = this.handle;
    this.handle = undefined;
    await handle?.close();
  }

  private async open(): Promise<void> {
    if (this.handle) return;
    await makeFolder(dirname(this.options.path));
    this.handle = await open(this.options.path, 'a+');
    const { size } = await this.handle.stat();
    this.octets = size;
    this.torn = size > 0 && !(await this.endsInLineFeed(size));
  }

  /** False after a crash or a full disk in the middle of a line: the next line then begins on one of its own. */
  private async endsInLineFeed(size: number): Promise<boolean> {
    const { buffer } = await this.handle!.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === LINE_FEED;
  }

  /** @param length of what is written next */
  private async rotate(length: number): Promise<void> {
    await this.close();
    const { path, keep, maxOctets } = this.options;
    try {
      for (let number = keep; number >= 1; number--) {
        await renameIfThere(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`);
      }
      if (keep === 0) await (await open(path, 'w')).close();
    } catch (error) {
      // On Windows whoever reads a file may keep it from being moved: it goes on growing meanwhile, up to a bound.
      if (this.octets + length > GROWS_TO * maxOctets) throw error;
    }
    await this.open();
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
