import { clockProblem, parseClock } from './clock-cell.js';
import type { CsvRow } from './csv-rows.js';
import { cutList } from './cut-list.js';
import type { Delimiter } from './delimiter.js';
import { parseEndpoints } from './endpoints.js';
import { LINK_CONSTANT_RANGES, type LinkConstant } from './general-settings.js';
import { digitsOf, parseIntegerCell, PORT_RANGE, type IntegerRange } from './integer-cell.js';
import { linkRemarks, type LinkSide, type LinkSideConstant } from './link-remarks.js';
import { type ColumnName, type Layout } from './layout.js';
import { ambiguousMasters, parseNamedMasters, type ParsedMaster } from './named-masters.js';
import { nearestNames } from './nearest-name.js';
import { NO_OBSERVE, parseObserve } from './observe-cell.js';
import { nearest, type Parsed } from './parsed.js';
import { parseProxies } from './proxies.js';
import { parseRights, rightsProblem } from './rights-cell.js';
import { privilegedPortRemark } from './privileged-port.js';
import { parseSourceRanges, type IpRange } from './source-range.js';
import { LONGEST_NAME_CHARACTERS, readSystemName } from './system-name.js';
import { parsePeerNames } from './peer-names.js';
import { tlsRemarks } from './tls-columns.js';
import type { GroupConfig, LinkConstants, Problem } from './types.js';

/** Ids become names in Kubernetes, where port names have 15 characters, besides subject tokens and label values. */
const LONGEST_ID_DIGITS = 12;
/** The manual names no default. Its own case: two old and two new servers at the main centre, one at the backup. */
const DEFAULT_MAX_CONNECTIONS = 5;
/** Each session needs an originator address of its own, and there are 255. */
const MOST_SESSIONS = 255;
const DEFAULT_BUFFSIZE_ASDUS = 1000;
const DEFAULT_T0_SECONDS = 30;

const DEFAULT_RESERVE = 1;
const DEFAULT_COMMAND_RATE = 50;
const DEFAULT_COMMAND_BURST = 100;

const PER_SOURCE_RANGE: IntegerRange = { min: 1, max: 255 };
const RESERVE_RANGE: IntegerRange = { min: 0, max: 5 };
const COMMAND_RATE_RANGE: IntegerRange = { min: 1, max: 100_000 };
const T0_RANGE: IntegerRange = { min: 1, max: 255, unit: 'seconds' };
const RTU_NUMBER_RANGE: IntegerRange = { min: 1, max: 65535 };
const MAX_CONNECTIONS_RANGE: IntegerRange = { min: 1, max: 1_000_000 };
const BUFFSIZE_RANGE: IntegerRange = { min: 1, max: 10_000_000 };

/** Limits of the columns that are numbers, but for the constants of links. */
export const COLUMN_RANGES: Readonly<Partial<Record<ColumnName, IntegerRange>>> = {
  'port no': PORT_RANGE,
  'rtu no': RTU_NUMBER_RANGE,
  'max conn': { ...MAX_CONNECTIONS_RANGE, max: MOST_SESSIONS },
  buffsize: BUFFSIZE_RANGE,
  t0: T0_RANGE,
  'per source': PER_SOURCE_RANGE,
  reserve: RESERVE_RANGE,
  'cmd rate': COMMAND_RATE_RANGE,
  'cmd burst': COMMAND_RATE_RANGE,
  'tls port': PORT_RANGE,
};

/** The group a row describes, or undefined when anything in the row is wrong: a row loads whole or not at all. */
export interface GroupRow {
  readonly group: GroupConfig | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Reads a row whose id is a number. Every bad cell is reported, so that one pass of editing mends the row; a skipped row
 * has no warnings, only its reasons. Uniqueness over the file is the caller's.
 */
export function readGroupRow(
  row: CsvRow,
  layout: Layout,
  linkDefaults: Readonly<Record<LinkConstant, number>>,
  delimiter: Delimiter,
): GroupRow {
  const cells = new GroupCells(row, layout);
  const cut = layout.fault === undefined && row.fault === undefined ? cutList(row, layout, delimiter) : undefined;
  if (cut !== undefined) return { group: undefined, problems: [cells.problem(cut.column, cut.reason, 'skipped')] };
  const shapeFault = layout.fault ?? row.fault ?? cells.shapeFault();
  if (shapeFault !== undefined) return { group: undefined, problems: [cells.problem('row', shapeFault, 'skipped')] };

  const id = cells.id();
  const name = cells.name();
  const port = cells.integer('port no', PORT_RANGE);
  const rtuNumber = cells.integer('rtu no', RTU_NUMBER_RANGE);
  const maxConnections = cells.integer('max conn', MAX_CONNECTIONS_RANGE, DEFAULT_MAX_CONNECTIONS);
  const constant = (key: LinkConstant): number => cells.integer(key, LINK_CONSTANT_RANGES[key], linkDefaults[key]);
  const idleTime = constant('idletime');
  const t0 = cells.integer('t0', T0_RANGE, DEFAULT_T0_SECONDS);
  const masterSide = readSide(constant);
  // A cell that is refused is reported once, under its own name.
  const rtuSide = readSide((key) => cells.integer(`rtu ${key}`, LINK_CONSTANT_RANGES[key], masterSide[key]));
  const buffsize = cells.integer('buffsize', BUFFSIZE_RANGE, DEFAULT_BUFFSIZE_ASDUS);
  const logEvents = cells.choice('logevents', ['y', 'n'], 'y') === 'y';
  const sameIp = cells.choice('same ip', ['all', 'old', 'new'], 'all');
  const hosts = cells.list('hosts', parseEndpoints);
  const filter = cells.list('filter', parseSourceRanges);
  const ack = cells.choice('ack', ['stored', 'delivered', 'received'], undefined);
  const interrogation = cells.choice('interrogation', ['all', 'originator'], 'all');
  const decoded = cells.choice('decoded', ['y', 'n'], 'y') === 'y';
  const masters = cells.list('masters', parseNamedMasters);
  const perSource = cells.text('per source') === '' ? null : cells.integer('per source', PER_SOURCE_RANGE);
  const reserve = cells.integer('reserve', RESERVE_RANGE, DEFAULT_RESERVE);
  const commandRate = cells.integer('cmd rate', COMMAND_RATE_RANGE, DEFAULT_COMMAND_RATE);
  const commandBurst = cells.integer('cmd burst', COMMAND_RATE_RANGE, DEFAULT_COMMAND_BURST);
  const proxy = cells.list('proxy', parseProxies);
  const rights = cells.value('rights', parseRights, undefined);
  const observe = cells.value('observe', parseObserve, NO_OBSERVE);
  const clock = cells.value('clock', (text) => parseClock(text, masters), { kind: 'forward' });

  const tlsPort = cells.text('tls port') === '' ? undefined : cells.integer('tls port', PORT_RANGE);
  const plain = cells.choice('plain', ['y', 'n'], undefined);
  const tlsProfile = cells.choice('tls profile', ['iec62351', 'modern'], undefined);
  const tlsNames = cells.list('tls names', parsePeerNames);
  const rtuNames = cells.list('rtu names', parsePeerNames);

  const isGiven = (column: ColumnName): boolean => cells.text(column) !== '';
  for (const { field, reason, severity } of linkRemarks({ masterSide, rtuSide, idleTime, buffsize, ack, isGiven })) {
    if (severity === 'skipped') cells.refuse(field, reason);
    else cells.warn(field, reason);
  }
  if (maxConnections > MOST_SESSIONS) {
    cells.warn('max conn', `${maxConnections} is more than the protocol can tell apart: ${MOST_SESSIONS} is in force`);
  }
  for (const [column, listened] of [
    ['port no', port],
    ['tls port', tlsPort],
  ] as const) {
    const remark = privilegedPortRemark(listened ?? NaN, rtuNumber, 'the port stands before the RTU number');
    if (remark !== undefined) cells.warn(column, remark);
  }
  const ambiguous = ambiguousMasters(masters);
  // A rule that is about a name needs somebody who is certainly that one.
  const unclear = { rights: rightsProblem(rights, masters, ambiguous), clock: clockProblem(clock, ambiguous) };
  if (unclear.rights !== undefined) cells.refuse('rights', unclear.rights);
  if (unclear.clock !== undefined) cells.refuse('clock', unclear.clock);
  for (const { reason } of ambiguous) cells.warn('masters', reason);
  const certified = rights?.find(({ kind }) => kind === 'certificate');
  if (certified !== undefined && cells.text('tls port') === '') {
    cells.warn('rights', `${certified.subject}: without a tls port no master shows a certificate`);
  }
  const setter = clock.kind === 'master' ? rights?.find(({ subject }) => subject === clock.name) : undefined;
  if (setter !== undefined && setter.rights.clock === undefined) {
    cells.warn('clock', `${setter.subject} has no right to clock, so nobody sets it`);
  }
  warnAboutMasters(cells, masters, filter);
  if (masters.length * reserve > maxConnections) {
    cells.warn(
      'reserve',
      `${reserve} for each of ${masters.length} masters are more than the ${maxConnections} places`,
    );
  }
  const tls = { tlsPort, plain: plain === undefined ? undefined : plain === 'y', tlsProfile, tlsNames, rtuNames };
  // One that was refused says nothing about the others.
  const tlsRefused = [...TLS_COLUMNS, 'masters', 'hosts'].some((column) => cells.isRefused(column));
  for (const { field, reason, severity } of tlsRefused ? [] : tlsRemarks({ ...tls, port, masters, hosts })) {
    if (severity === 'skipped') cells.refuse(field, reason);
    else cells.warn(field, reason);
  }

  if (cells.refused)
    return { group: undefined, problems: cells.problems.filter(({ severity }) => severity === 'skipped') };
  const group: GroupConfig = {
    id,
    row: row.line,
    name,
    port,
    rtuNumber,
    maxConnections: Math.min(maxConnections, MOST_SESSIONS),
    idleTimeMs: idleTime * 1000,
    t0Ms: t0 * 1000,
    ...inMs(masterSide),
    rtuLink: inMs(rtuSide),
    buffsize,
    logEvents,
    sameIp,
    hosts,
    filter,
    ack,
    interrogation,
    decoded,
    masters,
    perSource,
    reserve,
    commandRate,
    commandBurst,
    proxy,
    rights,
    observe,
    clock,
    ...tls,
    plain: tlsPort === undefined || plain === 'y',
    tlsProfile: tlsProfile ?? 'iec62351',
  };
  return { group, problems: cells.problems };
}

function readSide(constant: (key: LinkSideConstant) => number): LinkSide {
  return { t1: constant('t1'), t2: constant('t2'), t3: constant('t3'), w: constant('w'), k: constant('k') };
}

function inMs({ t1, t2, t3, w, k }: LinkSide): LinkConstants {
  return { t1Ms: t1 * 1000, t2Ms: t2 * 1000, t3Ms: t3 * 1000, w, k };
}

function warnAboutMasters(cells: GroupCells, masters: readonly ParsedMaster[], filter: readonly IpRange[]): void {
  for (const master of masters) {
    const shutOut =
      filter.length === 0
        ? undefined
        : master.sources.find((source) => !filter.some((range) => range.overlaps(source)));
    if (shutOut !== undefined)
      cells.warn('masters', `the filter lets no connection of ${master.name} in from ${shutOut.text}`);
  }
}

/** The cells of one row by column name, and what was found wrong with them. */
class GroupCells {
  readonly problems: Problem[] = [];
  readonly #row: CsvRow;
  readonly #layout: Layout;

  constructor(row: CsvRow, layout: Layout) {
    this.#row = row;
    this.#layout = layout;
  }

  get refused(): boolean {
    return this.problems.some(({ severity }) => severity === 'skipped');
  }

  isRefused(column: string): boolean {
    return this.problems.some(({ field, severity }) => field === column && severity === 'skipped');
  }

  problem(field: string, reason: string, severity: Problem['severity']): Problem {
    return { row: this.#row.line, field, reason, severity };
  }

  refuse(field: string, reason: string): void {
    this.problems.push(this.problem(field, reason, 'skipped'));
  }

  warn(field: string, reason: string): void {
    this.problems.push(this.problem(field, reason, 'warning'));
  }

  text(column: ColumnName): string {
    const index = this.#layout.indexOf.get(column);
    return index === undefined ? '' : (this.#row.cells[index] ?? '');
  }

  /** Why the cells may not stand in the columns they belong to. Also warns about a short row. */
  shapeFault(): string | undefined {
    const { cells } = this.#row;
    const { width, fewestCells, unclear } = this.#layout;
    if (cells.slice(width).some((cell) => cell !== '')) {
      return `${cells.length} cells where ${width} are expected: a separator too many, or a cell with a separator in it needs quotes`;
    }
    if (cells.length < fewestCells) return `${cells.length} cells where ${width} are expected: a separator is missing`;
    if (cells.length < width) {
      this.warn('row', `${cells.length} cells where ${width} are expected: the others are taken as empty`);
    }
    return unclear.find(({ index }) => (cells[index] ?? '') !== '')?.reason;
  }

  id(): string {
    const text = this.text('id');
    const id = (digitsOf(text) ?? text).replace(/^0+(?=\d)/, '');
    if (id.length > LONGEST_ID_DIGITS) this.refuse('id', `${id} has more than ${LONGEST_ID_DIGITS} digits`);
    return id;
  }

  name(): string {
    const read = readSystemName(this.text('sys name'));
    if ('fault' in read) {
      this.refuse('sys name', read.fault);
      return '';
    }
    if (read.isCut) {
      this.warn('sys name', `only the first ${LONGEST_NAME_CHARACTERS} characters count: ${JSON.stringify(read.name)}`);
    }
    return read.name;
  }

  /** NaN when the cell is refused. Without a `fallback` the cell must not be empty. */
  integer(column: ColumnName, range: IntegerRange, fallback?: number): number {
    const text = this.text(column);
    if (text === '' && fallback !== undefined) return fallback;
    return this.#valueOf(column, text === '' ? EMPTY : parseIntegerCell(text, range), Number.NaN);
  }

  choice<T extends string, F extends T | undefined>(column: ColumnName, choices: readonly T[], fallback: F): T | F {
    const text = this.text(column);
    if (text === '') return fallback;
    const choice = choices.find((candidate) => candidate === text.toLowerCase());
    if (choice !== undefined) return choice;
    const [like] = nearestNames(text, choices);
    this.refuse(column, `${JSON.stringify(text)} is none of ${choices.join(', ')}${nearest(like)}`);
    return fallback;
  }

  list<T>(column: ColumnName, parse: (text: string) => Parsed<readonly T[]>): readonly T[] {
    return this.value(column, parse, []);
  }

  /** `placeholder` stands for a cell that is refused. */
  value<T>(column: ColumnName, parse: (text: string) => Parsed<T>, placeholder: T): T {
    return this.#valueOf(column, parse(this.text(column)), placeholder);
  }

  #valueOf<T>(column: ColumnName, parsed: Parsed<T>, placeholder: T): T {
    if (parsed.ok) return parsed.value;
    this.refuse(column, parsed.reason);
    return placeholder;
  }
}

const TLS_COLUMNS = ['tls port', 'plain', 'tls profile', 'tls names', 'rtu names'] as const;
const EMPTY = { ok: false, reason: 'the cell is empty' } as const;
