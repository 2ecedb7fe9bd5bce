import type { Overview, OverviewDelta, OverviewRow, RowDelta, Summary } from '@iec104mm2ss/console-api';

/** What is other than before; undefined: nothing. */
export function overviewDelta(before: Overview, after: Overview): OverviewDelta | undefined {
  const known = new Map(before.rows.map((row) => [row.id, row]));
  const changed: RowDelta[] = [];
  for (const row of after.rows) {
    const delta = rowDelta(known.get(row.id), row);
    if (delta !== undefined) changed.push(delta);
  }
  const wanted = new Set(after.rows.map(({ id }) => id));
  const removed = before.rows.filter(({ id }) => !wanted.has(id)).map(({ id }) => id);
  const order = after.rows.map(({ id }) => id);
  const isReordered = order.length !== before.rows.length || order.some((id, index) => id !== before.rows[index]?.id);
  // The time alone is no news.
  const { now, ...summary } = fieldsThatDiffer(before.summary, after.summary);
  if (changed.length === 0 && !isReordered && Object.keys(summary).length === 0) return undefined;
  return {
    summary: { ...summary, ...(now === undefined ? {} : { now }) },
    changed,
    removed,
    ...(isReordered ? { order } : {}),
  };
}

function rowDelta(before: OverviewRow | undefined, after: OverviewRow): RowDelta | undefined {
  if (before === undefined) return after;
  const fields = fieldsThatDiffer(before, after);
  return Object.keys(fields).length === 0 ? undefined : { ...fields, id: after.id };
}

function fieldsThatDiffer<T extends OverviewRow | Summary>(before: T, after: T): Partial<T> {
  const fields: Partial<T> = {};
  for (const name of Object.keys(after) as (keyof T)[]) {
    if (!isSame(before[name], after[name])) fields[name] = after[name];
  }
  return fields;
}

/** Fields are simple values, or short lists. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b) && a.length === 0 && b.length === 0) return true;
  return JSON.stringify(a) === JSON.stringify(b);
}
