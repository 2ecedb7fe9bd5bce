import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { ConfigError, readConfiguration } from './read-configuration.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mm2ss-config-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

test('reads a file', async () => {
  const path = join(directory, 'ok.csv');
  await writeFile(path, '\ufeff1,A,2404,1,2,60,15,10,20,8,12,1000,Y,all,10.9.9.9:2404,\r\n');
  await expect(readConfiguration(path)).resolves.toMatchObject({ groups: [{ id: '1' }], problems: [] });
});

test('a file with nothing right in it is no error', async () => {
  const path = join(directory, 'bad.csv');
  await writeFile(path, Buffer.from([0xff, 0x00, 0x22, 0x0a, 0x2c]));
  await expect(readConfiguration(path)).resolves.toMatchObject({ groups: [] });
});

test.each([
  ['missing.csv', 'CONFIG_NOT_FOUND', /missing\.csv: does not exist/],
  ['.', 'CONFIG_NOT_A_FILE', /is a directory/],
  ['a\0b', 'CONFIG_READ_FAILED', /cannot be read/],
])('%j gives %s', async (name, code, message) => {
  const path = `${directory}/${name}`;
  const error: unknown = await readConfiguration(path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ code, path, message: expect.stringMatching(message) as string });
});

test('says from which folder a name was looked for', async () => {
  const error: unknown = await readConfiguration('of-nobody.csv').catch((reason: unknown) => reason);
  expect(String(error)).toContain(`of-nobody.csv: does not exist in ${process.cwd()}`);
});

test('a path that never ends is given up', async () => {
  await expect(readConfiguration('/dev/zero')).rejects.toMatchObject({ code: 'CONFIG_TOO_LARGE' });
});
