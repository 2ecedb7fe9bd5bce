import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { getAsset, getAssetKeys, isSea } from 'node:sea';

/** The program is one executable file (`iec104mm2ss.exe`), with all other files of it inside. */
export const isOneFile = isSea();

/** Files by their paths, with `/` between folders; each is read when it is asked for. */
export type Files = ReadonlyMap<string, () => Buffer>;

/** A file that is part of the program. `path` is where it is on disk unless the program is one file, `name` its name in there. */
export function programFile(name: string, path: URL): Buffer {
  return isOneFile ? readInside(name) : readFileSync(path);
}

/** Files of a folder inside the one file, `name` being the folder's name in there. */
export function filesInside(name: string): Files {
  const names = getAssetKeys().filter((key) => key.startsWith(`${name}/`));
  return new Map(names.map((key) => [key.slice(name.length + 1), () => readInside(key)]));
}

/** Files of a folder on disk and of those in it; none when there is no such folder. */
export function filesBelow(folder: string): Files {
  try {
    const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const places = found.map(({ parentPath, name }) => join(parentPath, name)).sort();
    return new Map(
      places.map((place) => [relative(folder, place).replaceAll('\\', '/'), () => readFileSync(place)] as const),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}

function readInside(name: string): Buffer {
  return Buffer.from(getAsset(name));
}
