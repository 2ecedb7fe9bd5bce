import { describe, expect, it } from 'vitest';
import { anewText, beginsAnew, changedColumns, groupChanges, newFaults } from './changes.js';
import { OWN_COLUMNS, MANUAL_COLUMNS } from './layout.js';
import { parseConfiguration } from './parse-configuration.js';
import type { GroupConfig } from './types.js';

/** A row with a value in every column, and another value for each. */
const VALUES: Readonly<Record<string, readonly [string, string]>> = {
  'sys name': ['A', 'B'],
  'port no': ['2501', '2502'],
  'rtu no': ['1', '2'],
  'max conn': ['4', '5'],
  idletime: ['60', '61'],
  t1: ['15', '16'],
  t2: ['10', '9'],
  t3: ['20', '21'],
  w: ['8', '7'],
  k: ['12', '13'],
  buffsize: ['1000', '1001'],
  logevents: ['N', 'Y'],
  'same ip': ['all', 'old'],
  hosts: ['tls://127.0.0.1:2404', 'tls://127.0.0.2:2404'],
  filter: ['10.0.0.0/8', '10.0.0.0/9'],
  t0: ['30', '31'],
  'rtu t1': ['14', '13'],
  'rtu t2': ['9', '8'],
  'rtu t3': ['22', '23'],
  'rtu w': ['6', '5'],
  'rtu k': ['11', '10'],
  ack: ['stored', 'delivered'],
  interrogation: ['all', 'originator'],
  decoded: ['Y', 'N'],
  masters: ['X=10.0.0.1', 'X=10.0.0.2'],
  'per source': ['2', '3'],
  reserve: ['1', '2'],
  'cmd rate': ['50', '60'],
  'cmd burst': ['100', '110'],
  proxy: ['10.9.0.1', '10.9.0.2'],
  rights: ['X=all', 'X=monitor'],
  observe: ['link:3/min', 'link:4/min'],
  clock: ['forward', 'X'],
  'tls port': ['2601', '2602'],
  plain: ['N', 'Y'],
  'tls profile': ['iec62351', 'modern'],
  'tls names': ['cn:a', 'cn:b'],
  'rtu names': ['cn:r', 'cn:s'],
};
const COLUMNS = [...MANUAL_COLUMNS, ...OWN_COLUMNS].filter((column) => column !== 'id');

function groupWith(changed?: string): GroupConfig {
  const cells = COLUMNS.map((column) => (VALUES[column] as readonly [string, string])[column === changed ? 1 : 0]);
  const { groups, problems } = parseConfiguration([['id', ...COLUMNS].join('|'), ['1', ...cells].join('|')].join('\n'));
  if (groups[0] === undefined) throw new Error(JSON.stringify(problems));
  return groups[0];
}

const PARTS = ['connector', 'router', 'gateway'] as const;

describe('a changed column', () => {
  it.each<[string, string, string]>([
    ...[
      'sys name',
      'max conn',
      'logevents',
      'same ip',
      'filter',
      'decoded',
      'masters',
      'per source',
      'reserve',
      'cmd rate',
      'cmd burst',
      'proxy',
      'tls names',
      'rtu names',
    ].map((column): [string, string, string] => [column, 'live', '']),
    ['interrogation', 'live', 'router'],
    ...['port no', 'tls port', 'plain', 't1', 't2', 't3', 'w', 'k'].map((column): [string, string, string] => [
      column,
      'masters',
      'gateway',
    ]),
    ['rtu no', 'masters', 'router,gateway'],
    ...['idletime', 'tls profile'].map((column): [string, string, string] => [column, 'link', 'connector,gateway']),
    ...['hosts', 't0'].map((column): [string, string, string] => [column, 'link', 'connector']),
    ...['rtu t1', 'rtu t2', 'rtu t3', 'rtu w', 'rtu k', 'buffsize', 'ack'].map((column): [string, string, string] => [
      column,
      'link',
      'connector,router',
    ]),
  ])('%s is %s, and begins anew: %s', (column, effect, parts) => {
    const { changed } = groupChanges([groupWith()], [groupWith(column)]);
    expect(changed).toHaveLength(1);
    const change = changed[0]!;
    expect(changedColumns(change)).toEqual([column]);
    expect(change.effect).toBe(effect);
    expect(PARTS.filter((part) => beginsAnew(part, change)).join()).toBe(parts);
  });

  it('is known for every column that there is', () => {
    for (const column of COLUMNS) expect(groupChanges([groupWith()], [groupWith(column)]).changed).toHaveLength(1);
  });

  it.each(COLUMNS)('%s gives a part another text exactly when it begins anew', (column) => {
    const [change] = groupChanges([groupWith()], [groupWith(column)]).changed;
    for (const part of PARTS) {
      expect(anewText(part, groupWith(column)) === anewText(part, groupWith())).toBe(!beginsAnew(part, change!));
    }
  });

  it('is none when the file says the same in other words', () => {
    expect(groupChanges([groupWith()], [{ ...groupWith(), row: 7 }])).toEqual({ added: [], removed: [], changed: [] });
  });
});

describe('a header that lacks columns', () => {
  const file = (...columns: string[]) =>
    parseConfiguration(
      `id,sys name,port no,rtu no,hosts,${columns.join()}\n1,A,2501,1,10.0.0.1:2404,${columns.map(() => '').join()}\n`,
    );
  const few = file('t1', 'k');
  const more = file('t1', 'k', 'buffsize', 'filter');

  it('may get some of them', () => {
    expect(newFaults(few, more)).toEqual([]);
    expect(newFaults(few, few)).toEqual([]);
  });

  it('may not lose another one, nor one for another', () => {
    for (const [before, after] of [
      [more, few],
      [file('t1', 'filter'), file('t1', 'buffsize')],
    ] as const)
      expect(newFaults(before, after).map(({ reason }) => reason)).toEqual([
        expect.stringMatching(/^columns missing, .*\bfilter/),
      ]);
  });
});
