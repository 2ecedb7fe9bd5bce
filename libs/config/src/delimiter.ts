import { looksLikeHeader } from './layout.js';
import { isNumber, looksLikeGroup } from './row-shape.js';

/** What may stand between two cells. European spreadsheets write semicolons, as their comma is the decimal point. */
export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

const NAMES: Readonly<Record<Delimiter, string>> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' };

/** `commas`, `semicolons` ... */
export function delimiterName(delimiter: Delimiter): string {
  return NAMES[delimiter];
}

/** The row by which a file may tell spreadsheets its separator (`sep=;`), as the first cell of a row. */
export function isSeparatorRow(firstCell: string): boolean {
  return /^sep=.?$/i.test(firstCell);
}

/**
 * What separates the cells of a file: what its first row says, else what makes a header of a row, else what makes groups of
 * most rows. Commas when nothing tells.
 */
export function detectDelimiter(text: string): Delimiter {
  const lines = text.split(/\r\n|\n|\r/);
  const said = /^"?sep=(.)"?[,;\t|\s]*$/i.exec(lines[0] ?? '')?.[1];
  const named = DELIMITERS.find((delimiter) => delimiter === said);
  if (named !== undefined) return named;
  const groups = new Map<Delimiter, number>(DELIMITERS.map((delimiter) => [delimiter, 0]));
  for (const line of lines) {
    if (/^\s*"?#/.test(line)) continue;
    for (const delimiter of DELIMITERS) {
      const cells = line.split(delimiter).map((cell) => cell.replaceAll('"', '').trim());
      if (looksLikeHeader(cells, false)) return delimiter;
      if (isNumber(cells[0] ?? '') && looksLikeGroup(cells)) groups.set(delimiter, (groups.get(delimiter) ?? 0) + 1);
    }
  }
  return DELIMITERS.reduce((best, delimiter) =>
    (groups.get(delimiter) ?? 0) > (groups.get(best) ?? 0) ? delimiter : best,
  );
}
