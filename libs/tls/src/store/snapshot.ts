import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Largest file of each kind that is read: a CRL with 20,000 entries has 800 kB. */
const LARGEST_PEM_OCTETS = 1_048_576;
const LARGEST_CRL_OCTETS = 33_554_432;
const MOST_CRL_FILES = 100;
const MOST_GROUPS = 2_000;

const PEM_FILES = ['tls.crt', 'tls.key', 'ca.crt'];
/** The id of a group. */
const GROUP = /^\d{1,20}$/;
/** A file of a group that stands beside the shared ones, as a Kubernetes secret has no folders. */
const GROUP_FILE = /^(\d{1,20})\.((?:tls\.(?:crt|key))|ca\.crt)$/;

/** The name of the set that is for all groups without a folder of their own. */
export const SHARED = '';

/** The files of one group, or of all, as they are at one time. */
export interface FileSet {
  /** SHA-256 over names and contents. */
  readonly digest: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Names of those that are not the group's own but the shared ones. */
  readonly inherited: ReadonlySet<string>;
  /** Files that are there and cannot be taken, each with the reason. */
  readonly failures: readonly string[];
}

/** All sets below the folder, by group; the one for all others under SHARED. */
export type Snapshot = ReadonlyMap<string, FileSet>;

interface Folder extends Files {
  readonly groups: readonly string[];
  /** Files of groups beside the shared ones, by group. */
  readonly ofGroups: ReadonlyMap<string, Files>;
}

/** What can be taken, and why the rest cannot. */
interface Files {
  readonly files: Map<string, Uint8Array>;
  readonly failures: string[];
}

/** Reads everything that is below `--tls-dir`. Rejects when the folder itself cannot be read. */
export async function readSnapshot(dir: string): Promise<Snapshot> {
  const shared = await readFolder(dir);
  const sets = new Map([[SHARED, setOf(shared, [])]]);
  for (const group of new Set([...shared.groups, ...shared.ofGroups.keys()])) {
    const beside = shared.ofGroups.get(group);
    const folder = shared.groups.includes(group) ? await readFolder(path.join(dir, group)) : undefined;
    const own = {
      files: new Map([...(beside?.files ?? []), ...(folder?.files ?? [])]),
      failures: [...(beside?.failures ?? []), ...(folder?.failures ?? [])],
    };
    if (own.files.size > 0 || own.failures.length > 0) {
      const inherited = [...shared.files.keys()].filter((name) => !own.files.has(name));
      sets.set(group, setOf(overridden(shared, own), inherited));
    }
  }
  return sets;
}

async function readFolder(dir: string): Promise<Folder> {
  const own: Files = { files: new Map(), failures: [] };
  const groups: string[] = [];
  const ofGroups = new Map<string, Files>();
  const take = async ({ files, failures }: Files, name: string, file: string, most: number): Promise<void> => {
    try {
      files.set(name, await readBounded(path.join(dir, file), most));
    } catch (error) {
      failures.push(`${file} cannot be read: ${reasonOf(error)}`);
    }
  };
  let crls = 0;
  for (const name of (await readdir(dir)).sort()) {
    const isCrl = name.endsWith('.crl') && !name.startsWith('.');
    const [, group = '', ofGroup = ''] = GROUP_FILE.exec(name) ?? [];
    if (isCrl && ++crls > MOST_CRL_FILES) own.failures.push(`there are more than ${MOST_CRL_FILES} CRL files`);
    else if (isCrl) await take(own, name, name, LARGEST_CRL_OCTETS);
    else if (PEM_FILES.includes(name)) await take(own, name, name, LARGEST_PEM_OCTETS);
    else if (group !== '' && (ofGroups.has(group) || ofGroups.size < MOST_GROUPS)) {
      const files = ofGroups.get(group) ?? { files: new Map(), failures: [] };
      ofGroups.set(group, files);
      await take(files, ofGroup, name, LARGEST_PEM_OCTETS);
    } else if (GROUP.test(name) && groups.length < MOST_GROUPS && (await isFolder(path.join(dir, name)))) {
      groups.push(name);
    }
  }
  return { ...own, groups, ofGroups };
}

/** The certificate and its key are one thing; the others are taken one by one. */
function overridden(shared: Files, own: Files): Files {
  const files = new Map(shared.files);
  if (own.files.has('tls.crt') || own.files.has('tls.key')) {
    files.delete('tls.crt');
    files.delete('tls.key');
  }
  for (const [name, content] of own.files) files.set(name, content);
  return { files, failures: [...shared.failures, ...own.failures] };
}

function setOf({ files, failures }: Files, inherited: readonly string[]): FileSet {
  const hash = createHash('sha256');
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  hash.update(failures.join('\n'));
  return { digest: hash.digest('hex'), files, inherited: new Set(inherited), failures };
}

async function readBounded(file: string, most: number): Promise<Uint8Array> {
  const found = await stat(file);
  // To open a pipe waits for somebody who writes.
  if (!found.isFile()) throw new Error('it is no regular file');
  const { size } = found;
  if (size > most) throw new Error(`it has ${size} octets, at most ${most} are read`);
  return await readFile(file);
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : code === 'EACCES' ? 'this process may not read it' : code;
}
