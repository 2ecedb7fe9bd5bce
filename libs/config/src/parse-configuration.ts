import { csvRows, type CsvRow } from './csv-rows.js';
import { GeneralSettingsReader } from './general-settings.js';
import { readGroupRow } from './group-row.js';
import { layoutOf, looksLikeHeader, MANUAL_LAYOUT, type ColumnName, type Layout } from './layout.js';
import type { Configuration, GroupConfig, Problem } from './types.js';

const VERSION_LINE = 'iec104MM2SS-1port-v1.0 ini file';
const LOOKS_LIKE_VERSION_LINE = /^iec104|ini file$/i;
/** The first cell of a file that a spreadsheet saved with another separator than the comma. */
const OTHER_SEPARATOR = /^"?\d+"?\s*[;\t]/;

/**
 * Reads the manual's CSV. Pure, and never throws because of the content: whatever is not in force is in `problems`, in
 * the order of the file.
 *
 * * The first row may name the version; another version than the manual's is a warning.
 * * A row whose id is not a number is a comment. One that would otherwise be a group is reported as a `note`.
 * * A row whose first character is `!` ends the file; the groups below it are reported as notes.
 * * Settings rows (`ntp_server`, `ntp_update_every_sec`, `nogui`, and the link constants) count wherever they stand
 *   above the `!`; link constants are defaults for the groups below them.
 * * A header row gives the columns of the rows below it. Rows above any header row have the manual's order.
 * * A group is loaded whole or skipped. The second of two rows with the same id or port is skipped.
 *
 * @param text the file's text, or its octets in UTF-8 with or without a byte order mark; not kept.
 */
export function parseConfiguration(text: string | Uint8Array): Configuration {
  const octets = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  const reader = new ConfigurationReader();
  if (isUtf16(octets)) {
    reader.report(1, 'row', 'the file is UTF-16: save it as CSV in UTF-8', 'skipped');
  } else {
    for (const row of csvRows(octets)) reader.read(row);
  }
  return reader.configuration;
}

function isUtf16(octets: Uint8Array): boolean {
  return (octets[0] === 0xff && octets[1] === 0xfe) || (octets[0] === 0xfe && octets[1] === 0xff);
}

class ConfigurationReader {
  readonly #groups: GroupConfig[] = [];
  readonly #problems: Problem[] = [];
  readonly #settings = new GeneralSettingsReader();
  readonly #rowOfId = new Map<string, number>();
  readonly #rowOfPort = new Map<number, number>();
  #layout: Layout = MANUAL_LAYOUT;
  /** Line of the row that begins with `!`, once met. */
  #stopLine: number | undefined;
  #atFirstRow = true;

  get configuration(): Configuration {
    return { groups: this.#groups, settings: this.#settings.settings, problems: this.#problems };
  }

  report(row: number, field: string, reason: string, severity: Problem['severity']): void {
    this.#problems.push({ row, field, reason, severity });
  }

  read(row: CsvRow): void {
    const first = row.cells[0] ?? '';
    const id = this.#cell(row, 'id');
    if (this.#stopLine !== undefined) {
      this.#readAfterStop(row, id);
      return;
    }
    if (this.#atFirstRow) {
      this.#atFirstRow = false;
      if (this.#readVersion(row.line, first)) return;
    }
    if (first.startsWith('!') || id.startsWith('!')) {
      this.#stopLine = row.line;
      this.report(row.line, 'row', '"!" ends the file here: this row and those below are not loaded', 'note');
    } else if (first.startsWith('#')) {
      this.#readComment(row, id);
    } else if (looksLikeHeader(row.cells, row.fault !== undefined)) {
      this.#readHeader(row);
    } else if (isNumber(id)) {
      this.#readGroup(row);
    } else if (row.fault !== undefined) {
      this.report(row.line, 'row', row.fault, 'skipped');
    } else if (GeneralSettingsReader.isSetting(first)) {
      this.#problems.push(...this.#settings.read(row.line, row.cells));
    } else if (OTHER_SEPARATOR.test(row.lines[0] ?? '')) {
      this.report(row.line, 'row', 'the cells are not separated by commas', 'skipped');
    } else {
      this.#readComment(row, id);
    }
  }

  /** True when the row is the version line, of whatever version. */
  #readVersion(line: number, first: string): boolean {
    if (first.startsWith('#') || first.startsWith('!') || !LOOKS_LIKE_VERSION_LINE.test(first)) return false;
    if (first.toLowerCase() !== VERSION_LINE.toLowerCase()) {
      const reason = `${JSON.stringify(first)} is another version than ${JSON.stringify(VERSION_LINE)}: read as the latter`;
      this.report(line, 'row', reason, 'warning');
    }
    return true;
  }

  #readHeader(row: CsvRow): void {
    const { layout, remarks } = layoutOf(row.cells, row.line);
    const fault = row.fault ?? layout.fault;
    if (fault !== undefined) {
      this.#layout = { ...layout, fault: `the header in row ${row.line} cannot be used: ${fault}` };
      this.report(row.line, 'row', `${fault}: the rows below cannot be read`, 'skipped');
      return;
    }
    this.#layout = layout;
    for (const { field, reason } of remarks) this.report(row.line, field, reason, 'warning');
    if (this.#groups.length > 0) {
      this.report(row.line, 'row', 'a header row below groups counts only for the rows below it', 'warning');
    }
  }

  #readGroup(row: CsvRow): void {
    const { group, problems } = readGroupRow(row, this.#layout, this.#settings.linkDefaults);
    if (group === undefined) {
      this.#problems.push(...problems);
      return;
    }
    const rowOfId = this.#rowOfId.get(group.id);
    const rowOfPort = this.#rowOfPort.get(group.port);
    if (rowOfId !== undefined)
      this.report(row.line, 'id', `id ${group.id} is already used in row ${rowOfId}`, 'skipped');
    if (rowOfPort !== undefined) {
      this.report(row.line, 'port no', `port ${group.port} is already used in row ${rowOfPort}`, 'skipped');
    }
    if (rowOfId !== undefined || rowOfPort !== undefined) return;
    this.#rowOfId.set(group.id, row.line);
    this.#rowOfPort.set(group.port, row.line);
    this.#groups.push(group);
    this.#problems.push(...problems);
  }

  /** Prose is passed over in silence; what would be a group were its id a number is not. */
  #readComment(row: CsvRow, id: string): void {
    if (row.lines.length > 1) {
      this.#reportGroupsInsideQuotes(row);
    } else if (looksLikeGroup(row.cells)) {
      const commentedOut = (row.cells[0] ?? '').startsWith('#');
      this.report(
        row.line,
        'id',
        commentedOut ? 'commented out' : `the id ${JSON.stringify(id)} is not a number`,
        'note',
      );
    }
  }

  #readAfterStop(row: CsvRow, id: string): void {
    if ((row.cells[0] ?? '').startsWith('#')) return;
    if (isNumber(id) || looksLikeGroup(row.cells)) {
      this.report(row.line, 'row', `after ! in row ${this.#stopLine}`, 'note');
    }
  }

  #reportGroupsInsideQuotes(row: CsvRow): void {
    for (const [offset, text] of row.lines.entries()) {
      if (!/^\s*"?\d+\s*,/.test(text)) continue;
      const reason = `inside a quoted cell that begins in row ${row.line} and runs over line ends`;
      this.report(row.line + offset, 'row', reason, 'skipped');
    }
  }

  #cell(row: CsvRow, column: ColumnName): string {
    // A header row without an id column still has rows below it that must be reported: their id is then the first cell.
    const index = this.#layout.indexOf.get(column) ?? (column === 'id' ? 0 : -1);
    return row.cells[index] ?? '';
  }
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

/**
 * True for a row of many numbers, or of some and an IP:PORT, in whatever columns: a comma too many or too few may have
 * moved them. Prose with commas in it is not like that.
 */
function looksLikeGroup(cells: readonly string[]): boolean {
  const numbers = cells.filter(isNumber).length;
  return numbers >= 6 || (numbers >= 2 && cells.some((cell) => /:\d+(;|$)/.test(cell)));
}
