import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingFileSink } from './rotating-file-sink.js';

describe('RotatingFileSink', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mm2ss-log-'));
    path = join(folder, 'log', '111-RTU.log');
  });
  afterEach(() => rm(folder, { recursive: true }));
  const text = (suffix = ''): Promise<string> => readFile(path + suffix, 'utf8');

  it('creates folder and file, and appends to what an earlier run left', async () => {
    for (const line of ['one\n', 'two\n']) {
      const sink = new RotatingFileSink({ path, maxOctets: 1000, keep: 2 });
      await sink.write(line);
      await sink.close();
    }
    expect(await text()).toBe('one\ntwo\n');
  });

  it('moves a full file aside, also one that an earlier run filled, and keeps N', async () => {
    let sink = new RotatingFileSink({ path, maxOctets: 10, keep: 2 });
    for (const line of ['1111111\n', '2222222\n', '3333333\n']) await sink.write(line);
    await sink.close();
    sink = new RotatingFileSink({ path, maxOctets: 10, keep: 2 });
    await sink.write('4444444\n');
    await sink.close();
    expect((await readdir(join(folder, 'log'))).sort()).toEqual(['111-RTU.log', '111-RTU.log.1', '111-RTU.log.2']);
    expect([await text(), await text('.1'), await text('.2')]).toEqual(['4444444\n', '3333333\n', '2222222\n']);
  });

  it('counts octets, not characters', async () => {
    const sink = new RotatingFileSink({ path, maxOctets: 10, keep: 1 });
    await sink.write('ääää\n');
    await sink.write('a\n');
    await sink.close();
    expect(await text()).toBe('a\n');
  });

  it('puts a line longer than the bound into a file of its own, and moves no empty file aside', async () => {
    const sink = new RotatingFileSink({ path, maxOctets: 5, keep: 3 });
    await sink.write('much too long\n');
    await sink.write('x\n');
    await sink.close();
    expect((await readdir(join(folder, 'log'))).sort()).toEqual(['111-RTU.log', '111-RTU.log.1']);
    expect(await text('.1')).toBe('much too long\n');
  });

  it('keeping none, begins the file anew', async () => {
    const sink = new RotatingFileSink({ path, maxOctets: 5, keep: 0 });
    await sink.write('one\n');
    await sink.write('two\n');
    await sink.close();
    expect(await readdir(join(folder, 'log'))).toEqual(['111-RTU.log']);
    expect(await text()).toBe('two\n');
  });

  it('goes on with a file that cannot be moved aside, to twice its bound, and moves it when it can be', async () => {
    const sink = new RotatingFileSink({ path, maxOctets: 10, keep: 1 });
    // Where a folder is, no file can be moved to.
    await mkdir(`${path}.1`, { recursive: true });
    for (const line of ['1111111\n', '2222222\n']) await sink.write(line);
    await expect(sink.write('3333333\n')).rejects.toThrow();
    expect(await text()).toBe('1111111\n2222222\n');
    await rm(`${path}.1`, { recursive: true });
    await sink.write('4444444\n');
    await sink.close();
    expect([await text(), await text('.1')]).toEqual(['4444444\n', '1111111\n2222222\n']);
  });

  it('begins on a line of its own after a line that was cut off', async () => {
    await mkdir(join(folder, 'log'));
    await writeFile(path, '{"cut');
    const sink = new RotatingFileSink({ path, maxOctets: 1000, keep: 1 });
    await sink.write('next\n');
    await sink.write('last\n');
    await sink.close();
    expect(await text()).toBe('{"cut\nnext\nlast\n');
  });

  it('rejects when it cannot write, and works again when it can', async () => {
    await writeFile(join(folder, 'log'), 'a file where the folder should be');
    const sink = new RotatingFileSink({ path, maxOctets: 1000, keep: 1 });
    await expect(sink.write('lost\n')).rejects.toThrow();
    await rm(join(folder, 'log'));
    await sink.write('kept\n');
    sink.writeNow('at once\n');
    await sink.close();
    expect(await text()).toBe('kept\nat once\n');
  });
});
