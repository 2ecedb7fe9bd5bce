import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupChanges } from '../changes.js';
import { parseConfiguration } from '../parse-configuration.js';
import { COLUMN_HELP } from './columns.js';
import { type EditedFile, editRow, readRow } from './edit-row.js';

const SAMPLE = readFileSync(new URL('../../testdata/sample.csv', import.meta.url));
const HEADER = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';
const ROW = '7,Seven,2407,7,3,60,15,10,20,8,12,1000,Y,all,10.0.0.7:2404,10.1.0.0/16';

function edited(octets: Uint8Array, id: string, cells: Parameters<typeof editRow>[2]): EditedFile {
  const outcome = editRow(octets, id, cells);
  if ('fault' in outcome) throw new Error(outcome.fault);
  return outcome;
}
const textOf = ({ octets }: EditedFile): string => Buffer.from(octets).toString('utf8');

describe('editRow', () => {
  it('changes a cell of the sample, and no other octet', () => {
    const outcome = edited(SAMPLE, '111', { 'max conn': '4' });
    const before = SAMPLE.toString('utf8');
    expect(textOf(outcome)).toBe(before.replace('111,RTU-ABB,2404,32,2,', '111,RTU-ABB,2404,32,4,'));
    expect(outcome.rowAfter).toBe(outcome.rowBefore.replace(',32,2,', ',32,4,'));
  });

  it.each([
    ['\r\n', 'LF after CR'],
    ['\n', 'LF'],
    ['\r', 'CR'],
  ])('keeps line ends as they are: %j', (end) => {
    const text = ['# comment, "kept"', HEADER, '# 7,Old', ROW, 'odd row', '!', '8,after'].join(end) + end;
    expect(textOf(edited(Buffer.from(text), '7', { 'sys name': 'New' }))).toBe(text.replace('7,Seven', '7,New'));
  });

  it('puts a list into quotes where its separator is that of the file', () => {
    const text = `${HEADER}\n${ROW}\n`.replaceAll(',', ';');
    const outcome = edited(Buffer.from(text), '7', { filter: '10.1.0.0/16;10.2.0.0/16' });
    expect(outcome.rowAfter.endsWith(';"10.1.0.0/16;10.2.0.0/16"')).toBe(true);
    expect(outcome.file.configuration.groups[0]?.filter).toHaveLength(2);
  });

  it('gives the header a column that it has not', () => {
    const text = `${HEADER},,\n${ROW}\n8,Eight,2408,8,3,60,15,10,20,8,12,1000,Y,all,10.0.0.8:2404,\n`;
    const outcome = edited(Buffer.from(text), '7', { masters: 'A=10.1.1.5', clock: 'refuse' });
    expect(textOf(outcome).split('\n')[0]).toBe(`${HEADER},masters,clock`);
    expect(outcome.rowAfter).toBe(`${ROW},A=10.1.1.5,refuse`);
    const { changed, added, removed } = groupChanges(
      parseConfiguration(text).groups,
      outcome.file.configuration.groups,
    );
    expect([added, removed]).toEqual([[], []]);
    expect(changed.map(({ fields }) => fields)).toEqual([['masters', 'clock']]);
  });

  it('gives the other groups a cell more where they would not load without', () => {
    const header = HEADER.replace(',hosts', '').replace('id,', 'id,hosts,');
    const row = (id: number): string =>
      `${id},10.0.0.${id}:2404,R${id},240${id},7,3,60,15,10,20,8,12,1000,Y,all,10.1.0.0/16`;
    const text = [header.replace('logevents,', ''), row(7), '# 8,note', row(8), 'prose']
      .join('\n')
      .replaceAll(',Y,', ',');
    const outcome = edited(Buffer.from(text), '8', { t0: '9' });
    expect(outcome.file.configuration.groups.map(({ id, t0Ms }) => [id, t0Ms])).toEqual([
      ['7', 30_000],
      ['8', 9_000],
    ]);
    expect(textOf(outcome).split('\n')).toMatchObject({ 1: expect.stringMatching(/,$/), 2: '# 8,note', 4: 'prose' });
  });

  it('says so where there is no header to give a column to', () => {
    expect(editRow(Buffer.from(`${ROW}\n`), '7', { masters: 'A=10.1.1.5' })).toEqual({
      fault: 'the file has no header row, so it has no place for masters',
    });
    expect(textOf(edited(Buffer.from(`${ROW}\n`), '7', { 'max conn': '9' }))).toBe(
      `${ROW.replace(',7,3,', ',7,9,')}\n`,
    );
  });

  it('begins no new row with a cell', () => {
    expect(editRow(Buffer.from(`${ROW}\n`), '7', { 'sys name': 'a\n8,b' })).toEqual({
      fault: 'a cell has no line ends, and no characters that are none',
      column: 'sys name',
    });
  });

  it.each(['utf16le', 'latin1'] as const)('writes a file in the encoding that it has: %s', (encoding) => {
    const text = `\ufeff${HEADER}\r\n${ROW.replace('Seven', 'Trüb')}\r\n`.slice(encoding === 'latin1' ? 1 : 0);
    const outcome = edited(Buffer.from(text, encoding), '7', { 'max conn': '9' });
    expect(Buffer.from(outcome.octets).toString(encoding)).toBe(text.replace(',7,3,', ',7,9,'));
  });

  it('says which characters a file in a code page cannot have', () => {
    const octets = Buffer.from(`${HEADER}\r\n${ROW.replace('Seven', 'Trüb')}\r\n`, 'latin1');
    expect(editRow(octets, '7', { 'sys name': 'Ω' })).toMatchObject({ fault: expect.stringContaining('Windows-1252') });
  });

  it('reads what was written, whatever it is', () => {
    const cell = fc.stringMatching(/^[ -~äß€]{0,20}$/).map((text) => text.trim());
    const delimiter = fc.constantFrom(',', ';', '\t', '|');
    fc.assert(
      fc.property(cell, delimiter, (value, separator) => {
        const text = `${HEADER},note to self,masters\n${ROW},,\n`.replaceAll(',', separator);
        const outcome = editRow(Buffer.from(text), '7', { masters: value });
        if ('fault' in outcome) throw new Error(outcome.fault);
        const again = readRow(outcome.octets, '7');
        // A cell that is not accepted takes its row out; what was written can still be seen.
        if (again !== undefined) expect(again.cells.masters).toBe(value);
        else expect(outcome.file.configuration.problems.some(({ severity }) => severity === 'skipped')).toBe(true);
      }),
    );
  });
});

describe('readRow', () => {
  it('has the cells as the file has them', () => {
    expect(readRow(SAMPLE, '222')?.cells).toMatchObject({ id: '222', 'sys name': 'Dreez-SCS', 'same ip': 'new' });
    expect(readRow(SAMPLE, '444')).toBeUndefined();
  });
});

describe('COLUMN_HELP', () => {
  const of = (name: string) => COLUMN_HELP.find((column) => column.name === name);

  it.each([
    ['sys name', 'live'],
    ['filter', 'filter'],
    ['port no', 'masters'],
    ['rtu no', 'masters'],
    ['t1', 'link'],
    ['rtu k', 'link'],
    ['hosts', 'link'],
    ['rtu names', 'filter'],
    ['ack', 'link'],
  ])('says what a change of %s costs: %s', (name, effect) => {
    expect(of(name)?.effect).toBe(effect);
  });

  it('has the ranges that the file is read with', () => {
    expect(of('t3')).toMatchObject({ min: 1, max: 172_800, unit: 'seconds' });
    expect(of('rtu w')).toMatchObject({ min: 1, max: 32_767 });
    expect(of('sys name')).toMatchObject({ required: true });
  });
});
