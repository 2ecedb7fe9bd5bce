import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bus, MemoryBus } from '@iec104mm2ss/bus';
import { AUDIT_JOURNAL } from '@iec104mm2ss/router';
import type { Runtime } from '@iec104mm2ss/runtime';

/** Where the bus of one process keeps its audit records, and what it was before it was full. */
export const AUDIT_FILE = `${AUDIT_JOURNAL}.jsonl`;
const FILES = [AUDIT_FILE, `${AUDIT_FILE}.1`];

/**
 * A bus with the audit records that one process has kept in `directory`; undefined when there are none. Rejects with the
 * error of the file system when they cannot be read.
 */
export async function openAuditFiles(
  directory: string,
  { clock, instance }: Pick<Runtime, 'clock' | 'instance'>,
): Promise<Bus | undefined> {
  const there = await Promise.all(FILES.map((file) => isReadable(join(directory, file))));
  return there.includes(true) ? new MemoryBus({ clock, instance, directory }) : undefined;
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
