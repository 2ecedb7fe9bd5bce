import type { Delimiter } from '../delimiter.js';

/** Characters `from` up to, not including, `to`. */
export interface CellSpan {
  readonly from: number;
  readonly to: number;
}

/** Where the cells of one row stand, quotes and blanks around them included. The row has no fault. */
export function cellSpans(row: string, delimiter: Delimiter): CellSpan[] {
  const spans: CellSpan[] = [];
  let from = 0;
  let inQuotes = false;
  for (let at = 0; at <= row.length; at++) {
    const character = row[at];
    // Two quotes within quotes are one; seen as an end and a beginning they come out the same.
    if (character === '"') inQuotes = !inQuotes;
    else if (character === undefined || (character === delimiter && !inQuotes)) {
      spans.push({ from, to: at });
      from = at + 1;
    }
  }
  return spans;
}

/** A cell of the configuration file as it is written. */
export function quoted(value: string, delimiter: Delimiter): string {
  // All that separates cells somewhere: the file may come into another program.
  const plain = !value.includes(delimiter) && !/["\r\n]/.test(value) && value.trim() === value;
  return plain ? value : `"${value.replaceAll('"', '""')}"`;
}
