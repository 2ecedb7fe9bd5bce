/** Which groups the list shows, in which order: from the URL and what is known of them. */
import type { OverviewRow } from '@iec104mm2ss/console-api';
import { type TroubleKind, troublesOf } from '../../state/trouble.js';
import { type Column, COLUMNS, troubleRank } from './columns.js';

export interface Selection {
  /** Words that must all be in one of id, name, endpoint, port, state, RTU number. */
  readonly filter: string;
  readonly chips: readonly TroubleKind[];
  /** A column's id, after a `-` from the other end; empty: trouble first. */
  readonly sort: string;
}

export function selectionOf(query: URLSearchParams): Selection {
  const chips = (query.get('show') ?? '').split(',').filter((chip) => chip !== '') as TroubleKind[];
  return { filter: query.get('filter') ?? '', chips, sort: query.get('sort') ?? '' };
}

export function selected(rows: readonly OverviewRow[], { filter, chips, sort }: Selection): string[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = rows.filter((row) => matches(row, words) && hasOne(row, chips));
  return sorted(kept, sort).map(({ id }) => id);
}

export function hasOne(row: OverviewRow, chips: readonly TroubleKind[]): boolean {
  return chips.length === 0 || troublesOf(row).some(({ kind }) => chips.includes(kind));
}

function matches(row: OverviewRow, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { id, name, port, tlsPort, rtuNumber, endpoint, state, lastError } = row;
  const text = [id, name, port, tlsPort, rtuNumber, endpoint, state, lastError].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}

function sorted(rows: readonly OverviewRow[], sort: string): readonly OverviewRow[] {
  const column = COLUMNS.find(({ id }) => id === sort.replace(/^-/, ''));
  const by = (column?.sortBy ?? troubleRank) satisfies Column['sortBy'];
  const direction = sort.startsWith('-') ? -1 : 1;
  // Rows that are equal stay in the order of the file.
  return rows
    .map((row) => ({ row, key: by(row) }))
    .sort((a, b) => compare(a.key, b.key, direction))
    .map(({ row }) => row);
}

const collator = new Intl.Collator('en', { numeric: true });

/** What is not known comes last, whichever way. */
function compare(a: string | number | null, b: string | number | null, direction: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === 'string' && typeof b === 'string') return direction * collator.compare(a, b);
  return direction * (Number(a) - Number(b));
}
