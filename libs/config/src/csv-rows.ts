import { isUtf8 } from 'node:buffer';

import { CsvError, parse } from 'csv-parse/sync';

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

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const LINE_END = /\r\n|\n|\r/;
const QUOTE_FAULT = 'a quote is not closed or is in the middle of a cell';

/** Ends a parse early at a record that has to be read again as a single line. */
class QuoteRunsOver extends Error {}

/**
 * Cuts CSV octets (UTF-8, a byte order mark is skipped; LF, CRLF or CR) into rows; blank ones are left out. Never throws
 * because of the content.
 *
 * A row with a stray or unclosed quote is given with a `fault`, and reading goes on at the next line: otherwise one
 * forgotten quote would silently take the groups below it out of service.
 */
export function csvRows(octets: Uint8Array): CsvRow[] {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  const rows: CsvRow[] = [];
  let begin = buffer.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  let line = 1;

  const take = (end: number, cells: readonly string[] | undefined): void => {
    const raw = buffer.subarray(begin, end);
    const lines = raw.toString('utf8').split(LINE_END);
    const endsWithLineEnd = lines.length > 1 && lines.at(-1) === '';
    if (endsWithLineEnd) lines.pop();
    const fault = cells === undefined ? QUOTE_FAULT : isUtf8(raw) ? undefined : 'the text is not UTF-8';
    const row = { line, cells: (cells ?? roughCut(lines)).map((cell) => cell.trim()), lines, fault };
    if (row.cells.some((cell) => cell !== '')) rows.push(row);
    line += lines.length;
    begin = end;
  };

  while (begin < buffer.length) {
    const origin = begin;
    const { records, faulty } = parseUntilFault(buffer.subarray(origin));
    for (const record of records) take(origin + record.endOctets, record.cells);
    if (!faulty) break;
    take(endOfLine(buffer, begin), undefined);
  }
  return rows;
}

function parseUntilFault(octets: Buffer): { records: readonly CsvRecord[]; faulty: boolean } {
  const records: CsvRecord[] = [];
  try {
    parse(octets, {
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      on_record: (cells: string[], { bytes }) => {
        if (quoteRunsOver(cells)) throw new QuoteRunsOver();
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
 * Spreadsheets do write line ends inside a cell, but nothing in a group or a setting has any: there it is a quote that
 * was forgotten and met the next one some rows below. Only a comment keeps its lines together.
 */
function quoteRunsOver(cells: readonly string[]): boolean {
  if (!cells.some((cell) => LINE_END.test(cell))) return false;
  const first = cells[0]?.trim() ?? '';
  return !first.startsWith('#') && !LINE_END.test(first);
}

function roughCut(lines: readonly string[]): string[] {
  return (lines[0] ?? '').split(',').map((cell) => cell.replaceAll('"', ''));
}

/** The offset after the line end that follows `begin`. */
function endOfLine(buffer: Buffer, begin: number): number {
  for (let index = begin; index < buffer.length; index += 1) {
    if (buffer[index] === 0x0a) return index + 1;
    if (buffer[index] === 0x0d) return buffer[index + 1] === 0x0a ? index + 2 : index + 1;
  }
  return buffer.length;
}
