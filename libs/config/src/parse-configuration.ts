import { csvRows, type CsvRow } from './csv-rows.js';
import { delimiterName, detectDelimiter, DELIMITERS, isSeparatorRow, type Delimiter } from './delimiter.js';
import { decodeFile } from './file-encoding.js';
import { GeneralSettingsReader } from './general-settings.js';
import { readGroupRow } from './group-row.js';
import { layoutOf, looksLikeHeader, MANUAL_COLUMNS, MANUAL_LAYOUT, type ColumnName, type Layout } from './layout.js';
import { nearest } from './parsed.js';
import { COMMENTED_OUT, isNumber, looksLikeGroup } from './row-shape.js';
import type { Configuration, FileForm, GroupConfig, Problem } from './types.js';

const VERSION_LINE = 'iec104MM2SS-1port-v1.0 ini file';
const LOOKS_LIKE_VERSION_LINE = /^iec104|ini file$/i;
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
 * * Cells are separated by what the file has between them, see `detectDelimiter`; octets are what `decodeFile` takes them for.
 * * A file without a group says why.
 *
 * @param text the file's text, or its octets; not kept.
 */
export function parseConfiguration(text: string | Uint8Array): Configuration {
  const decoded = decodeFile(typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
  if (decoded.text === undefined) {
    const reader = new ConfigurationReader(',');
    reader.report(1, 'row', decoded.fault, 'skipped');
    return reader.configuration('none that is known');
  }
  const delimiter = detectDelimiter(decoded.text);
  const reader = new ConfigurationReader(delimiter);
  for (const row of csvRows(decoded.text, delimiter)) reader.read(row);
  reader.end();
  return reader.configuration(decoded.encoding);
}

class ConfigurationReader {
  readonly #groups: GroupConfig[] = [];
  readonly #problems: Problem[] = [];
  /** Cells of the row of each problem. */
  readonly #problemRows: string[] = [];
  readonly #settings = new GeneralSettingsReader();
  readonly #rowOfId = new Map<string, number>();
  readonly #portsInUse = new Map<number, { readonly row: number; readonly field: ColumnName }>();
  #layout: Layout = MANUAL_LAYOUT;
  #headerLine: number | undefined;
  /** Line of the row that begins with `!`, once met. */
  #stopLine: number | undefined;
  #atFirstRow = true;

  constructor(private readonly delimiter: Delimiter) {}

  configuration(encoding: FileForm['encoding']): Configuration {
    const form = { encoding, delimiter: delimiterName(this.delimiter), headerRow: this.#headerLine };
    const problemRows = this.#problems.map((_, index) => this.#problemRows[index] ?? '');
    return { form, groups: this.#groups, settings: this.#settings.settings, problems: this.#problems, problemRows };
  }

  report(row: number, field: string, reason: string, severity: Problem['severity']): void {
    this.#problems.push({ row, field, reason, severity });
  }

  read(row: CsvRow): void {
    const before = this.#problems.length;
    this.#read(row);
    for (let index = before; index < this.#problems.length; index++) this.#problemRows[index] = row.cells.join('\t');
  }

  #read(row: CsvRow): void {
    const first = row.cells[0] ?? '';
    const id = this.#cell(row, 'id');
    if (this.#stopLine !== undefined) {
      this.#readAfterStop(row, id);
      return;
    }
    if (this.#atFirstRow) {
      if (isSeparatorRow(first)) return;
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
    } else if (this.#hasOtherSeparator(first)) {
      this.report(row.line, 'row', `the cells are not separated by ${delimiterName(this.delimiter)}`, 'skipped');
    } else {
      this.#readComment(row, id);
    }
  }

  /** The whole file was read: says why there is no group in it, unless that was said of each row. */
  end(): void {
    if (this.#groups.length > 0 || this.#problems.some(({ severity }) => severity === 'skipped')) return;
    this.report(this.#headerLine ?? 1, 'row', this.#whyEmpty(), 'skipped');
  }

  #whyEmpty(): string {
    if (this.#atFirstRow) return 'the file is empty';
    const left = this.#problems.some(({ severity }) => severity === 'note');
    if (left) return 'no group is left: each row is commented out, below "!", or has an id that is no number';
    if (this.#stopLine !== undefined)
      return `no group: "!" in row ${this.#stopLine} ends the file before the first one`;
    if (this.#headerLine !== undefined) return 'no group: no row below this header has a number in the column id';
    return (
      `no header row (${MANUAL_COLUMNS.slice(0, 4).join(', ')} ...) and no row that begins with a number: ` +
      'this is no file of groups'
    );
  }

  /** True when what begins a group, a number, is followed by what does not separate the cells here. */
  #hasOtherSeparator(first: string): boolean {
    return DELIMITERS.some((other) => other !== this.delimiter && isNumber(first.split(other)[0]?.trim() ?? ''));
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
    this.#headerLine ??= row.line;
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
    const { group, problems } = readGroupRow(row, this.#layout, this.#settings.linkDefaults, this.delimiter);
    if (group === undefined) {
      this.#problems.push(...problems);
      return;
    }
    const rowOfId = this.#rowOfId.get(group.id);
    const ports = portsOf(group);
    const taken = ports.filter(([, port]) => this.#portsInUse.has(port));
    if (rowOfId !== undefined)
      this.report(row.line, 'id', `id ${group.id} is already used in row ${rowOfId}`, 'skipped');
    for (const [field, port] of taken) {
      const other = this.#portsInUse.get(port);
      const as = other?.field === field ? '' : ` as ${JSON.stringify(other?.field)}`;
      this.report(row.line, field, `port ${port} is already used in row ${other?.row}${as}`, 'skipped');
    }
    if (rowOfId !== undefined || taken.length > 0) return;
    this.#rowOfId.set(group.id, row.line);
    for (const [field, port] of ports) this.#portsInUse.set(port, { row: row.line, field });
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
        commentedOut ? COMMENTED_OUT : `the id ${JSON.stringify(id)} is not a number${nearestId(id)}`,
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
      if (!isNumber(/^\s*"?(\d+)"?\s*[,;|\t]/.exec(text)?.[1] ?? '')) continue;
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

/** The ports of a group. One that is closed because of TLS is kept as well: a changed `plain` opens it. */
function portsOf({ port, tlsPort }: GroupConfig): readonly (readonly [ColumnName, number])[] {
  return tlsPort === undefined
    ? [['port no', port]]
    : [
        ['port no', port],
        ['tls port', tlsPort],
      ];
}

/** An id with digits of another script, or with something around them, was perhaps not meant as a comment. */
function nearestId(id: string): string {
  const digits = /^['"+\s]*(\d{1,12})['"\s.]*$/.exec(id.normalize('NFKC'))?.[1];
  return nearest(digits);
}
