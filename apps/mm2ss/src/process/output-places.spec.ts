import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPipeOrDevice, makeFolder } from './output-places.js';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mm2ss-places-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a folder is made', () => {
  it('with those above it, with its mode, and is left as it is when it is there', async () => {
    await makeFolder(at('a/b/c'), 0o700);
    await makeFolder(at('a/b/c'));
    for (const name of ['a', 'a/b', 'a/b/c']) expect((await stat(at(name))).mode & 0o777).toBe(0o700);
  });

  it('behind a link to a folder', async () => {
    await makeFolder(at('real'));
    await symlink(at('real'), at('link'));
    await makeFolder(at('link'));
    await makeFolder(at('link/inner'));
    expect((await stat(at('real/inner'))).isDirectory()).toBe(true);
  });

  it.each(['file', 'file/below', 'dangling', 'dangling/below'])('not where it cannot be: %s', async (name) => {
    await writeFile(at('file'), '');
    await symlink(at('nowhere'), at('dangling'));
    await expect(makeFolder(at(name))).rejects.toMatchObject({
      code: expect.stringMatching(/^E(EXIST|NOTDIR|NOENT)$/) as string,
    });
  });

  // A system without /proc says ENOENT or EACCES of the root instead.
  it.each(['/proc/mm2ss', '/proc/mm2ss/below'])(
    'not in %s, which takes none: that is said, and does not take for ever',
    async (name) => {
      await expect(makeFolder(name)).rejects.toHaveProperty('code');
    },
  );
});

it('pipes and devices are told from files and folders', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  await writeFile(at('file'), '');
  const found = await Promise.all([at('pipe'), '/dev/null', at('file'), folder, at('nothing')].map(isPipeOrDevice));
  expect(found).toEqual([true, true, false, false, false]);
});
