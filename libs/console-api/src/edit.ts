/** What a changed cell costs, from nothing to most; see libs/config. `filter`: live, but who is left out is disconnected. */
export type ChangeEffect = 'live' | 'filter' | 'masters' | 'link';

/** One column of the file. `GET /api/v1/columns` answers with all, in the order of the manual, then ours. */
export interface ColumnInfo {
  /** As the header of the file has it: `sys name`. */
  readonly name: string;
  /** The manual's, or one of ours. */
  readonly manual: boolean;
  readonly kind: 'text' | 'integer' | 'choice' | 'list';
  readonly required: boolean;
  /** For a choice. */
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** What an empty cell means, in words: `5`, `any source`. */
  readonly whenEmpty: string;
  /** One or two sentences, for a tooltip. */
  readonly help: string;
  readonly unit?: string;
  /** What a change costs at most. */
  readonly effect: ChangeEffect;
  /** `id` is not edited. */
  readonly editable: boolean;
}

/** `GET /api/v1/groups/{id}/row` */
export interface RowAnswer {
  readonly id: string;
  /** Line of the file. */
  readonly row: number;
  /** Of the whole file: sent back with a change. */
  readonly digest: string;
  readonly file: string;
  /** The cells as the file has them, by column; columns that the file lacks are missing. */
  readonly cells: Readonly<Record<string, string>>;
  /** Cells that are in force "until restart" instead. */
  readonly applied: Readonly<Record<string, string>>;
}

/** Body of `POST /api/v1/groups/{id}/row/check` and `PUT /api/v1/groups/{id}/row?mode=apply|save`. */
export interface RowChange {
  readonly digest: string;
  /** Only those that are to be others. */
  readonly cells: Readonly<Record<string, string>>;
}

export interface CellProblem {
  readonly column: string;
  readonly reason: string;
  /** `skipped`: the group would not load. */
  readonly severity: 'skipped' | 'warning' | 'note';
}

export interface CellChange {
  readonly column: string;
  /** What is in force; where that is `after` already, until restart, what the file has. */
  readonly before: string;
  readonly after: string;
  /** What it costs by itself. Null: the row would not be taken, so nothing happens. */
  readonly effect: ChangeEffect | null;
}

/** Answer to `/row/check`. Nothing has happened. */
export interface RowCheck {
  /** It would be taken. */
  readonly ok: boolean;
  readonly problems: readonly CellProblem[];
  readonly changes: readonly CellChange[];
  /** Of all of them together; null: nothing would change, or it would not be taken. */
  readonly effect: ChangeEffect | null;
  /** In words: "closes the link to the RTU and 5 masters". */
  readonly consequence: string;
  readonly closesMasters: number;
  /** The row as it would stand in the file, and as it stands. */
  readonly rowBefore: string;
  readonly rowAfter: string;
  /** The change of the file as a unified diff, for `patch` or a review. */
  readonly diff: string;
  /** Over NATS: the shell commands that put it into force, to be copied. Null in one process, and where it would not be taken. */
  readonly howTo: string | null;
}

/**
 * Answer to `PUT /row`. 200; 400: problems, nothing happened; 403; 409: the file is another one than `digest` says, or cannot be
 * written.
 */
export interface RowOutcome {
  readonly mode: 'apply' | 'save';
  readonly message: string;
  readonly closesMasters: number;
  readonly digest: string;
  /** Where the file as it was before is kept. */
  readonly backup: string | null;
}
