/** What is being edited of a row; it is there still when one comes back from another view. */
import type { ColumnInfo, RowAnswer, RowCheck } from '@iec104mm2ss/console-api';
import { effect, type Signal, signal, untracked } from '@preact/signals';
import { api, ApiError } from '../../api/client.js';
import { summary } from '../../state/fleet.js';
import { messageOf } from '../../ui/words.js';

export interface Draft {
  readonly id: string;
  readonly row: Signal<RowAnswer | undefined>;
  /** Cells that are to be others than they are, by column. */
  readonly cells: Signal<Readonly<Record<string, string>>>;
  readonly check: Signal<RowCheck | undefined>;
  readonly failure: Signal<string | undefined>;
  /** No such group loads from the file by now: what is typed is kept, and can be read. */
  readonly isGone: Signal<boolean>;
  /** Columns that somebody else has changed since it was begun. */
  readonly overtaken: Signal<readonly string[]>;
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
  const isGone = signal(false);
  const overtaken = signal<readonly string[]>([]);

  async function ask(): Promise<void> {
    const asked = cells.peek();
    const digest = row.peek()?.digest;
    if (digest === undefined) return;
    try {
      const answer = await api.check(id, { digest, cells: asked });
      if (cells.peek() === asked) check.value = answer;
      failure.value = undefined;
    } catch (error) {
      failure.value = messageOf(error);
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
    isGone,
    overtaken,
    set: (column, text) => {
      const { [column]: _, ...others } = cells.peek();
      cells.value = text === inForce(row.peek(), column) ? others : { ...others, [column]: text };
    },
    load: async () => {
      try {
        if (columns.peek().length === 0) columns.value = await api.columns();
        const [before, now] = [row.peek(), await api.row(id)];
        const typed = Object.entries(cells.peek());
        const others = Object.keys(now.cells).filter((name) => inForce(before, name) !== inForce(now, name));
        if (before !== undefined && typed.length > 0) overtaken.value = [...new Set([...overtaken.peek(), ...others])];
        row.value = now;
        // What somebody else has typed as well is no change any more.
        cells.value = Object.fromEntries(typed.filter(([name, text]) => text !== inForce(now, name)));
        failure.value = undefined;
        isGone.value = false;
      } catch (error) {
        failure.value = messageOf(error);
        isGone.value = error instanceof ApiError && error.status === 404;
        // It was about a row that is not there, or another one.
        check.value = undefined;
      }
    },
    forget: () => {
      cells.value = {};
      overtaken.value = [];
    },
  };
}

const isBegun = ({ cells }: Draft): boolean => Object.keys(cells.peek()).length > 0;

/** Rows that were read are read again when the configuration is another one; and what is half typed is not lost unasked. */
export function startDrafts(): void {
  let before: string | undefined;
  effect(() => {
    const now = summary.value?.configuration;
    if (now === before || now === undefined) return;
    const isNews = before !== undefined;
    before = now;
    if (isNews) untracked(() => [...drafts.values()].forEach((draft) => draft.row.peek() && void draft.load()));
  });
  addEventListener('beforeunload', (event) => {
    if ([...drafts.values()].some(isBegun)) event.preventDefault();
  });
}
