import { CsvError, parse } from 'csv-parse/sync';

import type { Delimiter } from './delimiter.js';

/** One row of the file, still text. */
export interface CsvRow {
  /** 1-based line of the file at which the row begins. */
  readonly line: number;
  /** Trimmed cells. With a `fault` they are a rough cut of the line, good only to tell whether it is a comment. */
  readonly cells: readonly string[];
  /** What the file says, line by line: one line, unless a quoted cell runs over line ends. */
  readonly lines: readonly string[];
  /** Why the cells cannot be trusted. */
  readonly fault: string | undefined;
}

interface CsvRecord {
  readonly cells: readonly string[];
  /** Where the record ends, in octets from where the parse began. */
  readonly endOctets: number;
}

const LINE_END = /\r\n|\n|\r/;
const QUOTE_FAULT = 'a quote is not closed or is in the middle of a cell';

const UNSEEN = /[\s\p{Cf}]/u;

/** Ends a parse early at a record that has to be read again as a single line. */
class QuoteRunsOver extends Error {}

/**
 * Cuts the text of a file (LF, CRLF or CR) into rows; blank ones are left out. Never throws because of the content.
 *
 * A row with a stray or unclosed quote is given with a `fault`, and reading goes on at the next line: otherwise one
 * forgotten quote would silently take the groups below it out of service.
 */
export function csvRows(text: string, delimiter: Delimiter = ','): CsvRow[] {
  // The parser tells places in octets.
  const buffer = Buffer.from(text);
  const rows: CsvRow[] = [];
  let begin = 0;
  let line = 1;

  const take = (end: number, cells: readonly string[] | undefined): void => {
    const lines = buffer.toString('utf8', begin, end).split(LINE_END);
    const endsWithLineEnd = lines.length > 1 && lines.at(-1) === '';
    if (endsWithLineEnd) lines.pop();
    const fault = cells === undefined ? QUOTE_FAULT : undefined;
    const row = { line, cells: (cells ?? roughCut(lines, delimiter)).map(trimmed), lines, fault };
    if (row.cells.some((cell) => cell !== '')) rows.push(row);
    line += lines.length;
    begin = end;
  };

  while (begin < buffer.length) {
    const origin = begin;
    const { records, faulty } = parseUntilFault(buffer.subarray(origin), delimiter);
    for (const record of records) take(origin + record.endOctets, record.cells);
    if (!faulty) break;
    take(endOfLine(buffer, begin), undefined);
  }
  return rows;
}

function parseUntilFault(octets: Buffer, delimiter: Delimiter): { records: readonly CsvRecord[]; faulty: boolean } {
  const records: CsvRecord[] = [];
  try {
    parse(octets, {
      delimiter,
      // Blanks between a separator and a quote; tabs would be taken for blanks.
      trim: delimiter !== '\t',
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      on_record: (cells: string[], { bytes }) => {
        if (quoteRunsOver(cells, delimiter)) throw new QuoteRunsOver();
        records.push({ cells, endOctets: bytes });
        return null;
      },
    });
    return { records, faulty: false };
  } catch (error) {
    if (error instanceof CsvError || error instanceof QuoteRunsOver) return { records, faulty: true };
    throw error;
  }
}

/**
 * Spreadsheets do write line ends inside a cell: a long heading, or a list with an entry a line. Where a quote was forgotten
 * and met the next one some rows below, whole rows are in the cell. Only a comment keeps such lines together.
 */
function quoteRunsOver(cells: readonly string[], delimiter: Delimiter): boolean {
  if ((cells[0]?.trim() ?? '').startsWith('#')) return false;
  return cells.some((cell) => {
    const [, ...further] = cell.split(LINE_END);
    return further.some((line) => isRow(line, delimiter));
  });
}

/** True for a line that is no part of a list: those begin with an address or with NAME=, and may end with the separator. */
function isRow(line: string, delimiter: Delimiter): boolean {
  if (/^\s*[#!]/.test(line)) return true;
  const [first = '', ...others] = line.trim().slice(0, -1).split(delimiter);
  return others.length > 0 && !/[=:./]/.test(first);
}

/** Without blanks at both ends, and what word processors and browsers leave there unseen. */
function trimmed(cell: string): string {
  let from = 0;
  let to = cell.length;
  while (from < to && UNSEEN.test(cell.charAt(from))) from++;
  while (to > from && UNSEEN.test(cell.charAt(to - 1))) to--;
  return cell.slice(from, to);
}

function roughCut(lines: readonly string[], delimiter: Delimiter): string[] {
  return (lines[0] ?? '').split(delimiter).map((cell) => cell.replaceAll('"', ''));
}

/** The offset after the line end that follows `begin`. */
function endOfLine(buffer: Buffer, begin: number): number {
  for (let index = begin; index < buffer.length; index += 1) {
    if (buffer[index] === 0x0a) return index + 1;
    if (buffer[index] === 0x0d) return buffer[index + 1] === 0x0a ? index + 2 : index + 1;
  }
  return buffer.length;
}
