import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { parseConfiguration } from './parse-configuration.js';
import type { GroupConfig } from './types.js';

/** One and the same table as spreadsheets, editors and exports of other programs save it. */

const HEADER =
  'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter,masters';
const ROWS = [
  'iec104MM2SS-1port-v1.0 ini file,,,,,,,,,,,,,,,,',
  '# general settings; then the RTUs,,,,,,,,,,,,,,,,',
  'ntp_server,10.1.1.15,,,,,,,,,,,,,,,',
  HEADER,
  '7,RTU-7,2404,32,3,90,16,11,21,8,12,500,N,old,10.9.9.9:2404;10.9.9.8:2405,10.1.0.0/16;10.2.0.0/16,A=10.1.1.5;B=10.2.1.5',
  '8,RTU-8,2405,33,3,90,16,11,21,8,12,500,N,all,rtu-8:2404,,',
].map((row) => row.split(','));

/** The masters' cell holds commas when a master has several sources, which needs quotes like every separator in a cell. */
function save(delimiter: string, lineEnd: string, quoteAll = false): string {
  const cell = (text: string): string =>
    quoteAll || text.includes(delimiter.trim() || delimiter) ? `"${text}"` : text;
  return ROWS.map((row) => row.map(cell).join(delimiter) + lineEnd).join('');
}

function said(groups: readonly GroupConfig[]): unknown {
  return JSON.parse(JSON.stringify(groups.map((group) => ({ ...group, row: 0 }))));
}

const PLAIN = parseConfiguration(save(',', '\n'));
const utf16be = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le').swap16();

test('the table itself', () => {
  expect(PLAIN.problems).toEqual([]);
  expect(PLAIN.groups.map(({ id }) => id)).toEqual(['7', '8']);
  expect(PLAIN.form).toEqual({ encoding: 'UTF-8', delimiter: 'commas', headerRow: 4 });
});

const DELIMITERS = [
  [',', 'commas'],
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'bars'],
] as const;

test.each(['utf16le', 'be'])('half a file in UTF-16 without a mark is told of (%s)', (order) => {
  const text = save(',', '\n');
  const whole = order === 'be' ? utf16be(text).subarray(2) : Buffer.from(text, 'utf16le');
  const { groups, problems } = parseConfiguration(whole.subarray(0, 701));
  expect(groups).toEqual([]);
  expect(problems).toMatchObject([{ severity: 'skipped', reason: expect.stringContaining('was cut off') as string }]);
});

describe.each(DELIMITERS)('cells separated by %j', (delimiter, name) => {
  test.each<[string, string | Uint8Array, string]>([
    ['LF', save(delimiter, '\n'), 'UTF-8'],
    ['CRLF', save(delimiter, '\r\n'), 'UTF-8'],
    ['CR', save(delimiter, '\r'), 'UTF-8'],
    ['every cell quoted', save(delimiter, '\r\n', true), 'UTF-8'],
    ['no line end at the end', save(delimiter, '\n').slice(0, -1), 'UTF-8'],
    ['a byte order mark', `\ufeff${save(delimiter, '\r\n')}`, 'UTF-8 with BOM'],
    ['UTF-16LE', Buffer.from(`\ufeff${save(delimiter, '\r\n')}`, 'utf16le'), 'UTF-16LE'],
    ['UTF-16LE without a mark', Buffer.from(save(delimiter, '\r\n'), 'utf16le'), 'UTF-16LE'],
    ['UTF-16BE', utf16be(save(delimiter, '\r\n')), 'UTF-16BE'],
    ['UTF-16BE without a mark', utf16be(save(delimiter, '\r\n')).subarray(2), 'UTF-16BE'],
    ['empty columns behind', save(delimiter, `${delimiter.repeat(6)}\n`), 'UTF-8'],
    ['empty rows behind', `${save(delimiter, '\n')}${`${delimiter.repeat(16)}\n`.repeat(50)}`, 'UTF-8'],
    ['blanks around cells', save(delimiter === '\t' ? delimiter : ` ${delimiter} `, ' \n'), 'UTF-8'],
  ])('%s', (_how, text, encoding) => {
    const { groups, problems, settings, form } = parseConfiguration(text);
    expect(problems).toEqual([]);
    expect(said(groups)).toEqual(said(PLAIN.groups));
    expect(settings).toEqual(PLAIN.settings);
    expect(form).toEqual({ encoding, delimiter: name, headerRow: 4 });
  });

  test.each(['sep=?', '"sep=?"', 'SEP=?'])('a first row %s', (row) => {
    const { groups, problems, form } = parseConfiguration(
      `${row.replace('?', delimiter)}\r\n${save(delimiter, '\r\n')}`,
    );
    expect(problems).toEqual([]);
    expect(said(groups)).toEqual(said(PLAIN.groups));
    expect(form).toMatchObject({ delimiter: name, headerRow: 5 });
  });

  test('without a header row', () => {
    const lines = save(delimiter, '\n').split('\n');
    const text = lines
      .slice(4)
      .map((line) => line.replace(/["]?A=.*$/, ''))
      .join('\n');
    const { groups, form } = parseConfiguration(text);
    expect(groups.map(({ id, hosts }) => [id, hosts.length])).toEqual([
      ['7', 2],
      ['8', 1],
    ]);
    expect(form).toEqual({ encoding: 'UTF-8', delimiter: name, headerRow: undefined });
  });
});

test('numbers of a column of numbers', () => {
  for (const zeros of ['.0', '.00', ',0']) {
    const text = save(';', '\n').replaceAll(/(?<=;|^)(\d+)(?=;)/gm, `$1${zeros}`);
    const { groups, problems } = parseConfiguration(text);
    expect(problems).toEqual([]);
    expect(said(groups)).toEqual(said(PLAIN.groups));
  }
});

test.each([
  ['in a comment', '# general', '# M\u00fcller, general', 'RTU-7'],
  ['in a name', 'RTU-7', 'S\u00fcd \u20ac \u2013 7', 'S\u00fcd \u20ac \u2013 7'],
])('Windows-1252 %s', (_where, from, to, name) => {
  const octets = Array.from(save(';', '\r\n').replace(from, to), (letter) =>
    letter === '\u20ac' ? 0x80 : letter === '\u2013' ? 0x96 : letter.charCodeAt(0),
  );
  const { groups, problems, form } = parseConfiguration(Uint8Array.from(octets));
  expect(problems).toEqual([]);
  expect(groups.map((group) => group.name)).toEqual([name, 'RTU-8']);
  expect(form.encoding).toBe('Windows-1252');
});

test('lists with an entry a line', () => {
  const text = save(',', '\r\n')
    .replace('10.9.9.9:2404;10.9.9.8:2405', '"10.9.9.9:2404;\n10.9.9.8:2405"')
    .replace('10.1.0.0/16;10.2.0.0/16', '"10.1.0.0/16\n10.2.0.0/16"');
  const { groups, problems } = parseConfiguration(text);
  expect(problems).toEqual([]);
  expect(said(groups)).toEqual(said(PLAIN.groups));
});

test('a list without quotes in a file separated by semicolons is recognised, and said how to write', () => {
  const { groups, problems } = parseConfiguration(save(';', '\n').replaceAll('"', ''));
  expect(groups.map(({ id }) => id)).toEqual(['8']);
  const reason = 'this list needs quotes: it is cut into 2 cells; nearest valid form: "10.9.9.9:2404;10.9.9.8:2405"';
  expect(problems).toEqual([{ row: 5, field: 'hosts', reason, severity: 'skipped' }]);
});

describe('a list without quotes', () => {
  const header = ['id', 'sys name', 'port no', 'rtu no', 'hosts', 'filter', 'ack', 'masters'];
  const row = (...lists: string[]): string[] => ['7', 'A', '2501', '3', ...lists];
  const check = (delimiter: string, cells: string[]) =>
    parseConfiguration([header, cells].map((line) => line.join(delimiter)).join('\n')).problems.filter(
      ({ severity }) => severity === 'skipped',
    );

  test.each([
    ['hosts', row('10.0.0.1:2404;10.0.0.2:2404', '', '', ''), '"10.0.0.1:2404;10.0.0.2:2404"'],
    [
      'hosts',
      row('10.0.0.1:2404;10.0.0.2:2404;rtu-7:2404', '10.1.0.0/16', '', ''),
      '"10.0.0.1:2404;10.0.0.2:2404;rtu-7:2404"',
    ],
    ['hosts', row('10.0.0.1:2404;10.0.0.2:2404'), '"10.0.0.1:2404;10.0.0.2:2404"'],
    ['filter', row('10.0.0.1:2404', '10.1.0.0/16;10.2.0.7', 'stored', ''), '"10.1.0.0/16;10.2.0.7"'],
    [
      'masters',
      row('10.0.0.1:2404', '', 'stored', 'A=10.1.1.1;B=10.1.1.2;C=10.1.1.3'),
      '"A=10.1.1.1;B=10.1.1.2;C=10.1.1.3"',
    ],
  ])('of %s is told from other faults', (field, cells, form) => {
    expect(check(';', cells)).toMatchObject([
      { row: 2, field, reason: expect.stringContaining(`needs quotes`) as string },
    ]);
    expect(check(';', cells)[0]?.reason).toContain(`nearest valid form: ${form}`);
  });

  test('in a file separated by commas is one when cells have moved', () => {
    const cells = row('10.0.0.1:2404,10.0.0.2:2404', '10.1.0.0/16', 'stored', 'A=10.1.1.1');
    expect(check(',', cells)).toMatchObject([
      { field: 'hosts', reason: expect.stringContaining('needs quotes') as string },
    ]);
    expect(check(',', row('10.0.0.1:2404', '10.1.1.1:2404', 'stored', ''))).toMatchObject([{ field: 'filter' }]);
  });

  test('is none where each column has its own', () => {
    expect(check(';', row('10.0.0.1:2404', '10.1.0.0/16', 'stored', 'A=10.1.1.1'))).toEqual([]);
    expect(check(';', row('10.0.0.1:2404', '10.1.1.1', '', ''))).toEqual([]);
  });
});

test.each([
  ['a workbook', Buffer.from('PK\u0003\u0004rest'), 'save it as CSV'],
  ['an old workbook', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), 'save it as CSV'],
  ['a compressed file', Buffer.from([0x1f, 0x8b, 8, 0]), 'compressed'],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x69, 0, 0, 0]), 'UTF-32'],
])('%s is named for what it is', (_name, octets, reason) => {
  expect(parseConfiguration(octets)).toMatchObject({
    groups: [],
    problems: [{ row: 1, severity: 'skipped', reason: expect.stringContaining(reason) as string }],
  });
});

test('the sample of the manual, saved by a European spreadsheet', () => {
  const sample = readFileSync(new URL('../testdata/sample.csv', import.meta.url), 'utf8');
  // None of its cells with commas is quoted but comments.
  const european = sample
    .split('\n')
    .map((line) =>
      line.startsWith('"')
        ? line
        : line
            .split(',')
            .map((cell) => (cell.includes(';') ? `"${cell}"` : cell))
            .join(';'),
    )
    .join('\r\n');
  const { groups, form } = parseConfiguration(european);
  expect(said(groups)).toEqual(said(parseConfiguration(sample).groups));
  expect(form.delimiter).toBe('semicolons');
});
