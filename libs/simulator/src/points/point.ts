import type { CommandKind, PointKind } from './point-kind.js';

/** Whether a point's commands are executed directly, after a select, or either way. */
export type SelectPolicy = 'optional' | 'required' | 'no';

/** One row of a point list. */
export interface PointDefinition {
  /** Information object address of the monitored value, 1..16777215. */
  readonly ioa: number;
  readonly kind: PointKind;
  /** Value at power-on. Single 0/1, double 0..3. */
  readonly value: number;
  readonly name: string;
  /** Interrogation group 1..16 (counters: counter group 1..4); undefined = in the general interrogation only. */
  readonly group: number | undefined;
  /** Addresses of the commands that work on this point; none = it cannot be commanded. */
  readonly commandIoas: readonly number[];
  readonly commandKind: CommandKind | undefined;
  readonly select: SelectPolicy;
  /** Whether the generator of spontaneous events changes it. */
  readonly events: boolean;
  /** Quality at power-on, bits of a quality descriptor (see quality.ts); default 0 = good. */
  readonly quality?: number;
  /** Whether it is part of the general interrogation; default true. */
  readonly interrogated?: boolean;
  /** Whether its events carry CP56Time2a; default true. */
  readonly timed?: boolean;
}

/** A command of a station whose points do not name their commands themselves. */
export interface CommandDefinition {
  /** Information object address, 1..16777215. Several commands of different kinds may share it. */
  readonly ioa: number;
  readonly kind: CommandKind;
  readonly select: SelectPolicy;
  /** The point it works on; undefined: it is confirmed, and changes nothing. */
  readonly point: { readonly ioa: number; readonly kind: PointKind } | undefined;
}

/** Why a point list is not usable, with the row and the column at fault. */
export interface PointProblem {
  /** 1-based line of the file. */
  readonly row: number;
  readonly field: string;
  readonly reason: string;
}

/** A point list that cannot be used: one problem per faulty field, all of them at once. */
export class PointListError extends Error {
  constructor(readonly problems: readonly PointProblem[]) {
    super(problems.map(({ row, field, reason }) => `row ${row}, ${field}: ${reason}`).join('\n'));
    this.name = 'PointListError';
  }
}
