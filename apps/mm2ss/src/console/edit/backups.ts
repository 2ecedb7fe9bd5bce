import { readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** So many are kept of one file, the newest. */
export const MOST_BACKUPS = 10;
const END = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}-\d{3}Z\.bak$/;

/** @param stamp ISO 8601, with `-` for what some file systems do not take: names sort by time */
export const backupOf = (path: string, stamp: string): string => `${path}.${stamp}.bak`;

/** Removes the oldest copies of the file that were made here; one with another name is somebody else's. */
export async function removeOldBackups(path: string): Promise<void> {
  const begin = `${basename(path)}.`;
  const isOurs = (name: string): boolean => name.startsWith(begin) && END.test(name.slice(begin.length));
  // What cannot be looked at or removed does not make the file less saved: it is tried again next time.
  const backups = (await readdir(dirname(path)).catch(() => [])).filter(isOurs).sort();
  await Promise.allSettled(backups.slice(0, -MOST_BACKUPS).map((name) => unlink(join(dirname(path), name))));
}
