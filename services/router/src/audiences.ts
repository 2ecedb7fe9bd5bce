import type { Participant } from './command-context.js';

/** Ranges of positions with the same audience that are remembered. */
export const MAX_AUDIENCES = 20_000;

export interface AudienceRange {
  readonly first: number;
  end: number;
  readonly participants: readonly Participant[];
  /** When it was added, monotonic. */
  readonly at: number;
}

/**
 * Who gets what is not for all: for those who come to that position later, because they are catching up. Positions are
 * added in order. A range holds one audience; it may span positions of other kinds, which are not looked up here.
 */
export class Audiences {
  private ranges: AudienceRange[] = [];
  /** The next one begins a range of its own. */
  private broken = true;

  /** @param capacity ranges kept at most; the oldest one goes first */
  constructor(private readonly capacity = MAX_AUDIENCES) {}

  get size(): number {
    return this.ranges.length;
  }

  /** Adds `position`; returns the range that had to go for it. */
  add(position: number, participants: readonly Participant[], now: number): AudienceRange | undefined {
    const last = this.ranges.at(-1);
    if (!this.broken && last !== undefined && same(last.participants, participants)) {
      last.end = position + 1;
      return undefined;
    }
    this.broken = false;
    this.ranges.push({ first: position, end: position + 1, participants: [...participants], at: now });
    return this.ranges.length > this.capacity ? this.ranges.shift() : undefined;
  }

  /** A position of this kind has no audience to be remembered. */
  skip(): void {
    this.broken = true;
  }

  /** The participants at `position`; undefined when none are remembered. */
  at(position: number): readonly Participant[] | undefined {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ranges[middle] as AudienceRange).end > position) high = middle;
      else low = middle + 1;
    }
    const range = this.ranges[low];
    return range !== undefined && range.first <= position ? range.participants : undefined;
  }

  /** Positions from `position` on are void. */
  cut(position: number): void {
    while ((this.ranges.at(-1)?.first ?? -1) >= position) this.ranges.pop();
    const last = this.ranges.at(-1);
    if (last !== undefined) last.end = Math.min(last.end, position);
    this.broken = true;
  }

  /** Forgets ranges that nobody needs any more. */
  prune(needed: (range: AudienceRange) => boolean): void {
    if (this.ranges.length === 0) return;
    this.ranges = this.ranges.filter(needed);
    this.broken = true;
  }
}

function same(a: readonly Participant[], b: readonly Participant[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((one, index) => one.session === b[index]?.session && one.ownOa === b[index]?.ownOa);
}
