import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '@iec104mm2ss/runtime';
import { UnavailableError } from '../commands/errors.js';
import { writeWhole } from '../nats-auth/key-files.js';
import { isPipeOrDevice } from '../process/output-places.js';
import { type ChartFile, ignoring } from './static-chart.js';

/** Lists what this command has written into a folder, so that the next time it takes away nothing else. */
export const MANIFEST_FILE = '.mm2ss-chart';
const MANIFEST_HEAD = '# Written by mm2ss chart: what of this folder is its own, with SHA-256.';
const READABLE = 0o644;

/**
 * Makes a folder hold these files. What was written before and is not among them is removed; what others have put there stays.
 *
 * @param force write into a folder of others, and over files that were changed by hand
 * @throws {UnavailableError} when something would be lost
 */
export async function writeFolder(folder: string, chart: readonly ChartFile[], force: boolean): Promise<void> {
  const files = ignoring(chart, MANIFEST_FILE);
  if (await isPipeOrDevice(folder)) throw new UnavailableError(`chart: ${folder} cannot be written (it is no folder)`);
  const there = await namesIn(folder);
  const before = there.includes(MANIFEST_FILE)
    ? manifestOf(await readFile(join(folder, MANIFEST_FILE), 'utf8'))
    : undefined;
  if (before === undefined && there.length > 0 && !force) {
    throw new UnavailableError(
      `chart: ${folder} is not empty, and was not made by this command (--force writes into it)`,
    );
  }
  const changed = await changedFiles(folder, files, before ?? new Map());
  if (changed.length > 0 && !force) {
    const which = changed.join(', ');
    throw new UnavailableError(
      `chart: ${folder}: changed by hand: ${which} (--force writes over it; --values keeps what you need)`,
    );
  }
  const wanted = new Set(files.map(({ path }) => path));
  try {
    await makeFolder(folder);
    const writeManifest = (): Promise<void> => writeWhole(join(folder, MANIFEST_FILE), manifestText(files), READABLE);
    // A first writing that is cut off can be done again; a later one still knows what there was before.
    if (before === undefined) await writeManifest();
    for (const path of before?.keys() ?? []) if (!wanted.has(path)) await rm(join(folder, path), { force: true });
    for (const { path, octets } of files) {
      await makeFolder(dirname(join(folder, path)));
      await writeWhole(join(folder, path), octets, READABLE);
    }
    if (before !== undefined) await writeManifest();
  } catch (error) {
    throw new UnavailableError(`chart: ${folder} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new UnavailableError(`chart: ${folder} cannot be written (${code === 'ENOTDIR' ? 'it is a file' : code})`);
  }
}

/** Those that are neither as they were written nor as they are to be. */
async function changedFiles(
  folder: string,
  files: readonly ChartFile[],
  before: ReadonlyMap<string, string>,
): Promise<string[]> {
  const after = new Map(files.map(({ path, octets }) => [path, digest(octets)]));
  const changed: string[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const octets = await readFile(join(folder, path)).catch(() => undefined);
    if (octets === undefined) continue;
    const now = digest(octets);
    if (now !== before.get(path) && now !== after.get(path)) changed.push(path);
  }
  return changed;
}

function manifestText(files: readonly ChartFile[]): string {
  return [MANIFEST_HEAD, ...files.map(({ path, octets }) => `${digest(octets)}  ${path}`), ''].join('\n');
}

/** Digests by path. A path that leads out of the folder is none of ours. */
function manifestOf(text: string): Map<string, string> {
  const lines = [...text.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)];
  return new Map(
    lines
      .map(([, sum = '', path = '']) => [path, sum] as const)
      .filter(([path]) => !path.startsWith('/') && !path.split(/[\\/]/).includes('..')),
  );
}

const digest = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
