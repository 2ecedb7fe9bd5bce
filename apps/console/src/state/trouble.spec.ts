import type { OverviewRow } from '@iec104mm2ss/console-api';
import { expect, test } from 'vitest';
import { severityOf, troublesOf } from './trouble.js';

const FINE: OverviewRow = {
  id: '1',
  name: 'North',
  port: 2404,
  tlsPort: null,
  rtuNumber: 1,
  state: 'started',
  endpoint: '10.0.0.1:2404',
  since: null,
  linkEpoch: 1,
  listening: true,
  hosts: 1,
  mastersStarted: 2,
  mastersConnected: 2,
  mastersMax: 5,
  mastersExpected: 2,
  mastersMissing: [],
  fromRtu: 1,
  toMasters: 2,
  commands: 0,
  unconfirmed: 3,
  capacity: 1000,
  full: false,
  queue: 3,
  queueLimit: 1000,
  lastError: 'ECONNREFUSED',
  lastErrorAt: null,
  silent: [],
  unserved: [],
  lastHeardAt: null,
  observe: null,
  trouble: [],
  edited: false,
};

const found = (change: Partial<OverviewRow>): string[] => {
  const troubles = troublesOf({ ...FINE, ...change });
  return [severityOf(troubles), ...troubles.map(({ kind }) => kind)];
};

test.each<[string, Partial<OverviewRow>, string[]]>([
  ['an error of long ago is none', {}, ['fine']],
  ['connected without data transfer is none: no master is started', { state: 'connected' }, ['fine']],
  ['an RTU that is away', { state: 'disconnected' }, ['bad', 'rtu-down']],
  ['an RTU whose hosts are tried', { state: 'connecting' }, ['bad', 'rtu-down']],
  ['while it is away no master can be there', { state: 'connecting', mastersMissing: ['A'] }, ['bad', 'rtu-down']],
  ['nobody knows of the RTU yet', { state: null }, ['fine']],
  ['a connector that does not answer', { state: null, silent: ['connector'] }, ['bad', 'silent']],
  ['nobody routes', { unserved: ['router'] }, ['bad', 'silent']],
  ['a named master that is not there', { mastersMissing: ['A'] }, ['warn', 'below-expected']],
  ['a full event log', { full: true, unconfirmed: 1000 }, ['bad', 'log-full']],
  ['an event log that fills', { unconfirmed: 501 }, ['warn', 'lagging']],
  ['a queue that fills', { queue: 501 }, ['warn', 'lagging']],
  ['observe mode', { observe: 'ordered' }, ['warn', 'observe']],
  ['values that are not in the file', { edited: true }, ['warn', 'edited']],
  ['a stream that is gone', { trouble: [{ what: 'X', reason: 'gone', since: '' }] }, ['bad', 'trouble']],
])('%s', (_name, change, expected) => {
  expect(found(change)).toEqual(expected);
});
