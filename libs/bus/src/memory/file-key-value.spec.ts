import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { KEPT_BUCKET, STATE_BUCKET } from '../stored-names.js';
import { MemoryBus } from './memory-bus.js';

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mm2ss-kept-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const textOf = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

it('one bucket outlives a process without a server, and no other', async () => {
  const directory = join(await folder(), 'log');
  const before = new MemoryBus({ directory });
  for (const bucket of [KEPT_BUCKET, STATE_BUCKET]) {
    expect(await before.keyValue(bucket).get('router.1')).toBeUndefined();
    await before.keyValue(bucket).put('router.1', Buffer.from('one'));
    await before.keyValue(bucket).put('router.2', Buffer.from('two'));
    await before.keyValue(bucket).delete('router.2');
    await before.keyValue(bucket).delete('router.3');
  }
  const after = new MemoryBus({ directory });
  expect(textOf(await after.keyValue(KEPT_BUCKET).get('router.1'))).toBe('one');
  expect(await after.keyValue(KEPT_BUCKET).keys()).toEqual(['router.1']);
  expect(await after.keyValue(STATE_BUCKET).keys()).toEqual([]);
});

it('of many writes of a kept value the last one stays, whatever was begun before, and nothing is left beside it', async () => {
  const directory = await folder();
  // An earlier process ended while it wrote.
  await mkdir(join(directory, 'kept'));
  await writeFile(join(directory, 'kept', 'key.new'), 'half');
  const bucket = new MemoryBus({ directory }).keyValue(KEPT_BUCKET);
  const writes = Array.from({ length: 20 }, (_, i) =>
    i % 3 === 0 ? bucket.delete('key') : bucket.put('key', Buffer.from(String(i))),
  );
  await Promise.all(writes);
  expect(textOf(await bucket.get('key'))).toBe('19');
  expect(await bucket.keys()).toEqual(['key']);
  expect(await readdir(join(directory, 'kept'))).toEqual(['key']);
});

it('a kept value that cannot be read or written is said to be so', async () => {
  const directory = await folder();
  await writeFile(join(directory, 'kept'), 'no folder');
  const bucket = new MemoryBus({ directory }).keyValue(KEPT_BUCKET);
  await expect(bucket.get('key')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(bucket.put('key', Buffer.from('1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(bucket.put('../key', Buffer.from('1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
