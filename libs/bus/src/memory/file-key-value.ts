import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@iec104mm2ss/runtime';
import { BusError, type KeyValue } from '../bus.js';

/** Keys are names of files. */
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;
/** What is being written; no key. */
const UNFINISHED = '.new';

/**
 * Small values that outlive the process, each in a file of a folder. A value is there as a whole or not at all, and on the disk
 * when it counts as stored. Rejects with UNAVAILABLE.
 */
export class FileKeyValue implements KeyValue {
  /** One write after the other: two of one key would share the file. */
  private writing: Promise<unknown> = Promise.resolve();

  constructor(private readonly directory: string) {}

  get(key: string): Promise<Uint8Array | undefined> {
    return this.ask(key, async (path) => {
      try {
        return await readFile(path);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  put(key: string, value: Uint8Array): Promise<void> {
    // Not value.slice(): on a Node Buffer that would be a view.
    const octets = new Uint8Array(value);
    return this.inTurn(key, async (path) => {
      await makeFolder(this.directory);
      const file = await open(path + UNFINISHED, 'w');
      try {
        await file.writeFile(octets);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(path + UNFINISHED, path);
      await this.sync();
    });
  }

  delete(key: string): Promise<void> {
    return this.inTurn(key, (path) => rm(path, { force: true }));
  }

  async keys(): Promise<string[]> {
    const names = await readdir(this.directory).catch(() => []);
    return names.filter((name) => !name.endsWith(UNFINISHED));
  }

  /** That a file has another name now is known to its folder only. */
  private async sync(): Promise<void> {
    const folder = await open(this.directory, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  private inTurn(key: string, write: (path: string) => Promise<void>): Promise<void> {
    const written = this.writing.catch(() => undefined).then(() => this.ask(key, write));
    this.writing = written;
    return written;
  }

  private async ask<T>(key: string, question: (path: string) => Promise<T>): Promise<T> {
    try {
      if (!KEY.test(key)) throw new Error('not a name of a file');
      return await question(join(this.directory, key));
    } catch (error) {
      throw new BusError('UNAVAILABLE', `${key} in ${this.directory}: ${String(error)}`, { cause: error });
    }
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
