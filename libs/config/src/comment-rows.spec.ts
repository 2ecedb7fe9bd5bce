import { expect, it } from 'vitest';
import { commentRows } from './comment-rows.js';
import { parseConfiguration } from './parse-configuration.js';

const HEADER = 'id,sys name,port no,rtu no,hosts,filter,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip';
const row = (id: number, name: string, port = 2400 + id): string =>
  `${id},${name},${port},${id},10.0.0.${id}:2404,,5,60,15,10,20,8,12,1000,N,all`;
const BAD_PORT = 99_999;

it.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('comments out what does not load, and nothing else (%s)', (_name, end) => {
  const text = [HEADER, row(1, 'North'), row(2, 'South', BAD_PORT), row(3, 'West'), ''].join(end);
  const { groups, problems } = parseConfiguration(Buffer.from(text));
  const rows = new Set(problems.filter(({ severity }) => severity === 'skipped').map(({ row }) => row));
  const commented = commentRows(text, rows);
  expect(commented).toBe(text.replace('2,South', '#2,South'));
  const after = parseConfiguration(Buffer.from(commented));
  expect(after.groups).toEqual(groups);
  expect(after.problems.filter(({ severity }) => severity === 'skipped')).toEqual([]);
});

it('comments out all lines of a row whose cell has several', () => {
  const text = [HEADER, row(1, 'North'), row(4, '"East\nand more"', BAD_PORT), row(5, 'South'), ''].join('\n');
  const commented = commentRows(text, new Set([3]));
  expect(commented).toContain('#4,"East\n#and more"');
  expect(parseConfiguration(Buffer.from(commented)).groups.map(({ id }) => id)).toEqual(['1', '5']);
});

it('leaves a file as it is when no row is named', () => {
  const text = `${row(1, 'North')}\n`;
  expect(commentRows(text, new Set())).toBe(text);
});
