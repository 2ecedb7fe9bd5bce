import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type ColumnName,
  COLUMN_HELP,
  type Configuration,
  configurationFile,
  digestOf,
  type EditedFile,
  editRow,
  type FileRow,
  fullEffect,
  groupChanges,
  newFaults,
  readRow,
} from '@iec104mm2ss/config';
import type { CellProblem, ChangeEffect, RowAnswer, RowChange, RowCheck, RowOutcome } from '@iec104mm2ss/console-api';
import type { GroupStatus } from '@iec104mm2ss/observability';
import { ApiError } from '../../api/api-error.js';
import { formatProblem } from '../../commands/check.js';
import { diffText } from './diff-text.js';
import { changesOf, consequenceOf } from './consequence.js';
import { saveFile } from './save-file.js';

/** The configuration in force in this process, and the way to change it. */
export interface ConfigurationInForce {
  readonly path: string;
  /** Digest of what is in force. */
  readonly digest: string;
  /** The octets on disk now. Rejects when they cannot be read. */
  read(): Promise<Uint8Array>;
  /**
   * Puts `octets` into force; the file with the digest `base` is then not taken for a changed one.
   *
   * @returns why not; undefined: they are in force
   */
  put(octets: Uint8Array, base: string): Promise<string | undefined>;
}

export interface RowDeskParts {
  readonly configuration: ConfigurationInForce;
  /** Everything runs in this process; else the file is another's (a ConfigMap), and is only looked at. */
  readonly isSource: boolean;
  /** A pipe, or a file that is not read again: nothing can be saved. */
  readonly isFile: boolean;
  status(id: string): Promise<GroupStatus | undefined>;
  now(): Date;
}

const ANY_WRITE = 0o222;

type Cells = Readonly<Partial<Record<ColumnName, string>>>;

const NAMES = new Set<string>(COLUMN_HELP.filter(({ editable }) => editable).map(({ name }) => name));

/** Edits the row of a group: until the next restart, or in the file. One change at a time. */
export class RowDesk {
  /** Cells that are in force "until restart", by group, and the digest of what is in force with them. */
  private applied = new Map<string, Cells>();
  private appliedDigest = '';
  private work: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: RowDeskParts) {}

  /** Groups that run with other values than the file says. */
  edited(): ReadonlySet<string> {
    return new Set(this.current().keys());
  }

  /** Why nothing can be saved; undefined: it can. */
  async whyNoSave(): Promise<string | undefined> {
    if (!this.parts.isSource)
      return 'the file is not kept here: it is changed where it comes from, as the ConfigMap of the chart';
    if (!this.parts.isFile) return 'the configuration did not come from a file';
    const { path } = this.parts.configuration;
    try {
      const file = await realpath(path);
      await access(file, constants.W_OK);
      // To root all files are writable: who took the permission away meant it.
      if (((await stat(file)).mode & ANY_WRITE) === 0) return `${path} is write-protected`;
      await access(dirname(file), constants.W_OK);
      return undefined;
    } catch (error) {
      return `${path} cannot be written: ${(error as Error).message}`;
    }
  }

  /** @throws ApiError 404, 503 */
  async row(id: string): Promise<RowAnswer> {
    const octets = await this.octets();
    const { cells, row } = this.rowOf(octets, id);
    const applied = this.current().get(id) ?? {};
    return { id, row, digest: digestOf(octets), file: this.parts.configuration.path, cells, applied };
  }

  /** What would come of it; nothing happens. @throws ApiError 400, 404, 409, 503 */
  async check(id: string, change: RowChange): Promise<RowCheck> {
    return (await this.judge(id, change)).check;
  }

  /** @throws ApiError 400: it is at fault; 404; 409: the file is another one by now, or cannot be written; 503 */
  put(id: string, change: RowChange, mode: 'apply' | 'save'): Promise<RowOutcome> {
    const doing = this.work.then(() => this.doPut(id, change, mode));
    this.work = doing.catch(() => undefined);
    return doing;
  }

  private async doPut(id: string, change: RowChange, mode: 'apply' | 'save'): Promise<RowOutcome> {
    const { configuration, isSource } = this.parts;
    if (!isSource)
      throw new ApiError(
        409,
        'the file comes from elsewhere, as the ConfigMap of the chart: what is changed here would be lost',
      );
    if (mode === 'save') {
      const why = await this.whyNoSave();
      if (why !== undefined) throw new ApiError(409, why);
    }
    const { check, edited, octets } = await this.judge(id, change);
    if (!check.ok || edited === undefined) {
      throw new ApiError(400, check.problems.map(({ column, reason }) => `${column}: ${reason}`).join('; '));
    }
    const others = new Map(this.current());
    const own = withoutThoseOf(this.rowOf(octets, id), { ...others.get(id), ...(change.cells as Cells) });
    others.delete(id);
    const backup = mode === 'save' ? await saveFile(configuration, edited.octets, octets, this.parts.now()) : null;
    const isEdited = mode === 'apply' && Object.keys(own).length > 0;
    const applied = isEdited ? new Map([...others, [id, own]]) : others;
    const onDisk = mode === 'save' ? edited.octets : octets;
    const digest = digestOf(onDisk);
    const inForce = withApplied(onDisk, applied);
    const refused = await configuration.put(inForce, digest);
    if (refused !== undefined)
      throw new ApiError(409, `${mode === 'save' ? 'it is saved, but ' : ''}not in force: ${refused}`);
    this.applied = applied;
    this.appliedDigest = digestOf(inForce);
    const message = `${mode === 'save' ? 'saved and in force' : 'in force until restart'}: ${check.consequence}`;
    return { mode, message, closesMasters: check.closesMasters, digest, backup };
  }

  private async judge(
    id: string,
    { digest, cells }: RowChange,
  ): Promise<{ check: RowCheck; edited: EditedFile | undefined; octets: Uint8Array }> {
    const octets = await this.octets();
    if (digestOf(octets) !== digest) throw new ApiError(409, 'the file has changed meanwhile: look at the row again');
    const unknown = Object.keys(cells).find((name) => !NAMES.has(name));
    if (unknown !== undefined) throw new ApiError(400, `${unknown}: no column that can be edited`);
    this.rowOf(octets, id);
    const wanted = { ...this.current().get(id), ...cells } as Cells;
    const octetsInForce = withApplied(octets, this.current());
    const inForce = configurationFile('', octetsInForce).configuration;
    const edited = editRow(octets, id, wanted);
    if ('fault' in edited) {
      const problems: CellProblem[] = [{ column: edited.column ?? 'row', reason: edited.fault, severity: 'skipped' }];
      return { check: { ...NOTHING, ...NOT_TAKEN, ok: false, problems }, edited: undefined, octets };
    }
    const before = configurationFile('', octets).configuration;
    const after = edited.file.configuration;
    const problems = problemsOf(before, after, edited.row);
    const ok = problems.every(({ severity }) => severity !== 'skipped');
    const status = await this.parts.status(id);
    const changes = changesOf(octets, octetsInForce, inForce.groups, id, wanted).map((each) =>
      ok ? each : { ...each, effect: null },
    );
    const group = ok
      ? groupChanges(inForce.groups, after.groups).changed.find((each) => each.after.id === id)
      : undefined;
    const effect: ChangeEffect | null = group === undefined ? null : fullEffect(group);
    const consequence = ok ? consequenceOf(effect, status, group) : NOT_TAKEN;
    const check: RowCheck = {
      ok,
      problems,
      changes,
      effect,
      ...consequence,
      rowBefore: edited.rowBefore,
      rowAfter: edited.rowAfter,
      diff: diffText(this.parts.configuration.path, octets, edited.octets),
      howTo: this.parts.isSource || !ok ? null : HOW_TO,
    };
    return { check, edited, octets };
  }

  private async octets(): Promise<Uint8Array> {
    try {
      return await this.parts.configuration.read();
    } catch (error) {
      throw new ApiError(503, (error as Error).message);
    }
  }

  private rowOf(octets: Uint8Array, id: string): FileRow {
    const row = readRow(octets, id);
    if (row === undefined) throw new ApiError(404, `no group ${id} loads from the file`);
    return row;
  }

  private current(): ReadonlyMap<string, Cells> {
    // Whoever changed the file, or had it read again, has put all of it into force.
    return this.parts.configuration.digest === this.appliedDigest ? this.applied : new Map<string, Cells>();
  }
}

const NOT_TAKEN = { consequence: 'the row would not be taken', closesMasters: 0 };
const NOTHING: Omit<RowCheck, 'ok' | 'problems'> = {
  changes: [],
  effect: null,
  consequence: 'nothing changes',
  closesMasters: 0,
  rowBefore: '',
  rowAfter: '',
  diff: '',
  howTo: null,
};

/** Where pods run the chart carries the file. */
const HOW_TO = [
  '# the file that the chart was made from; change.diff is the change above',
  'patch groups.csv < change.diff',
  'mm2ss check groups.csv',
  'mm2ss chart groups.csv --nats-auth nats --values own.yaml -o chart',
  'helm upgrade mm2ss chart -n NAMESPACE --wait',
].join('\n');

/** A cell that is what the file says anyway is not edited. */
function withoutThoseOf({ cells: ofFile }: FileRow, cells: Cells): Cells {
  const names = Object.keys(cells) as ColumnName[];
  return Object.fromEntries(
    names.filter((name) => cells[name] !== (ofFile[name] ?? '')).map((name) => [name, cells[name]]),
  );
}

/** The file with the cells that are in force "until restart". A row that is not there any more has none. */
function withApplied(octets: Uint8Array, applied: ReadonlyMap<string, Cells>): Uint8Array {
  let result = octets;
  for (const [id, cells] of applied) {
    const edited = editRow(result, id, cells);
    if (!('fault' in edited)) result = edited.octets;
  }
  return result;
}

/** What is said of the row, and what of the file is at fault that was not before. */
function problemsOf(before: Configuration, after: Configuration, row: number): CellProblem[] {
  const ofRow = after.problems.filter((problem) => problem.row === row);
  const elsewhere = newFaults(before, after).filter((problem) => problem.row !== row);
  return [
    ...ofRow.map(({ field, reason, severity }) => ({ column: field, reason, severity })),
    ...elsewhere.map((problem) => ({ column: 'row', reason: formatProblem(problem), severity: 'skipped' as const })),
  ];
}
