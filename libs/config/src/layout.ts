import { nearestNames } from './nearest-name.js';

/** The manual's columns, in the order its files without a header row have. */
export const MANUAL_COLUMNS = [
  'id',
  'sys name',
  'port no',
  'rtu no',
  'max conn',
  'idletime',
  't1',
  't2',
  't3',
  'w',
  'k',
  'buffsize',
  'logevents',
  'same ip',
  'hosts',
  'filter',
] as const;

/** Our optional columns. */
export const OWN_COLUMNS = [
  't0',
  'rtu t1',
  'rtu t2',
  'rtu t3',
  'rtu w',
  'rtu k',
  'ack',
  'interrogation',
  'decoded',
  'masters',
  'per source',
  'reserve',
  'cmd rate',
  'cmd burst',
  'proxy',
  'tls port',
  'plain',
  'tls profile',
  'tls names',
  'rtu names',
  'rights',
  'observe',
  'clock',
] as const;

/** All that a header may name. */
export const ALL_COLUMNS = [...MANUAL_COLUMNS, ...OWN_COLUMNS] as const;
export type ColumnName = (typeof ALL_COLUMNS)[number];

/** Where each column stands in the rows below a header row. */
export interface Layout {
  /** Line of the header row, undefined for the manual's fixed order. */
  readonly line: number | undefined;
  readonly indexOf: ReadonlyMap<ColumnName, number>;
  /** Number of columns; a cell with text beyond them is one too many. */
  readonly width: number;
  /** A row with fewer cells than this has lost one, and which one cannot be told. */
  readonly fewestCells: number;
  /** Columns that no name or the same name twice stands over; a cell with text there could mean anything. */
  readonly unclear: readonly { readonly index: number; readonly reason: string }[];
  /** Why no row can be read by this header. */
  readonly fault: string | undefined;
}

/** Columns that keep somebody out: what is nearly one of them is not passed over, for somebody relies on it. */
const PROTECTIONS: readonly ColumnName[] = [
  ...(['max conn', 'same ip', 'filter', 'masters', 'per source', 'reserve', 'cmd rate', 'cmd burst', 'proxy'] as const),
  ...(['rights', 'observe', 'clock', 'tls port', 'plain', 'tls profile', 'tls names', 'rtu names'] as const),
];
const isProtection = (name: ColumnName): boolean => PROTECTIONS.includes(name);

/** What is wrong with a header row, besides `Layout.fault`. */
export interface HeaderRemark {
  readonly field: string;
  readonly reason: string;
}

/** Their names stand behind it. */
export const MISSING_COLUMNS = 'columns missing, so they are empty for every row: ';
/** Said of a heading that is nothing of ours, and nearly nothing of ours. */
export const UNKNOWN_COLUMN = 'unknown column: it is ignored';

const HEADER_NAMES_AT_LEAST = 3;

/** Columns by their letters and digits: `Port No.`, `port_no` and `PORTNO` are the same. */
const BY_LETTERS: ReadonlyMap<string, ColumnName> = new Map([
  ...ALL_COLUMNS.map((name) => [letters(name), name] as const),
  // The only t0 that there is.
  ['rtut0', 't0'],
]);

function letters(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The column that a heading names. */
function columnOf(heading: string): ColumnName | undefined {
  return BY_LETTERS.get(letters(heading));
}

/**
 * True when a row names columns rather than holding values. Comment rows must be sorted out before. Of a `damaged` row,
 * of which only the beginning may be known, less is asked: rows below a lost header must not be read in a guessed order.
 */
export function looksLikeHeader(cells: readonly string[], damaged: boolean): boolean {
  const names = new Set(cells.map(columnOf).filter((name) => name !== undefined));
  return names.size >= HEADER_NAMES_AT_LEAST || (damaged && names.has('id'));
}

/** The layout of a file that has no header row. */
export const MANUAL_LAYOUT: Layout = layoutOf(MANUAL_COLUMNS, undefined).layout;

/** Reads a header row: names in any order and case. Unknown ones are remarked on and otherwise ignored. */
export function layoutOf(
  cells: readonly string[],
  line: number | undefined,
): { layout: Layout; remarks: readonly HeaderRemark[] } {
  const names = [...cells];
  while (names.at(-1) === '') names.pop();

  const indexOf = new Map<ColumnName, number>();
  const unclear: { index: number; reason: string }[] = [];
  const remarks: HeaderRemark[] = [];
  for (const [index, heading] of names.entries()) {
    const name = columnOf(heading);
    if (heading === '') {
      unclear.push({ index, reason: `column ${index + 1} has no name in the header row` });
    } else if (name === undefined) {
      const near = nearestNames(heading, ALL_COLUMNS, ALL_COLUMNS.length);
      const [like] = near;
      const meant = like === undefined ? '' : `; ${JSON.stringify(like)} is the nearest known one`;
      const protection = near.find(isProtection) ?? (/tls/i.test(heading) ? 'tls port' : undefined);
      if (protection === undefined) remarks.push({ field: oneLine(heading), reason: `${UNKNOWN_COLUMN}${meant}` });
      else {
        const name = JSON.stringify(oneLine(heading));
        const reason = `column ${name} is unknown and may be meant for ${JSON.stringify(protection)}, which protects`;
        unclear.push({ index, reason });
        remarks.push({ field: oneLine(heading), reason: `unknown column${meant}: rows that fill it are skipped` });
      }
    } else if (indexOf.has(name)) {
      unclear.push({ index, reason: `column ${JSON.stringify(name)} stands twice in the header row` });
      remarks.push({ field: name, reason: 'this column stands twice: rows that fill the second one are skipped' });
    } else {
      indexOf.set(name, index);
    }
  }

  const missing = MANUAL_COLUMNS.filter((name) => !indexOf.has(name));
  const fault = indexOf.has('id') ? undefined : 'the header row has no column "id"';
  if (fault === undefined && missing.length > 0) {
    remarks.push({ field: 'row', reason: `${MISSING_COLUMNS}${missing.join(', ')}` });
  }
  return {
    layout: { line, indexOf, width: names.length, fewestCells: fewestCells(indexOf, names), unclear, fault },
    remarks,
  };
}

/** A heading as it is shown. */
function oneLine(heading: string): string {
  return heading.toLowerCase().replace(/\s+/g, ' ');
}

/**
 * Spreadsheets leave out the commas of empty cells at the end of a row, so a short row need not be a damaged one. It can
 * be told from one that lost a cell in the middle only when `hosts` (which looks like no other column) comes after
 * everything that could move into another column unnoticed: as in the manual, where only `filter` follows it.
 */
function fewestCells(indexOf: ReadonlyMap<ColumnName, number>, names: readonly string[]): number {
  const hosts = indexOf.get('hosts');
  if (hosts === undefined) return names.length;
  const later = MANUAL_COLUMNS.some((name) => name !== 'filter' && (indexOf.get(name) ?? 0) > hosts);
  return later ? names.length : hosts + 1;
}
