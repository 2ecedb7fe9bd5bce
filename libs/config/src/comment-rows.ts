import { csvRows } from './csv-rows.js';
import { detectDelimiter } from './delimiter.js';

const LINES_AND_ENDS = /(\r\n|\n|\r)/;

/**
 * The text of a file in which rows are commented out; all else is as it was.
 *
 * @param begins 1-based lines at which these rows begin
 */
export function commentRows(text: string, begins: ReadonlySet<number>): string {
  const rows = csvRows(text, detectDelimiter(text)).filter(({ line }) => begins.has(line));
  const commented = new Set(rows.flatMap(({ line, lines }) => lines.map((_, index) => line + index)));
  const parts = text.split(LINES_AND_ENDS);
  // Each second one is a line end.
  return parts.map((part, index) => (index % 2 === 0 && commented.has(index / 2 + 1) ? `#${part}` : part)).join('');
}
