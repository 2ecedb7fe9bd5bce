import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseConfiguration } from '@iec104mm2ss/config';
import { moveGroups } from './sample-file.js';

const SAMPLE = readFileSync(new URL('../../../../libs/config/testdata/sample.csv', import.meta.url), 'utf8');

it('moves the groups of the manual and leaves the rest alone', () => {
  const moved = moveGroups(SAMPLE, [
    { id: '111', port: 40001, maxConnections: 5, hosts: [{ host: '127.0.0.2', port: 40011 }] },
    { id: '222', port: 40002, maxConnections: 6, hosts: [{ host: '127.0.0.3', port: 40012 }] },
  ]);
  const before = parseConfiguration(SAMPLE);
  const after = parseConfiguration(moved);
  expect(after.groups).toMatchObject([
    { id: '111', port: 40001, maxConnections: 5, hosts: [{ host: '127.0.0.2', port: 40011 }], rtuNumber: 32 },
    { id: '222', port: 40002, maxConnections: 6, hosts: [{ host: '127.0.0.3', port: 40012 }], rtuNumber: 101 },
  ]);
  expect(after.problems).toEqual(before.problems);
  expect(after.groups.map(({ filter }) => filter.map(({ text }) => text))).toEqual(
    before.groups.map(({ filter }) => filter.map(({ text }) => text)),
  );
});

it('says what is not there', () => {
  const group = { port: 1, maxConnections: 1, hosts: [] };
  expect(() => moveGroups(SAMPLE, [{ id: '444', ...group }])).toThrow(/no group 444/);
  expect(() => moveGroups('id,port no\n1,2', [{ id: '1', ...group }])).toThrow(/no column 'max conn'/);
});
