import { expect, test } from 'vitest';

import { csvRows } from './csv-rows.js';

const rowsOf = (text: string) => csvRows(Buffer.from(text));
const QUOTE_FAULT = 'a quote is not closed or is in the middle of a cell';

test.each([
  ['LF', 'a,b\nc\n'],
  ['CRLF', 'a,b\r\nc\r\n'],
  ['CR', 'a,b\rc\r'],
  ['mixed ends', 'a,b\r\nc'],
  ['a byte order mark', '\ufeffa,b\nc'],
  ['blanks around cells', ' a ,\tb\n c '],
  ['quoted cells', '"a","b"\n"c"'],
])('%s', (_name, text) => {
  expect(rowsOf(text)).toMatchObject([
    { line: 1, cells: ['a', 'b'], fault: undefined },
    { line: 2, cells: ['c'], fault: undefined },
  ]);
});

test('blank lines count as lines but are no rows', () => {
  expect(rowsOf('\n,,\na\n\n\nb').map(({ line, cells }) => [line, cells[0]])).toEqual([
    [3, 'a'],
    [6, 'b'],
  ]);
});

test('quoted cells keep commas and doubled quotes', () => {
  expect(rowsOf('"a, ""b""",c')[0]?.cells).toEqual(['a, "b"', 'c']);
});

test.each([
  ['unclosed to the end of the file', '1,"a\n2,b\n3,c'],
  ['unclosed until the next quote', '1,"a\n2,b\n3,"c"'],
  ['closed by a quote some rows below', '1,"a\n2,b\n3,c"\n'],
  ['in the middle of a cell', '1,a"b"\n2,b\n3,c'],
  ['text after the closing quote', '1,"a"b\n2,b\n3,c'],
])('a quote that is %s costs its own row only', (_name, text) => {
  const rows = rowsOf(text);
  expect(rows[0]).toMatchObject({ line: 1, fault: QUOTE_FAULT });
  expect(rows[0]?.cells[0]).toBe('1');
  expect(rows[1]).toMatchObject({ line: 2, cells: ['2', 'b'], fault: undefined });
  expect(rows[2]).toMatchObject({ line: 3 });
});

test.each([
  ['"# one\r\ntwo",x\r\n1,a', ['# one\r\ntwo', 'x'], ['"# one', 'two",x']],
  ['# one,"two\nthree"\n1,a', ['# one', 'two\nthree'], ['# one,"two', 'three"']],
])('a comment may run over line ends, and the rows below keep their numbers: %j', (text, cells, lines) => {
  expect(rowsOf(text)).toMatchObject([
    { line: 1, cells, lines, fault: undefined },
    { line: 3, cells: ['1', 'a'] },
  ]);
});

test('octets that are not UTF-8 are a fault of their row only', () => {
  const octets = Buffer.concat([Buffer.from('1,é\n2,'), Buffer.from([0xe9]), Buffer.from('\n3,é')]);
  expect(csvRows(octets).map(({ line, fault }) => [line, fault])).toEqual([
    [1, undefined],
    [2, 'the text is not UTF-8'],
    [3, undefined],
  ]);
});

test('a view into a larger buffer is read within its bounds', () => {
  expect(csvRows(Buffer.from('xx1,a\nyy').subarray(2, 6))).toMatchObject([{ line: 1, cells: ['1', 'a'] }]);
});
