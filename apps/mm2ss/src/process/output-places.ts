import { stat } from 'node:fs/promises';

/** A pipe, a device, a socket: it is written to as it is, and to read what is in it could take for ever. */
export async function isPipeOrDevice(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  return there !== undefined && !there.isFile() && !there.isDirectory();
}
