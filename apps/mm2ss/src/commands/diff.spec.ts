import { parseConfiguration } from '@iec104mm2ss/config';
import { describe, expect, it } from 'vitest';
import { diffOf, formatDiff } from './diff.js';

const HEADER =
  'id;sys name;port no;rtu no;max conn;idletime;t1;t2;t3;w;k;buffsize;logevents;same ip;hosts;filter;masters';
const row = (id: number, changes: Readonly<Record<string, string>> = {}): string => {
  const cells = {
    name: `RTU ${id}`,
    port: `${2500 + id}`,
    max: '8',
    t1: '15',
    hosts: `127.0.0.${id}:2404`,
    ...changes,
  };
  const { name, port, max, t1, hosts } = cells;
  return `${id};${name};${port};${id};${max};60;${t1};10;20;8;12;1000;N;all;${hosts};;`;
};
const diff = (before: readonly string[], after: readonly string[]) => {
  const read = (rows: readonly string[]) => parseConfiguration([HEADER, ...rows].join('\n'));
  return diffOf(read(before), read(after));
};

describe('mm2ss diff', () => {
  it('says of each group what an apply costs', () => {
    const before = [row(1), row(2), row(3), row(4), row(5)];
    const after = [row(6), row(1), row(2, { max: '9' }), row(3, { t1: '16' }), row(4, { hosts: '127.0.0.9:2404' })];
    expect(formatDiff(diff(before, after))).toBe(
      [
        'group 5 RTU 5: gone: its link is closed, its masters are disconnected, and what is kept for masters that are away is given up',
        'group 2 RTU 2: live, nobody is disconnected (max conn)',
        // t1 of the file counts for both sides, unless the RTU has its own.
        'group 3 RTU 3: the link to the RTU is closed and opened anew, so its masters are disconnected (t1, rtu t1)',
        'group 4 RTU 4: the link to the RTU is closed and opened anew, so its masters are disconnected (hosts)',
        'group 6 RTU 6: new',
        '1 group unchanged',
        '',
      ].join('\n'),
    );
  });

  it('says that only the port changes for the masters', () => {
    const { groups } = diff([row(1)], [row(1, { port: '2600' })]);
    expect(groups).toEqual([{ id: '1', name: 'RTU 1', effect: 'masters', columns: ['port no'] }]);
  });

  it('says that a filter may cost a master its connection', () => {
    const filtered = row(1).replace(/;;$/, ';10.0.0.0/8;');
    expect(formatDiff(diff([row(1)], [filtered]))).toContain(
      'masters that the filter leaves out, or that have no rights, are disconnected (filter)',
    );
  });

  it('says what a master loses that is not named any more, and not of one that has another name', () => {
    const named = (masters: string): string[] => [row(1).replace(/;;$/, `;10.0.0.0/8;"${masters}"`)];
    const after = (masters: string): string => formatDiff(diff(named('A=10.1.1.5;B=10.1.2.0/24'), named(masters)));
    expect(after('B=10.1.2.0/24')).toContain('not named any more: A: gets nothing');
    expect(after('C=10.1.1.5;B=10.1.2.0/24')).not.toContain('not named');
  });

  it('finds nothing where rows only moved', () => {
    expect(diff([row(1), row(2)], [row(2), '# a remark', row(1)])).toEqual({
      refused: [],
      groups: [],
      unchanged: 2,
      settings: false,
    });
  });

  it.each([
    ['a slip in a row', [row(1), row(2, { t1: '999' })], 'row 3, t1'],
    ['no group', ['# nothing'], 'no group'],
  ])('says that a file with %s would not be taken', (_what, after, reason) => {
    const found = diff([row(1), row(2)], after);
    expect(found.refused.join()).toContain(reason);
    expect(formatDiff(found)).toContain('would not be taken, nothing would change');
  });
});
