import { existsSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** Where the IO file of a row is. */
export interface FoundFile {
  readonly path: string;
  /** To be told of. */
  readonly remark?: string;
  /** Why it is none. */
  readonly fault?: string;
}

/**
 * The IO file that a list names, in the first of the folders below `base` that has it. Lists come from Windows: backslashes will do, and
 * another case of letters where the system tells them apart.
 */
export function findIoFile(name: string, base: string, folders: readonly string[] = ['.']): FoundFile {
  const plain = name.replaceAll('\\', '/');
  if (isAbsolute(plain)) return { path: plain };
  const [first = plain, ...others] = folders.map((folder) => join(base, folder, plain));
  const exact = [first, ...others].find(isFile);
  if (exact !== undefined) return { path: exact };
  for (const folder of folders) {
    const [path, ...more] = inAnyCase(base, [folder, ...plain.split('/')]);
    if (path === undefined) continue;
    if (more.length === 0) return { path, remark: `${name} is there in other letters: ${path} is taken` };
    return { path: first, fault: `${name} is there in other letters, more than once: ${[path, ...more].join(', ')}` };
  }
  return { path: first };
}

/** The files below a folder that have these names, whatever the case of their letters. */
function inAnyCase(folder: string, [name, ...below]: readonly string[]): string[] {
  if (name === undefined) return isFile(folder) ? [folder] : [];
  if (name === '.' || name === '..') return inAnyCase(join(folder, name), below);
  const like = namesIn(folder).filter((entry) => entry.toLowerCase() === name.toLowerCase());
  return like.sort().flatMap((entry) => inAnyCase(join(folder, entry), below));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No folder, or none that may be read: what was named is missed, and that is said.
    return [];
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
