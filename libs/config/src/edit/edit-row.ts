import { configurationFile, type ConfigurationFile } from '../read-configuration.js';
import { csvRows, type CsvRow } from '../csv-rows.js';
import { type Delimiter, detectDelimiter } from '../delimiter.js';
import { decodeFile, encodeFile, type FileEncoding } from '../file-encoding.js';
import { type ColumnName, layoutOf, type Layout, looksLikeHeader, MANUAL_LAYOUT } from '../layout.js';
import { parseConfiguration } from '../parse-configuration.js';
import { cellSpans, type CellSpan, quoted } from './cell-spans.js';

/** A row of the file that is a group's, as the file has it. */
export interface FileRow {
  readonly id: string;
  /** 1-based line at which it begins. */
  readonly row: number;
  /** By column; those that the header does not name are missing. */
  readonly cells: Readonly<Partial<Record<ColumnName, string>>>;
}

/**
 * A file in which one row is another one. All other octets are as they were. Where a column is added, the header gets it, and so do
 * the rows of groups, if they would not load without.
 */
export interface EditedFile {
  readonly file: ConfigurationFile;
  readonly octets: Uint8Array;
  readonly row: number;
  /** The row as it was, and as it is, without its line end. */
  readonly rowBefore: string;
  readonly rowAfter: string;
}

/** Why a row cannot be edited, for people. */
export interface EditFault {
  readonly fault: string;
  /** Undefined: it is no matter of one cell. */
  readonly column?: ColumnName;
}

/** Line ends would begin another row for every program that does not read quotes. */
const NO_CELL = /[\r\n\0]/;

/** A file as text, and where in it the row of a group stands. */
interface Place {
  readonly text: string;
  readonly encoding: FileEncoding;
  readonly delimiter: Delimiter;
  readonly row: CsvRow;
  readonly header: CsvRow | undefined;
  readonly layout: Layout;
  /** Rows of other groups below the same header that need a separator more where it has so many columns. */
  short(width: number): readonly CsvRow[];
}

/** The row of the group `id`; undefined when no such group loads from these octets. */
export function readRow(octets: Uint8Array, id: string): FileRow | undefined {
  const place = placeOf(octets, id);
  if ('fault' in place) return undefined;
  const { row, layout } = place;
  const cells = Object.fromEntries(Array.from(layout.indexOf, ([name, index]) => [name, row.cells[index] ?? '']));
  return { id, row: row.line, cells };
}

/**
 * Writes cells of the row of the group `id` anew. What they say is not judged here: read the file that comes of it.
 *
 * @param cells by column; '' empties a cell
 */
export function editRow(
  octets: Uint8Array,
  id: string,
  cells: Readonly<Partial<Record<ColumnName, string>>>,
): EditedFile | EditFault {
  const place = placeOf(octets, id);
  if ('fault' in place) return place;
  const { text, encoding, delimiter, row, header, layout } = place;
  const original = encodeFile(text, encoding, octets);
  if (original === undefined || Buffer.compare(original, octets) !== 0) {
    return { fault: `the file (${encoding}) could not be written back as it is` };
  }
  const wanted = Object.entries(cells) as [ColumnName, string][];
  const odd = wanted.find(([, value]) => NO_CELL.test(value) || !value.isWellFormed());
  if (odd !== undefined) return { fault: 'a cell has no line ends, and no characters that are none', column: odd[0] };
  const added = wanted.filter(([name, value]) => !layout.indexOf.has(name) && value !== '').map(([name]) => name);
  if (added.length > 0 && header === undefined) {
    return { fault: `the file has no header row, so it has no place for ${added.join(', ')}` };
  }
  const columns = new Map(layout.indexOf);
  for (const [offset, name] of added.entries()) columns.set(name, layout.width + offset);

  const lines = lineOffsets(text);
  const spanOf = ({ line, lines: { length } }: CsvRow): CellSpan => {
    const from = lines[line - 1] as number;
    return { from, to: endOfText(text, lines[line - 1 + length] ?? text.length) };
  };
  const written = (of: CsvRow, values: readonly (readonly [number, string])[]): Replacement => {
    const { from, to } = spanOf(of);
    return { from, to, text: withCells(text.slice(from, to), delimiter, values) };
  };
  const changed = wanted.flatMap(([name, value]): [number, string][] => {
    const index = columns.get(name);
    return index === undefined || (row.cells[index] ?? '') === value ? [] : [[index, value]];
  });
  const own = written(row, changed);
  const replacements = [own];
  if (added.length > 0 && header !== undefined) {
    replacements.push(
      written(
        header,
        added.map((name) => [columns.get(name) as number, name]),
      ),
      ...place
        .short(layout.width + added.length)
        .map((other) => written(other, [[layout.width + added.length - 1, '']])),
    );
  }
  const edited = replaced(text, replacements);
  const octetsAfter = encodeFile(edited, encoding, octets);
  if (octetsAfter === undefined)
    return { fault: `a character of it cannot be written in the encoding of the file, ${encoding}` };
  const rowBefore = text.slice(own.from, own.to);
  return {
    file: configurationFile('', octetsAfter),
    octets: octetsAfter,
    row: row.line,
    rowBefore,
    rowAfter: own.text,
  };
}

interface Replacement extends CellSpan {
  readonly text: string;
}

function replaced(text: string, replacements: readonly Replacement[]): string {
  // From the end on, so that the places before it stay.
  const ordered = [...replacements].sort((a, b) => b.from - a.from);
  return ordered.reduce((result, { from, to, text: by }) => result.slice(0, from) + by + result.slice(to), text);
}

function placeOf(octets: Uint8Array, id: string): Place | EditFault {
  const { groups } = parseConfiguration(octets);
  const line = groups.find((group) => group.id === id)?.row;
  const decoded = decodeFile(octets);
  if (line === undefined || decoded.text === undefined) return { fault: `no group ${id} loads from the file` };
  const { text, encoding } = decoded;
  const delimiter = detectDelimiter(text);
  const rows = csvRows(text, delimiter);
  const row = rows.find((each) => each.line === line);
  if (row === undefined) return { fault: `the row of group ${id} is not found` };
  const isHeader = ({ cells, fault }: CsvRow): boolean =>
    !isComment(cells) && looksLikeHeader(cells, fault !== undefined);
  const header = rows.findLast((each) => each.line < line && isHeader(each));
  const end = rows.find((each) => each.line > line && isHeader(each))?.line ?? Infinity;
  const layout = header === undefined ? MANUAL_LAYOUT : layoutOf(header.cells, header.line).layout;
  const loaded = new Set(groups.map(({ row: at }) => at));
  const below = rows.filter(({ line: at }) => loaded.has(at) && at > (header?.line ?? 0) && at < end && at !== line);
  // Where a row without all of its cells would not load, a column more must be in every one that does.
  const isWhole = layout.fewestCells === layout.width;
  return {
    ...{ text, encoding, delimiter, row, header, layout },
    short: (width) => (isWhole ? below.filter(({ cells }) => cells.length < width) : []),
  };
}

const isComment = (cells: readonly string[]): boolean => cells[0]?.startsWith('#') ?? false;

/** Where each line begins; CR LF is one line end. */
function lineOffsets(text: string): number[] {
  return [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), ({ index, 0: end }) => index + end.length)];
}

/** Before the line end that `to` stands behind. */
function endOfText(text: string, to: number): number {
  const [end = ''] = /(?:\r\n|\n|\r)$/.exec(text.slice(Math.max(0, to - 2), to)) ?? [];
  return to - end.length;
}

function withCells(row: string, delimiter: Delimiter, cells: readonly (readonly [number, string])[]): string {
  const spans = cellSpans(row, delimiter);
  let result = row;
  const byIndex = [...cells].sort(([a], [b]) => a - b);
  const beyond = byIndex.filter(([index]) => index >= spans.length);
  let length = spans.length;
  for (const [index, value] of beyond) {
    result += delimiter.repeat(index - length + 1) + quoted(value, delimiter);
    length = index + 1;
  }
  for (const [index, value] of byIndex.filter(([at]) => at < spans.length).reverse()) {
    const { from, to } = spans[index] as CellSpan;
    result = result.slice(0, from) + quoted(value, delimiter) + result.slice(to);
  }
  return result;
}
