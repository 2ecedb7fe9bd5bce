import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isPipeOrDevice } from './output-places.js';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mm2ss-places-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('pipes and devices are told from files and folders', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  await writeFile(at('file'), '');
  const found = await Promise.all([at('pipe'), '/dev/null', at('file'), folder, at('nothing')].map(isPipeOrDevice));
  expect(found).toEqual([true, true, false, false, false]);
});
