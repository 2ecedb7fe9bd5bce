/**
 * An age in one octet, for histograms: 0 is not known, `1 + n` is `2^(n / 11) - 1` milliseconds, from 0 to two and a half
 * hours. What is between is written as the smaller one: up to 7 % too short.
 */
const STEPS_PER_OCTAVE = 11;
const LARGEST = 255;

const AGES: readonly number[] = Array.from({ length: LARGEST }, (_, n) => 2 ** (n / STEPS_PER_OCTAVE) - 1);

/** @param ms a negative age, of clocks that differ, counts as none */
export function ageCode(ms: number): number {
  if (ms < 1) return 1;
  // What is exact stays so: 1 ms is 2^(11 / 11) - 1.
  return Math.min(LARGEST, 1 + Math.floor(Math.log2(1 + ms) * STEPS_PER_OCTAVE + 1e-9));
}

/** Milliseconds; undefined: not known. */
export function ageOf(code: number): number | undefined {
  return code === 0 ? undefined : AGES[code - 1];
}
