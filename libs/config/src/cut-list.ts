import type { CsvRow } from './csv-rows.js';
import type { Delimiter } from './delimiter.js';
import { parseEndpoints } from './endpoints.js';
import type { Layout } from './layout.js';
import { parseNamedMasters } from './named-masters.js';
import { isObserveCondition } from './observe-cell.js';
import { parsePeerNames } from './peer-names.js';
import { nearest } from './parsed.js';
import { parseRights } from './rights-cell.js';
import { parseSourceRanges } from './source-range.js';

/** Columns of lists, and what their entries look like: none of them looks like the cell of another column. */
const LISTS = [
  ['hosts', (text: string) => parseEndpoints(text).ok],
  ['filter', (text: string) => parseSourceRanges(text).ok],
  ['masters', (text: string) => parseNamedMasters(text).ok],
  ['rights', (text: string) => parseRights(text).ok],
  ['observe', isObserveCondition],
  ['tls names', (text: string) => parsePeerNames(text).ok],
  ['rtu names', (text: string) => parsePeerNames(text).ok],
] as const;

export interface CutList {
  readonly column: (typeof LISTS)[number][0];
  readonly reason: string;
}

/**
 * A list that was cut into several cells, as what separates its entries separates the cells of this file, too, and it is not
 * in quotes: everything behind it has moved. Undefined when there is none.
 */
export function cutList({ cells }: CsvRow, layout: Layout, delimiter: Delimiter): CutList | undefined {
  const { indexOf, width } = layout;
  // Where something else separates cells, an entry in the next column is a slip unless cells have moved.
  if (delimiter !== ';' && cells.slice(width).every((cell) => cell === '')) return undefined;
  for (const [column, isList] of LISTS) {
    const index = indexOf.get(column);
    if (index === undefined) continue;
    const after = cells.slice(index);
    const end = after.findIndex((cell) => cell === '' || !isList(cell));
    const entries = end < 0 ? after : after.slice(0, end);
    if (entries.length < 2) continue;
    const whole = JSON.stringify(entries.join(';'));
    const reason = `this list needs quotes: it is cut into ${entries.length} cells${nearest(whole)}`;
    return { column, reason };
  }
  return undefined;
}
