import { describe, expect, test } from 'vitest';

import { parseConfiguration } from './parse-configuration.js';
import type { GroupConfig, Problem } from './types.js';

/** A full row by column name; a test changes the cells it is about. */
const VALID: Readonly<Record<string, string>> = {
  id: '7',
  'sys name': 'RTU-7',
  'port no': '2404',
  'rtu no': '32',
  'max conn': '3',
  idletime: '90',
  t1: '16',
  t2: '11',
  t3: '21',
  w: '6',
  k: '10',
  buffsize: '500',
  logevents: 'N',
  'same ip': 'old',
  hosts: '10.9.9.9:2404',
  filter: '10.1.0.0/16',
};

function load(cells: Readonly<Record<string, string>>): {
  group: GroupConfig | undefined;
  problems: readonly Problem[];
} {
  const row = { ...VALID, ...cells };
  const text = [Object.keys(row), Object.values(row)]
    .map((line) => line.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
    .join('\n');
  const { groups, problems } = parseConfiguration(text);
  expect(groups.length).toBeLessThanOrEqual(1);
  return { group: groups[0], problems };
}

test('every column of a full row', () => {
  const { group, problems } = load({
    t0: '5',
    ack: 'received',
    interrogation: 'originator',
    decoded: 'N',
    masters: 'A=10.1.1.5',
  });
  expect(problems).toEqual([]);
  expect(group).toMatchObject({
    id: '7',
    row: 2,
    name: 'RTU-7',
    port: 2404,
    rtuNumber: 32,
    maxConnections: 3,
    idleTimeMs: 90_000,
    t0Ms: 5_000,
    t1Ms: 16_000,
    t2Ms: 11_000,
    t3Ms: 21_000,
    w: 6,
    k: 10,
    buffsize: 500,
    logEvents: false,
    sameIp: 'old',
    hosts: [{ host: '10.9.9.9', port: 2404 }],
    filter: [{ text: '10.1.0.0/16' }],
    ack: 'received',
    interrogation: 'originator',
    decoded: false,
    masters: [{ name: 'A' }],
  });
});

test('empty cells take the defaults of the manual', () => {
  const optional =
    'max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,filter,t0,ack,interrogation,decoded,masters';
  const { group, problems } = load(Object.fromEntries(optional.split(',').map((column) => [column, ''])));
  expect(problems).toEqual([]);
  expect(group).toMatchObject({
    maxConnections: 5,
    idleTimeMs: 60_000,
    t0Ms: 30_000,
    t1Ms: 15_000,
    t2Ms: 10_000,
    t3Ms: 20_000,
    w: 8,
    k: 12,
    buffsize: 1000,
    logEvents: true,
    sameIp: 'all',
    filter: [],
    ack: undefined,
    interrogation: 'all',
    decoded: true,
    masters: [],
  });
});

describe('what is accepted', () => {
  test.each<[Record<string, string>, Partial<GroupConfig>]>([
    [{ id: '007' }, { id: '7' }],
    [{ id: '0' }, { id: '0' }],
    [{ 'port no': '1024' }, { port: 1024 }],
    [{ 'port no': '65535' }, { port: 65535 }],
    [{ 'rtu no': '65535' }, { rtuNumber: 65535 }],
    [{ 'max conn': '1' }, { maxConnections: 1 }],
    [
      { t1: '255', t2: '14', t3: '172800', idletime: '172801' },
      { t1Ms: 255_000, t2Ms: 14_000, t3Ms: 172_800_000 },
    ],
    [
      { 'port no': '2405.0', 'rtu no': '33,00', id: '8.0' },
      { port: 2405, rtuNumber: 33, id: '8' },
    ],
    [
      { 'rtu t1': '12', 'rtu t2': '1', 'rtu t3': '30', 'rtu w': '8', 'rtu k': '12' },
      { t1Ms: 16_000, rtuLink: { t1Ms: 12_000, t2Ms: 1_000, t3Ms: 30_000, w: 8, k: 12 } },
    ],
    [{ 'rtu t2': '3' }, { t2Ms: 11_000, rtuLink: { t1Ms: 16_000, t2Ms: 3_000, t3Ms: 21_000, w: 6, k: 10 } }],
    [{ 'rtu t0': '7' }, { t0Ms: 7_000 }],
    [
      { k: '32767', w: '21844', buffsize: '32767' },
      { k: 32767, w: 21844, buffsize: 32767 },
    ],
    [{ buffsize: '10', k: '10' }, { buffsize: 10 }],
    [
      { logevents: 'y', 'same ip': 'NEW', ack: 'Stored', decoded: 'y' },
      { logEvents: true, sameIp: 'new', ack: 'stored' },
    ],
  ])('%j', (cells, expected) => {
    const { group, problems } = load(cells);
    expect(problems).toEqual([]);
    expect(group).toMatchObject(expected);
  });
});

describe('what skips the row, by the column named', () => {
  test.each<[string, string, string]>([
    ['id', '1234567890123', 'more than 12 digits'],
    ['sys name', '', 'the name is empty'],
    ['sys name', 'A\u0000B', 'control characters'],
    ['sys name', 'A\u2028B', 'control characters'],
    ['sys name', 'A\u001b[2JB', 'control characters'],
    ['port no', '', 'the cell is empty'],
    ['port no', '0', '0 is not in 1..65535'],
    ['port no', '65536', '65536 is not in 1..65535'],
    ['port no', '24o4', '"24o4" is not a whole number'],
    ['port no', '-1', '"-1" is not a whole number'],
    ['port no', '2.404', 'nearest valid form: 2404'],
    ['port no', '2,404', 'nearest valid form: 2404'],
    ['port no', '2 404', 'nearest valid form: 2404'],
    ['port no', '+2404', 'nearest valid form: 2404'],
    ['port no', "'2404", 'nearest valid form: 2404'],
    ['port no', '２４０４', 'nearest valid form: 2404'],
    ['port no', '2.404E+03', 'nearest valid form: 2404'],
    ['idletime', '90 s', 'nearest valid form: 90'],
    ['idletime', '90.4', 'nearest valid form: 90'],
    ['idletime', '2 min', 'nearest valid form: 120'],
    ['t0', '1 minute', 'nearest valid form: 60'],
    ['t1', '2min', '"2min" is not a whole number of seconds; nearest valid form: 120'],
    ['t2', '10s', 'nearest valid form: 10'],
    ['t3', '48h', '"48h" is not a whole number of seconds; nearest valid form: 172800'],
    ['t3', '48 h', 'nearest valid form: 172800'],
    ['t3', '2 Tage', 'nearest valid form: 172800'],
    ['t3', '1h 30 min.', 'nearest valid form: 5400'],
    ['t3', '0,5 h', 'nearest valid form: 1800'],
    ['t3', '48:00:00', 'nearest valid form: 172800'],
    ['t3', '3 d', '"3 d" is not a whole number of seconds, and 259200 s are not in 1..172800'],
    ['t3', '5 apples', '"5 apples" is not a whole number'],
    ['rtu t1', '30 sec', 'nearest valid form: 30'],
    ['rtu t3', '1d', 'nearest valid form: 86400'],
    ['k', '12 h', 'nearest valid form: 12'],
    ['buffsize', '1.000', 'nearest valid form: 1000'],
    ['logevents', 'yes', 'nearest valid form: y'],
    ['same ip', 'alll', 'nearest valid form: all'],
    ['ack', 'recieved', 'nearest valid form: received'],
    ['hosts', '10.9.9.9', 'nearest valid form: 10.9.9.9:2404'],
    ['hosts', '10.9.9.9 2405', 'nearest valid form: 10.9.9.9:2405'],
    ['hosts', '10.9.9.9:2404.0', 'is not IP:PORT'],
    ['hosts', '10.9.9.9:2404,10.9.9.8:2404', 'nearest valid form: 10.9.9.9:2404;10.9.9.8:2404'],
    ['hosts', '010.009.009.009:2404', 'nearest valid form: 10.9.9.9:2404'],
    ['hosts', '2001:db8::5:2404', 'nearest valid form: [2001:db8::5]:2404'],
    ['filter', '10.1.1.5:2404', 'nearest valid form: 10.1.1.5'],
    ['filter', '10.1.*.*', 'nearest valid form: 10.1.0.0/16'],
    ['filter', '10.1.1.5,10.1.1.6', 'nearest valid form: 10.1.1.5;10.1.1.6'],
    ['masters', 'A:10.1.1.5', 'nearest valid form: A=10.1.1.5'],
    ['rtu t1', '256', 'not in 1..255'],
    ['rtu t3', '172801', 'not in 1..172800'],
    ['rtu k', '501', 'buffsize (500) must not be below rtu k (501)'],
    ['rtu t2', '16', 'rtu t2 (16 s) must be below rtu t1 (16 s, that of t1)'],
    ['rtu no', '', 'the cell is empty'],
    ['rtu no', '0', 'not in 1..65535'],
    ['rtu no', '65536', 'not in 1..65535'],
    ['max conn', '0', 'not in 1..'],
    ['max conn', 'many', 'not a whole number'],
    ['idletime', '0', 'not in 1..'],
    ['idletime', '2147484', 'not in 1..2147483'],
    ['t0', '0', 'not in 1..255'],
    ['t0', '256', 'not in 1..255'],
    ['t1', '0', 'not in 1..255'],
    ['t1', '256', 'not in 1..255'],
    ['t1', '1e1', 'not a whole number'],
    ['t2', '0', 'not in 1..255'],
    ['t2', '16', 't2 (16 s) must be below t1 (16 s)'],
    ['t2', '17', 'must be below t1'],
    ['t3', '172801', 'not in 1..172800'],
    ['w', '0', 'not in 1..32767'],
    ['w', '32768', 'not in 1..32767'],
    ['k', '0', 'not in 1..32767'],
    ['k', '32768', 'not in 1..32767'],
    ['buffsize', '9', 'must not be below k (10)'],
    ['buffsize', 'Y', 'not a whole number'],
    ['buffsize', '10000001', 'not in 1..10000000'],
    ['logevents', 'maybe', '"maybe" is none of y, n'],
    ['same ip', 'both', '"both" is none of all, old, new'],
    ['hosts', '', 'no IP:PORT given'],
    ['hosts', '192.168.1.16;127.0.0.0/24', '"192.168.1.16" is not IP:PORT'],
    ['hosts', '10.9.9.9:2404;10.9.9.8', '"10.9.9.8" is not IP:PORT'],
    ['filter', '10.1.1.5;all', '"all" is not an IP address or network'],
    ['filter', ';', 'no IP address or network given'],
    ['ack', 'soon', 'none of stored, delivered, received'],
    ['interrogation', 'some', 'none of all, originator'],
    ['decoded', 'json', 'none of y, n'],
    ['masters', 'A=10.1.1.5;A=10.1.1.6', 'given twice'],
    ['masters', 'A', 'not NAME=ADDRESS'],
  ])('%s %j: %s', (column, cell, reason) => {
    const { group, problems } = load({ [column]: cell });
    expect(group).toBeUndefined();
    expect(problems).toEqual([
      { row: 2, field: column, severity: 'skipped', reason: expect.stringContaining(reason) as string },
    ]);
  });

  test('a default that does not fit the given cells also skips', () => {
    const skipped = (field: string, reason: string): object => ({ row: 2, field, reason, severity: 'skipped' });
    expect(load({ t1: '8', t2: '' }).problems).toEqual([
      skipped('t1', 't2 (10 s by default) must be below t1 (8 s); nearest valid form: t2 = 5'),
    ]);
    expect(load({ 'rtu t1': '8' }).problems).toEqual([
      skipped('rtu t1', 'rtu t2 (11 s, that of t2) must be below rtu t1 (8 s); nearest valid form: rtu t2 = 5'),
    ]);
    expect(load({ t2: '', 'rtu t1': '9' }).problems).toEqual([
      skipped('rtu t1', 'rtu t2 (10 s by default) must be below rtu t1 (9 s); nearest valid form: rtu t2 = 6'),
    ]);
    expect(load({ k: '2000', buffsize: '' }).problems).toEqual([
      skipped('k', 'buffsize (1000 by default) must not be below k (2000)'),
    ]);
  });

  test('all bad cells are named, and no warnings for a row that is not there', () => {
    const { problems } = load({ 'port no': 'x', t1: 'y', hosts: 'z', w: '9' });
    expect(problems.map(({ field, severity }) => [field, severity])).toEqual([
      ['port no', 'skipped'],
      ['t1', 'skipped'],
      ['hosts', 'skipped'],
    ]);
  });
});

describe('what is loaded with a warning', () => {
  test.each<[Record<string, string>, string, string, Partial<GroupConfig>]>([
    [{ w: '7' }, 'w', 'should not exceed two thirds of k', { w: 7 }],
    [{ 'rtu w': '7' }, 'rtu w', 'should not exceed two thirds of rtu k', {}],
    [{ 'rtu k': '8', ack: 'stored' }, 'rtu k', 'rtu w (6, that of w) should not exceed two thirds of rtu k (8)', {}],
    [{ idletime: '', t3: '70' }, 't3', 'idletime (60 s by default) should exceed t3 (70 s)', {}],
    [{ 'rtu t3': '90' }, 'rtu t3', 'should exceed rtu t3', {}],
    [{ t1: '10', t2: '9', 'rtu t1': '16' }, 't1', 'should exceed the t2 of every master', { t1Ms: 10_000 }],
    [{ t1: '20', t2: '15' }, 't2', 'should be below the t1 of every master', { t2Ms: 15_000 }],
    [{ 'rtu t1': '11', 'rtu t2': '5' }, 'ack', "the RTU's t1 (11 s) leaves 10 s", {}],
    [{ 'rtu k': '3', 'rtu w': '2' }, 'ack', 'an RTU with k = 3 waits for each', {}],
    [{ 'rtu w': '2', ack: 'delivered' }, 'ack', 'an RTU with k = 3 waits for each', { ack: 'delivered' }],
    [{ idletime: '21' }, 'idletime', 'should exceed t3', { idleTimeMs: 21_000 }],
    [{ 'max conn': '256' }, 'max conn', '255 is in force', { maxConnections: 255 }],
    [{ 'sys name': 'ABCDEFGHIJKLMNOPQ' }, 'sys name', 'first 16 characters', { name: 'ABCDEFGHIJKLMNOP' }],
    [{ 'sys name': 'ABCDEFGHIJKLMNO  Q' }, 'sys name', 'first 16 characters', { name: 'ABCDEFGHIJKLMNO' }],
    [{ 'sys name': '😀'.repeat(17) }, 'sys name', 'first 16 characters', { name: '😀'.repeat(16) }],
    [{ masters: 'A=10.1.1.5;B=10.1.1.0/24' }, 'masters', 'masters A and B both claim', {}],
    [{ masters: 'A=10.1.1.5,172.16.0.1' }, 'masters', 'lets no connection of A in from 172.16.0.1', {}],
  ])('%j', (cells, field, reason, expected) => {
    const { group, problems } = load(cells);
    expect(problems).toEqual([
      { row: 2, field, severity: 'warning', reason: expect.stringContaining(reason) as string },
    ]);
    expect(group).toMatchObject(expected);
  });

  test("what is said of the masters' side is not said of the RTU's again", () => {
    expect(load({ t1: '2', t2: '1', ack: 'stored' }).problems.map(({ field }) => field)).toEqual(['t1']);
    expect(load({ w: '7', idletime: '20' }).problems.map(({ field }) => field)).toEqual(['w', 'idletime']);
  });

  test.each(['stored', 'received'])('%s does without the masters: a fast RTU with a small k is no matter', (ack) => {
    expect(load({ 'rtu k': '3', 'rtu w': '2', 'rtu t1': '2', 'rtu t2': '1', ack }).problems).toEqual([]);
  });

  test('the recommended w is no more than two thirds of k, as in the manual', () => {
    expect(load({ w: '8', k: '12' }).problems).toEqual([]);
    expect(load({ w: '9', k: '12' }).problems).toHaveLength(1);
  });
});

test.each([
  [{ 'port no': '1023' }, ['port no: 1023 is below 1024, which not everybody may open']],
  [{ 'port no': '1024' }, []],
  [
    { 'port no': '32', 'rtu no': '32141' },
    [
      'port no: 32 is below 1024, which not everybody may open; were 32 and 32141 exchanged? the port stands before the RTU number',
    ],
  ],
  [{ 'tls port': '998', 'tls names': 'cn:a' }, ['tls port: 998 is below 1024, which not everybody may open']],
])('a port that systems keep to themselves loads, and is told of: %j', (cells, told) => {
  const { group, problems } = load(cells);
  expect(group).toBeDefined();
  expect(problems.map(({ field, reason }) => `${field}: ${reason}`)).toEqual(told);
});

test('names of certificates without control characters', () => {
  const { problems } = load({ 'tls port': '19998', 'tls names': 'cn:a\u001b[2Jb' });
  expect(problems).toMatchObject([
    { field: 'tls names', reason: expect.stringContaining('control characters') as string },
  ]);
});
