import { accepted, refused, type Parsed } from './parsed.js';

/** Inclusive limits of a number in the file, and what it counts. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

export const PORT_RANGE: IntegerRange = { min: 1, max: 65535 };

/** The longest time Node's timers can wait is 2^31 - 1 ms; a longer one would fire at once. */
export const TIMER_SECONDS_RANGE: IntegerRange = { min: 1, max: 2_147_483 };

/** Digits only: no sign, no decimals, no exponent, so that `2e3` or `0x10` is never taken for a number. */
export function parseInteger(text: string, range: IntegerRange): Parsed<number> {
  if (!/^\d+$/.test(text)) return refused(`${JSON.stringify(text)} is not a whole number`);
  const value = Number(text);
  if (value < range.min || value > range.max) return refused(`${text} is not in ${range.min}..${range.max}`);
  return accepted(value);
}
