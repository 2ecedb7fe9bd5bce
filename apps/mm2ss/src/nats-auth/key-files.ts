import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newSeed, nkeyFileText, publicKeyOf } from '@iec104mm2ss/bus';
import { makeFolder } from '@iec104mm2ss/runtime';
import { UsageError } from '../commands/errors.js';
import { isPipeOrDevice } from '../process/output-places.js';

const SECRET = 0o600;

/** What became of the nkey of a user. */
export interface Key {
  readonly file: string;
  readonly publicKey: string;
  readonly isNew: boolean;
}

/** The nkeys of users as files of a folder, `<name>.nk`, which only their owner may read. */
export class KeyFiles {
  constructor(private readonly directory: string) {}

  /** @param renew true: another key takes the place of the one that is there */
  async keyOf(name: string, renew: boolean): Promise<Key> {
    const file = join(this.directory, `${name}.nk`);
    const there = renew ? undefined : await read(file);
    if (there !== undefined) {
      const publicKey = publicKeyOf(there);
      if (publicKey === undefined) throw new UsageError(`${file} holds no seed of an nkey; it is left as it is`);
      await chmod(file, SECRET);
      return { file, publicKey, isNew: false };
    }
    await makeFolder(this.directory, 0o700);
    const text = nkeyFileText(name, newSeed());
    await writeWhole(file, text, SECRET);
    return { file, publicKey: publicKeyOf(text) as string, isNew: true };
  }
}

/** A file that is there as a whole, or as it was before. */
export async function writeWhole(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  const next = `${file}.next`;
  try {
    await writeFile(next, content, { mode });
    await chmod(next, mode);
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

export async function read(file: string): Promise<string | undefined> {
  if (await isPipeOrDevice(file)) throw new UsageError(`${file} is no file`);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
