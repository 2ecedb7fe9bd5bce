import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { digestOf } from '@iec104mm2ss/config';
import { ApiError } from '../../api/api-error.js';
import { backupOf, removeOldBackups } from './backups.js';
import type { ConfigurationInForce } from './row-desk.js';

/**
 * Puts `octets` in place of the file at once, unless it is another one than `before` by now; the file as it was is kept beside it.
 *
 * @returns where it is kept
 * @throws ApiError 409, and all is as it was
 */
export async function saveFile(
  file: Pick<ConfigurationInForce, 'path' | 'read'>,
  octets: Uint8Array,
  before: Uint8Array,
  now: Date,
): Promise<string> {
  const path = await realpath(file.path);
  const stamp = now.toISOString().replace(/[:.]/g, '-');
  const backup = backupOf(path, stamp);
  const draft = `${path}.${stamp}.new`;
  let isCopied = false;
  try {
    await copyFile(path, backup, constants.COPYFILE_EXCL);
    isCopied = true;
    const handle = await open(draft, 'wx', 0o600);
    try {
      await takeAfter(handle, path);
      await handle.writeFile(octets);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (digestOf(await file.read()) !== digestOf(before)) throw new ApiError(409, 'the file has changed meanwhile');
    await rename(draft, path);
    await removeOldBackups(path);
    return backup;
  } catch (error) {
    // One that was there before is somebody else's.
    await Promise.allSettled([unlink(draft), ...(isCopied ? [unlink(backup)] : [])]);
    if (error instanceof ApiError) throw error;
    throw new ApiError(409, `${path} cannot be written: ${(error as Error).message}`);
  }
}

/** The new file belongs to whom the old one belongs, and has its mode. Rejects when that cannot be. */
async function takeAfter(handle: FileHandle, path: string): Promise<void> {
  const [old, own] = [await stat(path), await handle.stat()];
  if (old.uid !== own.uid || old.gid !== own.gid) await handle.chown(old.uid, old.gid);
  await handle.chmod(old.mode & 0o777);
}
