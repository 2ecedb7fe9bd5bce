/** What is known of all groups: a signal each, so that a change draws one row and nothing else. */
import type { Overview, OverviewDelta, OverviewRow, Summary } from '@iec104mm2ss/console-api';
import { batch, type Signal, signal } from '@preact/signals';
import { watchStream } from '../api/stream.js';
import { serverSays } from './time.js';

const rows = new Map<string, Signal<OverviewRow>>();

export const order = signal<readonly string[]>([]);
export const summary = signal<Summary | undefined>(undefined);

/** The row as it is now; it subscribes whoever reads it in a computation or a component. */
export const rowOf = (id: string): OverviewRow | undefined => {
  // A group that comes later is in the order by then.
  void order.value;
  return rows.get(id)?.value;
};

export const allRows = (): OverviewRow[] => order.value.flatMap((id) => rows.get(id)?.value ?? []);

export function takeOverview(overview: Overview): void {
  batch(() => {
    const ids = overview.rows.map(({ id }) => id);
    const kept = new Set(ids);
    for (const id of rows.keys()) if (!kept.has(id)) rows.delete(id);
    for (const row of overview.rows) setRow(row);
    if (ids.join() !== order.value.join()) order.value = ids;
    takeSummary(overview.summary);
  });
}

export function takeDelta(delta: OverviewDelta): void {
  batch(() => {
    for (const change of delta.changed) {
      const before = rows.get(change.id)?.peek();
      // The first of a row has all of it.
      setRow({ ...before, ...change } as OverviewRow);
    }
    for (const id of delta.removed) rows.delete(id);
    if (delta.order !== undefined) order.value = delta.order;
    else if (delta.removed.length > 0) order.value = order.value.filter((id) => rows.has(id));
    if (summary.value !== undefined) takeSummary({ ...summary.value, ...delta.summary });
  });
}

function setRow(row: OverviewRow): void {
  const known = rows.get(row.id);
  if (known === undefined) rows.set(row.id, signal(row));
  else known.value = row;
}

function takeSummary(next: Summary): void {
  if (next.now !== summary.value?.now) serverSays(next.now);
  summary.value = next;
}

export function startFleet(): void {
  watchStream({}, { overview: takeOverview, delta: takeDelta });
}
