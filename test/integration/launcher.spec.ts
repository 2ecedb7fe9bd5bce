import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { folder, MM2SS } from './command.js';

/** The launcher in a place of its own, above a program that says where it is and what it was given. */
async function installed(name: string): Promise<{ directory: string; opt: string }> {
  const directory = await folder();
  const opt = join(directory, name);
  await mkdir(join(opt, 'bin'), { recursive: true });
  await mkdir(join(opt, 'apps/mm2ss/bundle'), { recursive: true });
  await copyFile(MM2SS, join(opt, 'bin/mm2ss'));
  await writeFile(join(opt, 'apps/mm2ss/bundle/mm2ss.js'), 'console.log(JSON.stringify(process.argv.slice(1)))');
  return { directory, opt };
}

const says = (command: string, cwd: string, env = process.env): unknown =>
  JSON.parse(execFileSync(command, ['run', 'a b'], { cwd, env, encoding: 'utf8' }));

it('bin/mm2ss finds its program by whatever links it is called, and from wherever', async () => {
  for (const name of ['opt', '-opt of ours']) {
    const { directory, opt } = await installed(name);
    const program = [join(opt, 'apps/mm2ss/bundle/mm2ss.js'), 'run', 'a b'];
    const deep = join(directory, 'usr/local');
    await mkdir(join(deep, 'bin'), { recursive: true });
    // A link to it, absolute and relative; a link to such a link; a folder that is a link; a link in such a folder.
    await symlink(join(opt, 'bin/mm2ss'), join(deep, 'bin/absolute'));
    await symlink(join('../../..', name, 'bin/mm2ss'), join(deep, 'bin/relative'));
    await symlink('relative', join(deep, 'bin/again'));
    await symlink(join(opt, 'bin'), join(deep, 'folder'));
    await symlink(deep, join(directory, 'local'));
    await symlink(opt, join(directory, 'current'));
    const calls = [
      join(opt, 'bin/mm2ss'),
      ...['absolute', 'relative', 'again'].flatMap((link) => [
        join(deep, 'bin', link),
        join(directory, 'local/bin', link),
      ]),
      join(deep, 'folder/mm2ss'),
      join(directory, 'local/folder/mm2ss'),
      join(directory, 'current/bin/mm2ss'),
    ];
    for (const call of calls) {
      expect([call, says(call, '/')]).toEqual([call, program]);
      expect([call, says(`./${basename(call)}`, dirname(call))]).toEqual([call, program]);
      const env = { ...process.env, PATH: `${dirname(call)}:${process.env['PATH']}`, CDPATH: directory };
      expect([call, says(basename(call), directory, env)]).toEqual([call, program]);
    }
  }
});
