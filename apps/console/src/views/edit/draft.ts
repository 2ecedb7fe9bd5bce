/** What is being edited of a row; it is there still when one comes back from another view. */
import type { ColumnInfo, RowAnswer, RowCheck } from '@iec104mm2ss/console-api';
import { effect, type Signal, signal, untracked } from '@preact/signals';
import { api } from '../../api/client.js';

export interface Draft {
  readonly id: string;
  readonly row: Signal<RowAnswer | undefined>;
  /** Cells that are to be others than they are, by column. */
  readonly cells: Signal<Readonly<Record<string, string>>>;
  readonly check: Signal<RowCheck | undefined>;
  readonly failure: Signal<string | undefined>;
  readonly set: (column: string, text: string) => void;
  readonly load: () => Promise<void>;
  readonly forget: () => void;
}

export const columns = signal<readonly ColumnInfo[]>([]);
const drafts = new Map<string, Draft>();
/** While somebody types nothing is asked. */
const PAUSE_MS = 250;

/** The cells that are in force: those of the file, and those applied until restart. */
export const inForce = (row: RowAnswer | undefined, column: string): string =>
  row?.applied[column] ?? row?.cells[column] ?? '';

export function draftOf(id: string): Draft {
  let draft = drafts.get(id);
  if (draft === undefined) drafts.set(id, (draft = newDraft(id)));
  return draft;
}

function newDraft(id: string): Draft {
  const row = signal<RowAnswer | undefined>(undefined);
  const cells = signal<Readonly<Record<string, string>>>({});
  const check = signal<RowCheck | undefined>(undefined);
  const failure = signal<string | undefined>(undefined);

  async function ask(): Promise<void> {
    const asked = cells.peek();
    const digest = row.peek()?.digest;
    if (digest === undefined) return;
    try {
      const answer = await api.check(id, { digest, cells: asked });
      if (cells.peek() === asked) check.value = answer;
      failure.value = undefined;
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
  }

  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const isChanged = Object.keys(cells.value).length > 0;
    clearTimeout(timer);
    untracked(() => {
      check.value = undefined;
    });
    if (isChanged && row.value !== undefined) timer = setTimeout(() => void ask(), PAUSE_MS);
  });

  return {
    id,
    row,
    cells,
    check,
    failure,
    set: (column, text) => {
      const { [column]: _, ...others } = cells.peek();
      cells.value = text === inForce(row.peek(), column) ? others : { ...others, [column]: text };
    },
    load: async () => {
      try {
        if (columns.peek().length === 0) columns.value = await api.columns();
        row.value = await api.row(id);
        failure.value = undefined;
      } catch (error) {
        failure.value = error instanceof Error ? error.message : String(error);
      }
    },
    forget: () => {
      cells.value = {};
    },
  };
}
