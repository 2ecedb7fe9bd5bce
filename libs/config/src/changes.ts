import { type ColumnName, MISSING_COLUMNS, UNKNOWN_COLUMN } from './layout.js';
import { COMMENTED_OUT } from './row-shape.js';
import type { Configuration, GroupConfig, Problem } from './types.js';

/** The parts that serve a group. */
export type Part = 'connector' | 'router' | 'gateway';

/**
 * What a changed row costs, from nothing to most: `live`: nobody notices; `masters`: its masters are disconnected and may come
 * back at once; `link`: the link to the RTU is closed and opened anew, and so its masters are disconnected.
 */
export type ChangeEffect = 'live' | 'masters' | 'link';

/** A column of a row, or what was read from it. */
export type GroupField = keyof GroupConfig;

/**
 * Which parts have to begin a group anew when a field of its row changes. All others take the new row as it is, while they run.
 */
const BEGIN_ANEW: Readonly<Record<GroupField, readonly Part[]>> = {
  id: ['connector', 'router', 'gateway'],
  row: [],
  name: [],
  logEvents: [],
  decoded: [],
  maxConnections: [],
  sameIp: [],
  filter: [],
  masters: [],
  perSource: [],
  reserve: [],
  commandRate: [],
  commandBurst: [],
  proxy: [],
  rights: [],
  observe: [],
  clock: [],
  interrogation: ['router'],
  port: ['gateway'],
  tlsPort: ['gateway'],
  plain: ['gateway'],
  // What was negotiated under another profile must not go on.
  tlsProfile: ['gateway', 'connector'],
  // Whoever is connected is judged again.
  tlsNames: [],
  rtuNames: [],
  t1Ms: ['gateway'],
  t2Ms: ['gateway'],
  t3Ms: ['gateway'],
  w: ['gateway'],
  k: ['gateway'],
  rtuNumber: ['router', 'gateway'],
  idleTimeMs: ['connector', 'gateway'],
  hosts: ['connector'],
  t0Ms: ['connector'],
  rtuLink: ['connector', 'router'],
  buffsize: ['connector', 'router'],
  ack: ['connector', 'router'],
};
const FIELDS = Object.keys(BEGIN_ANEW) as readonly GroupField[];

/** The columns of the file, by what is read from them. */
const COLUMNS: Readonly<Record<Exclude<GroupField, 'rtuLink' | 'row'>, ColumnName>> = {
  id: 'id',
  name: 'sys name',
  logEvents: 'logevents',
  decoded: 'decoded',
  maxConnections: 'max conn',
  sameIp: 'same ip',
  filter: 'filter',
  masters: 'masters',
  perSource: 'per source',
  reserve: 'reserve',
  commandRate: 'cmd rate',
  commandBurst: 'cmd burst',
  proxy: 'proxy',
  rights: 'rights',
  observe: 'observe',
  clock: 'clock',
  interrogation: 'interrogation',
  port: 'port no',
  tlsPort: 'tls port',
  plain: 'plain',
  tlsProfile: 'tls profile',
  tlsNames: 'tls names',
  rtuNames: 'rtu names',
  t1Ms: 't1',
  t2Ms: 't2',
  t3Ms: 't3',
  w: 'w',
  k: 'k',
  rtuNumber: 'rtu no',
  idleTimeMs: 'idletime',
  hosts: 'hosts',
  t0Ms: 't0',
  buffsize: 'buffsize',
  ack: 'ack',
};

/** A group whose row is another one than before. */
export interface GroupChange {
  readonly before: GroupConfig;
  readonly after: GroupConfig;
  /** Never empty, and never `row` alone: where a row stands in the file is no change. */
  readonly fields: readonly GroupField[];
  readonly effect: ChangeEffect;
}

export interface GroupChanges {
  readonly added: readonly GroupConfig[];
  readonly removed: readonly GroupConfig[];
  readonly changed: readonly GroupChange[];
}

/** For who looks rows up. */
export function byId(groups: readonly GroupConfig[]): ReadonlyMap<string, GroupConfig> {
  return new Map(groups.map((group) => [group.id, group]));
}

/** What is to be done where `before` is in force and `after` is to be. */
export function groupChanges(before: readonly GroupConfig[], after: readonly GroupConfig[]): GroupChanges {
  const known = byId(before);
  const wanted = new Set(after.map(({ id }) => id));
  return {
    added: after.filter(({ id }) => !known.has(id)),
    removed: before.filter(({ id }) => !wanted.has(id)),
    changed: after.flatMap((group) => {
      const old = known.get(group.id);
      return old === undefined ? [] : (changeOf(old, group) ?? []);
    }),
  };
}

/** True when `part` cannot take the changed row while it serves the group. */
export function beginsAnew(part: Part, { fields }: Pick<GroupChange, 'fields'>): boolean {
  return fields.some((field) => BEGIN_ANEW[field].includes(part));
}

/**
 * What of a row `part` cannot take while it serves the group, as one text: equal for two rows of a group exactly when the part
 * need not begin it anew. It is kept outside of the process, where pods are compared: its form stays.
 */
export function anewText(part: Part, group: GroupConfig): string {
  const fields = FIELDS.filter((field) => BEGIN_ANEW[field].includes(part)).sort();
  return fields.map((field) => `${field}=${textOf(group[field])}\n`).join('');
}

/** A group that a part has to end, and why, in words. */
export interface EndedGroup {
  readonly id: string;
  readonly why: string;
  /** It is in the configuration no longer; else it begins anew. */
  readonly removed: boolean;
}

export interface PartChanges {
  readonly ended: readonly EndedGroup[];
  /** Those that begin, for the first time or anew, once the others have ended. */
  readonly begun: readonly GroupConfig[];
  /** Those whose new row the part takes while it serves them. */
  readonly live: readonly GroupConfig[];
}

/** What `part` has to do where `before` is in force and `after` is to be. */
export function partChanges(part: Part, before: readonly GroupConfig[], after: readonly GroupConfig[]): PartChanges {
  const { added, removed, changed } = groupChanges(before, after);
  const rows = (anew: boolean): GroupConfig[] =>
    changed.filter((change) => beginsAnew(part, change) === anew).map((change) => change.after);
  const anew = rows(true);
  return {
    ended: [
      ...removed.map(({ id }) => ({ id, removed: true, why: 'the group is no longer in the configuration' })),
      ...anew.map(({ id }) => ({ id, removed: false, why: 'the group has another configuration now' })),
    ],
    begun: [...anew, ...added],
    live: rows(false),
  };
}

/** The columns that differ, as the header of the file names them. */
export function changedColumns({ before, after, fields }: GroupChange): string[] {
  return fields.flatMap((field) => {
    if (field === 'row') return [];
    if (field !== 'rtuLink') return COLUMNS[field];
    const constants = Object.keys(after.rtuLink) as (keyof GroupConfig['rtuLink'])[];
    return constants
      .filter((constant) => before.rtuLink[constant] !== after.rtuLink[constant])
      .map((constant) => `rtu ${COLUMNS[constant]}`);
  });
}

/** What of a configuration tells its faults. */
type Faulty = Pick<Configuration, 'form' | 'problems' | 'problemRows'>;

/**
 * What is at fault in `after` and was not so in `before`: a row with an error, one whose id is no number any more, a heading that
 * is not known or missing. A file that has some is not taken while the other one is in force: a slip must not end a group that
 * runs, nor lift its filter.
 */
export function newFaults(before: Faulty, after: Faulty): Problem[] {
  const known = new Set(faults(before).flatMap(({ texts }) => texts));
  return faults(after)
    .filter(({ texts }) => texts.some((text) => !known.has(text)))
    .map(({ problem }) => problem);
}

/** Each with what it is known by in another file. */
function faults({ form, problems, problemRows }: Faulty): { readonly problem: Problem; readonly texts: string[] }[] {
  return problems
    .map((problem, index) => {
      // Rows move when others come and go.
      const reason = problem.reason.replace(/row \d+/g, 'row');
      // What is wrong with the header is the same when a column is added to it.
      const cells = problem.row === form.headerRow ? '' : problemRows[index];
      // A header that lacks fewer columns than before is no slip.
      const reasons = reason.startsWith(MISSING_COLUMNS) ? reason.slice(MISSING_COLUMNS.length).split(', ') : [reason];
      return { problem, texts: reasons.map((each) => `${problem.field}: ${each}\n${cells}`) };
    })
    .filter(({ problem }) => isSlip(problem, form.headerRow));
}

/** Nobody does that on purpose: it is no remark, and nothing that was commented out. */
function isSlip({ row, field, reason, severity }: Problem, headerRow: number | undefined): boolean {
  if (severity === 'skipped') return true;
  if (severity === 'note') return field === 'id' && reason !== COMMENTED_OUT;
  // A column with a name of its own may be added for people; one that is nearly ours is a slip.
  return row === headerRow && reason !== UNKNOWN_COLUMN;
}

function changeOf(before: GroupConfig, after: GroupConfig): GroupChange | undefined {
  const fields = FIELDS.filter((field) => field !== 'row' && textOf(before[field]) !== textOf(after[field]));
  if (fields.length === 0) return undefined;
  return { before, after, fields, effect: effectOf(fields) };
}

function effectOf(fields: readonly GroupField[]): ChangeEffect {
  const anew = (part: Part): boolean => beginsAnew(part, { fields });
  return anew('connector') ? 'link' : anew('gateway') ? 'masters' : 'live';
}

/** Fields that are taken live, and by which somebody who is connected may have to go. */
const SHUTTING_OUT: readonly GroupField[] = ['filter', 'rights', 'tlsNames', 'rtuNames'];

/** What the change costs; `filter`: nobody notices but those whom it leaves out, who are disconnected. */
export function fullEffect({ fields, effect }: Pick<GroupChange, 'fields' | 'effect'>): ChangeEffect | 'filter' {
  return effect === 'live' && fields.some((field) => SHUTTING_OUT.includes(field)) ? 'filter' : effect;
}

/** Columns of the constants of a link: those of a group are those of the RTU's side, too, where that one has none of its own. */
const LINK_SIDE = /^(?:rtu )?(?:t[123]|[wk])$/;

/** What a change of a column costs at most. */
export function columnEffect(column: ColumnName): ChangeEffect | 'filter' {
  const own = (Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]).filter((field) => COLUMNS[field] === column);
  const fields: GroupField[] = LINK_SIDE.test(column) ? [...own, 'rtuLink'] : own;
  return fullEffect({ fields, effect: effectOf(fields) });
}

/** Equal for what means the same. Hosts and networks are what the file said. */
function textOf(value: GroupConfig[GroupField]): string {
  return JSON.stringify(value) ?? '';
}
