import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder, and those above it. Node's own way (`recursive`) never ends where a folder cannot be made although the one above is
 * there, as in /proc.
 *
 * @param mode of those that are made
 * @throws {NodeJS.ErrnoException}
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    const above = dirname(resolve(folder));
    if (code !== 'ENOENT' || (await stat(above).catch(() => undefined)) !== undefined) throw error;
    await makeFolder(above, mode);
    await makeFolder(folder, mode);
  }
}

/** The same at once, for a process that is about to end or has not begun. */
export function makeFolderNow(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    const above = dirname(resolve(folder));
    if (code !== 'ENOENT' || statSync(above, { throwIfNoEntry: false }) !== undefined) throw error;
    makeFolderNow(above);
    makeFolderNow(folder);
  }
}
