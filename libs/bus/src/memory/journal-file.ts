import { constants } from 'node:fs';
import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '@iec104mm2ss/runtime';
import { BusError } from '../bus.js';
import type { JournalEntry } from './memory-journal.js';

/** Entries on their way to the disk; more are refused. */
const MAX_WAITING = 10_000;
/** A write returns when what it wrote is on the disk: one call for what would else be two. */
const APPEND_SYNCED = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_DSYNC;

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: BusError) => void;
}

/** A line: an entry that is JSON is kept as it is, so that the file can be read by people and their tools. */
type Line = { readonly group: string; readonly id: string } & (
  { readonly entry: unknown } | { readonly octets: string }
);

/**
 * A journal in a file of JSON lines, each synced to disk before it counts as stored. A file that has reached its limit is
 * kept as `.1`, in the place of the one before it, so both together hold at most twice as much.
 */
export class JournalFile {
  private readonly older: string;
  private handle: FileHandle | undefined;
  private octets = 0;
  private closed = false;
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    private readonly maxOctets: number,
  ) {
    this.older = `${path}.1`;
  }

  /** What the files hold, oldest first. Lines that are not understood are left out: the last one may be half written. */
  async load(): Promise<JournalEntry[]> {
    const texts = await Promise.all([this.older, this.path].map((each) => readFile(each, 'utf8').catch(() => '')));
    return texts
      .flatMap((text) => text.split('\n'))
      .map(parse)
      .filter((entry) => entry !== undefined);
  }

  /** Rejects with UNAVAILABLE when it cannot be written. */
  append(entry: JournalEntry): Promise<void> {
    if (this.closed) return Promise.reject(new BusError('CLOSED', `${this.path} was closed`));
    if (this.waiting.length >= MAX_WAITING) {
      return Promise.reject(new BusError('UNAVAILABLE', `${MAX_WAITING} entries wait for ${this.path}`));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ line: `${format(entry)}\n`, resolve, reject });
      this.writing ??= this.writeAll().finally(() => (this.writing = undefined));
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.writing;
    await this.handle?.close();
    this.handle = undefined;
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.write(batch.map(({ line }) => line).join(''));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const reason = new BusError('UNAVAILABLE', `${this.path}: ${String(error)}`, { cause: error });
        for (const { reject } of batch) reject(reason);
      }
    }
  }

  private async write(text: string): Promise<void> {
    const octets = Buffer.byteLength(text);
    let handle = await this.open();
    if (this.octets > 0 && this.octets + octets > this.maxOctets) {
      await this.rotate();
      handle = await this.open();
    }
    await handle.appendFile(text);
    this.octets += octets;
  }

  private async open(): Promise<FileHandle> {
    if (this.handle !== undefined) return this.handle;
    await makeFolder(dirname(this.path));
    const handle = await open(this.path, APPEND_SYNCED);
    this.handle = handle;
    this.octets = (await handle.stat()).size;
    if (this.octets > 0 && !(await endsLine(handle, this.octets))) {
      await handle.appendFile('\n');
      this.octets++;
    }
    return handle;
  }

  private async rotate(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
    await rename(this.path, this.older);
  }
}

async function endsLine(handle: FileHandle, octets: number): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, octets - 1);
  return buffer[0] === 0x0a;
}

function format({ group, id, entry }: JournalEntry): string {
  const octets = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  const text = octets.toString('utf8');
  const [key, value] = isPlainJson(text) ? ['entry', text] : ['octets', JSON.stringify(octets.toString('base64'))];
  return `{"group":${JSON.stringify(group)},"id":${JSON.stringify(id)},"${key}":${value}}`;
}

/** Written again it is the same, octet for octet. */
function isPlainJson(text: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}

function parse(text: string): JournalEntry | undefined {
  try {
    const { group, id, ...rest } = JSON.parse(text) as Line;
    const entry = 'octets' in rest ? Buffer.from(rest.octets, 'base64') : Buffer.from(JSON.stringify(rest.entry));
    return typeof group === 'string' && typeof id === 'string' ? { group, id, entry } : undefined;
  } catch {
    return undefined;
  }
}
