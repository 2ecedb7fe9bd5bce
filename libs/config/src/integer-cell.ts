import { secondsOf } from './duration.js';
import { accepted, nearest, refused, type Parsed } from './parsed.js';

/** Inclusive limits of a number in the file, and what it counts. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
  /** Absent for plain numbers. */
  readonly unit?: 'seconds';
}

export const PORT_RANGE: IntegerRange = { min: 1, max: 65535 };

/** The longest time Node's timers can wait is 2^31 - 1 ms; a longer one would fire at once. */
export const TIMER_SECONDS_RANGE: IntegerRange = { min: 1, max: 2_147_483, unit: 'seconds' };

/**
 * The digits of a whole number as spreadsheets write one in a column of numbers: `25169`, `25169.0`, `25169,00`. Undefined
 * for everything else; three zeros could be thousands.
 */
export function digitsOf(text: string): string | undefined {
  return /^(\d+)(?:[.,](?:0{1,2}|0{4,}))?$/.exec(text)?.[1];
}

/** A cell of the file. No sign, no exponent, so that `2e3` or `0x10` is never taken for a number. */
export function parseIntegerCell(text: string, range: IntegerRange): Parsed<number> {
  return parseInteger(digitsOf(text) ?? text, range);
}

/** Digits only. */
export function parseInteger(text: string, range: IntegerRange): Parsed<number> {
  if (!/^\d+$/.test(text)) {
    const seconds = range.unit === 'seconds' ? secondsOf(text) : undefined;
    if (seconds !== undefined) return refusedDuration(text, seconds, range);
    return refused(`${JSON.stringify(text)} is not a whole number${nearest(nearestInteger(text, range))}`);
  }
  const value = Number(text);
  if (value < range.min || value > range.max) return refused(`${text} is not in ${range.min}..${range.max}`);
  return accepted(value);
}

/** A duration with its unit: the file has plain seconds. */
function refusedDuration(text: string, seconds: number, { min, max }: IntegerRange): Parsed<number> {
  const form = within(Math.round(seconds), min, max);
  const outside = form === undefined ? `, and ${seconds} s are not in ${min}..${max}` : '';
  return refused(`${JSON.stringify(text)} is not a whole number of seconds${outside}${nearest(form)}`);
}

/**
 * What may have been meant: digits of another script, quotes and blanks in the number, thousands set apart, a unit behind it.
 */
function nearestInteger(text: string, { min, max }: IntegerRange): string | undefined {
  const plain = text.normalize('NFKC').replace(/["'’`\s]/g, '');
  const thousands = /^\+?\d{1,3}([.,])\d{3}(\1\d{3})*$/.test(plain) ? plain.replace(/[.,]/g, '') : plain;
  const [, digits, decimals] = /^\+?(\d{1,15})(?:[.,](\d+))?(?:[a-z]+\.?)?$/i.exec(thousands) ?? [];
  if (/^\+?\d(?:[.,]\d+)?e\+?\d{1,2}$/i.test(plain)) return within(Number(plain.replace(',', '.')), min, max);
  if (digits === undefined) return undefined;
  return within(Math.round(Number(`${digits}.${decimals ?? 0}`)), min, max);
}

function within(value: number, min: number, max: number): string | undefined {
  return Number.isInteger(value) && value >= min && value <= max ? String(value) : undefined;
}
