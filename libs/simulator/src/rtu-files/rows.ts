import { type CsvRow, csvRows, digitsOf, hasControls, type Problem } from '@iec104mm2ss/config';

/** The longest that a timer can wait: 2^31 - 1 ms. */
export const LONGEST_SECONDS = 2_147_483;

/** What may separate the cells: spreadsheets of Europe write semicolons, as their comma is the decimal point. */
type Separator = ',' | ';' | '\t';

/** A row of one of the simulator's files, whose first cell is a number. */
export interface NumberedRow {
  /** 1-based line of the file. */
  readonly row: number;
  readonly cells: readonly string[];
}

/** The separator of a file: what stands behind the first cell of its first row that begins with a number. */
function separatorOf(text: string): Separator {
  return (/^\s*"?\d+"?\s*([,;\t])/m.exec(text)?.[1] ?? ',') as Separator;
}

/** Rows of either file, comments included, and how numbers with a fraction are written in it. */
export function rowsOf(text: string): { readonly rows: readonly CsvRow[]; readonly decimalComma: boolean } {
  const separator = separatorOf(text);
  return { rows: csvRows(text, separator), decimalComma: separator !== ',' };
}

/** A first cell that is none of a row, and looks like one: `-1`, `1.0`, `2a`. Such a comment may have been meant otherwise. */
export const isNearlyNumber = (first: string): boolean => /^[+-]?\d/.test(first) && !/^\d+$/.test(first);

/**
 * Why nothing of a file loads that has no row at fault.
 *
 * @param what it should have been
 */
export function whyNothingLoads(text: string, what: string): string {
  if (text === '') return 'the file is empty';
  if (text.trim() === '') return 'the file has nothing but blanks';
  if (hasControls(text.replace(/\s/g, ''))) return `the file is no text: it is damaged, or not ${what}`;
  return `no row begins with a number, so all are comments: is it ${what}?`;
}

/** A whole number of `min..max`; undefined for everything else, an empty cell included. */
export function wholeNumber(text: string | undefined, min: number, max: number): number | undefined {
  const digits = digitsOf(text ?? '');
  const value = digits === undefined ? NaN : Number(digits);
  return value >= min && value <= max ? value : undefined;
}

/** A number with or without a fraction, `1e3` included; undefined for everything else. */
export function decimal(text: string, decimalComma: boolean): number | undefined {
  const plain = decimalComma ? text.replace(',', '.') : text;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : undefined;
}

/** Collects what is wrong with a file. */
export class Problems {
  readonly all: Problem[] = [];

  /** The row is not loaded. */
  skipped(row: number, field: string, reason: string): void {
    this.all.push({ row, field, reason, severity: 'skipped' });
  }

  /** The row is loaded, but not all of it counts. */
  warning(row: number, field: string, reason: string): void {
    this.all.push({ row, field, reason, severity: 'warning' });
  }

  /** Left out on purpose, by the rules of the file. */
  note(row: number, field: string, reason: string): void {
    this.all.push({ row, field, reason, severity: 'note' });
  }
}

/** A cell as it is shown in a reason. */
export function quoted(text: string | undefined): string {
  return text === undefined || text === '' ? 'an empty cell' : JSON.stringify(text.slice(0, 40));
}
