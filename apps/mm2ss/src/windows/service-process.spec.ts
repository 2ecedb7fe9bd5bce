import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isToServe, LogLines } from './service-process.js';

it.each([
  ['run -c', true],
  ['run --open --service -i a.csv', true],
  ['run -nc', true],
  ['run -ci a.csv', true],
  ['run -ic', false],
  ['run -n', false],
  ['run --console 127.0.0.1:9105', false],
  ['check -c', false],
])('mm2ss %s is told to be a service: %s', (line, expected) => {
  expect(isToServe(line.split(' '))).toBe(expected);
});

it('a log that cannot be written is told of once, until it can be again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-service-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const said: string[] = [];
  const log = join(folder, 'log');
  const lines = new LogLines(join(log, 'south.log'), (reason) => said.push(reason));
  writeFileSync(log, 'a file where the folder should be');
  lines.write('first');
  lines.write('second');
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(log);
  rmSync(log);
  lines.write('third\n');
  expect(readFileSync(join(log, 'south.log'), 'utf8')).toMatch(/"msg":"third"\}\n$/);
  rmSync(log, { recursive: true });
  writeFileSync(log, '');
  lines.write('fourth');
  expect(said).toHaveLength(2);
  expect(lines.last).toBe('firstsecondthird\nfourth');
});
