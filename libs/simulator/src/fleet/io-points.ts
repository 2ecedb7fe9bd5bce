import type { CommandKind, PointKind } from '../points/point-kind.js';
import type { CommandDefinition, PointDefinition } from '../points/point.js';
import type { IoFile, SignalRow } from '../rtu-files/io-file.js';

/** The points and commands that an IO file makes of a station. */
export interface StationPoints {
  readonly points: readonly PointDefinition[];
  readonly commands: readonly CommandDefinition[];
}

/** A file is shared by many stations: what it makes is the same for all of them. */
const made = new WeakMap<IoFile, StationPoints>();

/** Kinds of status that a command means first, if several points have the address of its status. */
const PREFERRED: Readonly<Partial<Record<CommandKind, readonly PointKind[]>>> = {
  single: ['single', 'double'],
  double: ['double', 'single'],
  step: ['scaled', 'normalized', 'float', 'double', 'single'],
};

/**
 * A point is an address and a kind: the rows of one that differ in index or value are its events. What it is at power-on, the
 * first of its rows that is part of the interrogation says, or else the first.
 */
export function stationPoints(io: IoFile): StationPoints {
  const known = made.get(io);
  if (known !== undefined) return known;
  const rows = new Map<string, SignalRow>();
  for (const row of io.signals) {
    const key = `${row.kind} ${row.ioa}`;
    const before = rows.get(key);
    if (before === undefined || (row.interrogated && !before.interrogated)) rows.set(key, row);
  }
  const byIoa = new Map<number, SignalRow[]>();
  for (const row of rows.values()) byIoa.set(row.ioa, [...(byIoa.get(row.ioa) ?? []), row]);
  const result = { points: [...rows.values()].map(pointOf), commands: commandsOf(io, byIoa) };
  made.set(io, result);
  return result;
}

function pointOf(row: SignalRow): PointDefinition {
  return {
    ioa: row.ioa,
    kind: row.kind,
    value: row.value,
    quality: row.quality,
    name: row.comment === '' ? `${row.kind} ${row.ioa}` : row.comment,
    group: undefined,
    commandIoas: [],
    commandKind: undefined,
    select: 'optional',
    events: true,
    interrogated: row.interrogated,
    timed: row.timed,
  };
}

function commandsOf(io: IoFile, byIoa: ReadonlyMap<number, readonly SignalRow[]>): CommandDefinition[] {
  const commands = new Map<string, CommandDefinition>();
  for (const { ioa, kind, statusIoa } of io.commands) {
    const key = `${kind} ${ioa}`;
    if (commands.has(key)) continue;
    const candidates = statusIoa === undefined ? [] : (byIoa.get(statusIoa) ?? []);
    const preferred = PREFERRED[kind] ?? [];
    const status =
      preferred.map((wanted) => candidates.find((row) => row.kind === wanted)).find((row) => row !== undefined) ??
      candidates[0];
    const point = status === undefined ? undefined : { ioa: status.ioa, kind: status.kind };
    commands.set(key, { ioa, kind, select: 'optional', point });
  }
  return [...commands.values()];
}

/** Rows for a station that was given a point list: each point is a row of the index that is its group, or of index 1. */
export function rowsOfPoints(points: readonly PointDefinition[]): IoFile {
  const signals = points.map((point, at): SignalRow => ({
    row: at + 1,
    index: point.group ?? 1,
    interrogated: point.interrogated ?? true,
    typeId: 0,
    kind: point.kind,
    timed: point.timed ?? true,
    ioa: point.ioa,
    value: point.value,
    quality: point.quality ?? 0,
    waitMs: 0,
    rtuNumber: undefined,
    filter: undefined,
    comment: point.name,
  }));
  return { signals, commands: [], problems: [] };
}
