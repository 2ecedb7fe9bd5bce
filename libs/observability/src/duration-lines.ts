/** How often something took how long; `Durations` of libs/iec104 is one. */
export interface CountedDurations {
  /** Upper bounds of the buckets, milliseconds: those of the catalogue. */
  readonly boundsMs: readonly number[];
  /** Not cumulative; one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/**
 * The series of one histogram of seconds. `labels`: those that all of them have, as text.
 *
 * @param catalogued the bounds of the catalogue
 * @throws Error when it was counted by others
 */
export function durationLines(
  name: string,
  labels: string,
  catalogued: readonly number[] | undefined,
  { boundsMs, counts, sumMs }: CountedDurations,
): string {
  if (boundsMs !== catalogued) throw new Error(`${name} is counted by bounds that are not those of the catalogue`);
  const further = labels && `,${labels}`;
  const all = labels && `{${labels}}`;
  const starts = bucketStarts(boundsMs);
  let text = '';
  let below = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    below += counts[bucket] as number;
    text += `${name}${starts[bucket] as string}${further}} ${below}\n`;
  }
  return `${text}${name}_sum${all} ${sumMs / 1000}\n${name}_count${all} ${below}\n`;
}

const known = new WeakMap<readonly number[], readonly string[]>();

/** How the line of each bucket begins, behind the name: bounds are few, and to write a number takes longer than all else. */
function bucketStarts(boundsMs: readonly number[]): readonly string[] {
  const found =
    known.get(boundsMs) ?? [...boundsMs.map((ms) => String(ms / 1000)), '+Inf'].map((le) => `_bucket{le="${le}"`);
  known.set(boundsMs, found);
  return found;
}
