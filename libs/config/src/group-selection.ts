import { nearestNames } from './nearest-name.js';

const ALL = 'all';
/** What people write for `all`, and for the minus of a range and the comma between two parts. */
const OTHER_ALL = ['*', 'any', 'every'];
const OTHER_MINUS = /\s*(?:\.{2,}|:|–|—|-)\s*/g;
const OTHER_COMMA = /\s*[,;|+]\s*|\s+/;
const ID = /^\d+$/;
const RANGE = /^(\d+)\s*-\s*(\d+)$/;

/** A selection that cannot be read; the message says which part of it, and the nearest one that can. */
export class GroupSelectionError extends Error {
  override readonly name = 'GroupSelectionError';
}

interface Part {
  readonly text: string;
  matches(id: string): boolean;
}

/**
 * Which groups are meant: `1`, `1,7`, `5-20`, `all`, or several of them. It knows no configuration: what is added to the file
 * later and matches is meant as well.
 */
export class GroupSelection {
  private constructor(private readonly parts: readonly Part[]) {}

  /**
   * @param texts as typed; each may be a list with commas
   * @throws {GroupSelectionError}
   */
  static parse(texts: readonly string[]): GroupSelection {
    return new GroupSelection(texts.flatMap((text) => text.split(',').map((part) => parsePart(part.trim(), text))));
  }

  /** @param id as in GroupConfig.id, without leading zeros */
  matches(id: string): boolean {
    return this.parts.some((part) => part.matches(id));
  }

  /** The id, when it can only ever be one group. */
  get single(): string | undefined {
    const [first, ...others] = this.parts;
    return first !== undefined && others.length === 0 && ID.test(first.text) ? first.text : undefined;
  }

  /** Parts of it that match none of `ids`. */
  unmatched(ids: readonly string[]): string[] {
    return this.parts.filter((part) => !ids.some((id) => part.matches(id))).map(({ text }) => text);
  }

  toString(): string {
    return this.parts.map(({ text }) => text).join(',');
  }
}

function parsePart(text: string, whole: string): Part {
  if (text.toLowerCase() === ALL) return { text: ALL, matches: () => true };
  if (ID.test(text)) {
    const wanted = plain(text);
    return { text: wanted, matches: (id) => id === wanted };
  }
  const [, first, last] = RANGE.exec(text) ?? [];
  if (first === undefined || last === undefined || compare(plain(first), plain(last)) > 0) {
    throw new GroupSelectionError(problem(text, whole));
  }
  const [low, high] = [plain(first), plain(last)];
  return {
    text: `${low}-${high}`,
    matches: (id) => ID.test(id) && compare(low, id) <= 0 && compare(id, high) <= 0,
  };
}

/** As in GroupConfig.id, or group 007 of the command line would not be group 7 of the file. */
function plain(id: string): string {
  return id.replace(/^0+(?=\d)/, '');
}

/** Numbers without leading zeros, however long. */
function compare(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

function problem(text: string, whole: string): string {
  const forms = 'must be ids of groups, as in 7 or 1,5-20, or all';
  const nearest = nearestValid(whole);
  const what = text === '' ? 'a part of it is empty' : `"${text}" is none of them`;
  return `${forms}; ${what}${nearest === undefined ? '' : `; nearest: ${nearest}`}`;
}

/** What was probably meant; undefined: no idea. */
function nearestValid(whole: string): string | undefined {
  const parts = whole
    .trim()
    .replace(OTHER_MINUS, '-')
    .split(OTHER_COMMA)
    .filter((part) => part !== '')
    .map(nearestPart);
  return parts.length === 0 || parts.includes(undefined) ? undefined : parts.join(',');
}

function nearestPart(text: string): string | undefined {
  if (ID.test(text)) return plain(text);
  const [, first = '', last = ''] = RANGE.exec(text) ?? [];
  if (first !== '') return [plain(first), plain(last)].sort(compare).join('-');
  if (OTHER_ALL.includes(text.toLowerCase())) return ALL;
  const [half] = /^\d+(?=-$)|(?<=^-)\d+$/.exec(text) ?? [];
  return half === undefined ? nearestNames(text, [ALL])[0] : plain(half);
}
