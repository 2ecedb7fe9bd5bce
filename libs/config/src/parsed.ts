/** The outcome of reading one cell: its value, or the reason (a sentence fragment for an operator) it has none. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export function accepted<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** The end of a reason: what could have been written instead. Empty when that cannot be told. */
export function nearest(form: string | undefined): string {
  return form === undefined ? '' : `; nearest valid form: ${form}`;
}

/**
 * Splits a cell that holds a list, trimming the entries; a line end within the cell separates as well. Empty entries (a
 * trailing separator) are dropped, so a cell of separators only gives an empty list: callers must not take that for an empty
 * cell.
 */
export function splitList(text: string, separator: ';' | ','): string[] {
  return text
    .split(separator)
    .flatMap((entry) => entry.split(/[\r\n]+/))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
