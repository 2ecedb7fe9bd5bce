/** The outcome of reading one cell: its value, or the reason (a sentence fragment for an operator) it has none. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export function accepted<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/**
 * Splits a cell that holds a list, trimming the entries. Empty entries (a trailing separator) are dropped, so a cell of
 * separators only gives an empty list: callers must not take that for an empty cell.
 */
export function splitList(text: string, separator: ';' | ','): string[] {
  return text
    .split(separator)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
