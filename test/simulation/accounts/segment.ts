import type { Ledger, LedgerEntry } from './ledger.ts';

/** An ASDU that looks like others. `slot`: which one of its session it is. */
export interface Arrived {
  readonly key: string;
  readonly slot: number;
}

export interface Filled {
  /** Entries that are owed and for which nothing has come. */
  readonly missing: readonly LedgerEntry[];
  readonly placed: readonly { readonly entry: LedgerEntry; readonly slot: number }[];
  /** What has come and has no place here: it is a repetition. */
  readonly left: readonly Arrived[];
}

/**
 * Gives what has come, and looks like others, its places among the entries `from` up to, not including, `to`: first those
 * that are owed, in order, then the others.
 */
export function fill(
  ledger: Ledger,
  from: number,
  to: number,
  arrived: readonly Arrived[],
  isOwed: (entry: LedgerEntry) => boolean,
): Filled {
  const waiting = new Map<string, Arrived[]>();
  for (const one of arrived) {
    const same = waiting.get(one.key);
    if (same === undefined) waiting.set(one.key, [one]);
    else same.push(one);
  }
  const missing: LedgerEntry[] = [];
  const optional: LedgerEntry[] = [];
  const placed: { entry: LedgerEntry; slot: number }[] = [];
  const take = (entry: LedgerEntry): boolean => {
    const next = waiting.get(entry.key)?.shift();
    if (next !== undefined) placed.push({ entry, slot: next.slot });
    return next !== undefined;
  };
  for (let index = from; index < to; index++) {
    const entry = ledger.at(index);
    if (entry === undefined) break;
    if (!isOwed(entry)) optional.push(entry);
    else if (!take(entry)) missing.push(entry);
  }
  for (const entry of optional) take(entry);
  return { missing, placed, left: [...waiting.values()].flat() };
}
