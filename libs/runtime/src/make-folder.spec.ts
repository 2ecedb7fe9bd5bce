import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, makeFolderNow } from './make-folder.js';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mm2ss-places-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const WAYS = {
  'in its turn': makeFolder,
  'at once': (path: string): Promise<void> => Promise.resolve().then(() => makeFolderNow(path)),
};

it('a folder is made with the mode that is asked for, and those above it', async () => {
  await makeFolder(at('a/b/c'), 0o700);
  for (const name of ['a', 'a/b', 'a/b/c']) expect((await stat(at(name))).mode & 0o777).toBe(0o700);
});

describe.each(Object.entries(WAYS))('a folder is made %s', (_, make) => {
  it('with those above it, and is left as it is when it is there', async () => {
    await make(at('a/b/c'));
    await make(at('a/b/c'));
    expect((await stat(at('a/b/c'))).isDirectory()).toBe(true);
  });

  it('behind a link to a folder', async () => {
    await make(at('real'));
    await symlink(at('real'), at('link'));
    await make(at('link'));
    await make(at('link/inner'));
    expect((await stat(at('real/inner'))).isDirectory()).toBe(true);
  });

  it.each(['file', 'file/below', 'dangling', 'dangling/below'])('not where it cannot be: %s', async (name) => {
    await writeFile(at('file'), '');
    await symlink(at('nowhere'), at('dangling'));
    await expect(make(at(name))).rejects.toMatchObject({
      code: expect.stringMatching(/^E(EXIST|NOTDIR|NOENT)$/) as string,
    });
  });

  // A system without /proc says ENOENT or EACCES of the root instead.
  it.each(['/proc/mm2ss', '/proc/mm2ss/below'])(
    'not in %s, which takes none: that is said, and does not take for ever',
    async (name) => {
      await expect(make(name)).rejects.toHaveProperty('code');
    },
  );
});
