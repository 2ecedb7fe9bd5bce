import { expect, test } from 'vitest';

import { csvRows } from './csv-rows.js';

const rowsOf = (text: string) => csvRows(text);
const QUOTE_FAULT = 'a quote is not closed or is in the middle of a cell';

test.each([
  ['LF', 'a,b\nc\n'],
  ['CRLF', 'a,b\r\nc\r\n'],
  ['CR', 'a,b\rc\r'],
  ['mixed ends', 'a,b\r\nc'],
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

test.each([
  ['a list with a line for each entry', '1,"10.1.1.5:2404;\n10.1.1.6:2404;\n10.1.1.7:2404",x\n2,b', ','],
  ['the same where the separator of lists is that of cells', '1;"10.1.1.5:2404;\n10.1.1.6:2404;\n";x\n2;b', ';'],
  ['masters with several sources', '1,"A=10.1.1.5;\nB=10.1.1.6,10.1.1.7",x\n2,b', ','],
  ['a long heading', 'id,"port\nno",x\n2,b', ','],
] as const)('a cell may run over line ends: %s', (_name, text, delimiter) => {
  const [first, second] = csvRows(text, delimiter);
  expect(first).toMatchObject({ line: 1, fault: undefined });
  expect(first?.cells).toHaveLength(3);
  expect(second).toMatchObject({ line: first?.lines.length ? first.lines.length + 1 : 0, cells: ['2', 'b'] });
});

test.each([';', '\t', '|'] as const)('cells separated by %j', (delimiter) => {
  const text = ['a', '"b, c"', ' d '].join(delimiter);
  expect(csvRows(text, delimiter)).toMatchObject([{ cells: ['a', 'b, c', 'd'] }]);
});

test('what is not seen at the ends of a cell is no part of it', () => {
  expect(rowsOf('\ufeff1\u200b,\u00a0a b\u00a0,\u200e10.1.1.5\u202c')[0]?.cells).toEqual(['1', 'a b', '10.1.1.5']);
});
