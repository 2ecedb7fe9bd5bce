import { readFile, writeFile } from 'node:fs/promises';
import { UnavailableError } from '../commands/errors.js';
import { writeWhole } from '../nats-auth/key-files.js';
import { isPipeOrDevice } from '../process/output-places.js';
import type { ChartFile } from './static-chart.js';
import { firstName, tarGz } from './tar.js';

/** Name of the chart, and of the folder in its archive. */
const CHART = 'mm2ss';
const READABLE = 0o644;

/**
 * Writes the chart as `helm package` does, so that the same files give the same octets.
 *
 * @param force write over a file that is no chart of ours
 */
export async function writeArchive(file: string, files: readonly ChartFile[], force: boolean): Promise<void> {
  const isPipe = await isPipeOrDevice(file);
  const [there, refused] = isPipe ? [undefined] : await contentOf(file);
  if (refused !== undefined) throw new UnavailableError(`chart: ${file} cannot be written (${refused})`);
  if (there !== undefined && !force && !((await firstName(there)) ?? '').startsWith(`${CHART}/`)) {
    throw new UnavailableError(`chart: ${file} is there, and is no chart of this command (--force writes over it)`);
  }
  // Helm wants to see first what it is.
  const sorted = [...files].sort((a, b) => Number(b.path === 'Chart.yaml') - Number(a.path === 'Chart.yaml'));
  try {
    const octets = await tarGz(CHART, sorted);
    await (isPipe ? writeFile(file, octets) : writeWhole(file, octets, READABLE));
  } catch (error) {
    throw new UnavailableError(`chart: ${file} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function contentOf(file: string): Promise<[content: Uint8Array | undefined, refused?: string]> {
  try {
    return [await readFile(file)];
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? [undefined] : [undefined, code === 'EISDIR' ? 'it is a folder' : code];
  }
}
