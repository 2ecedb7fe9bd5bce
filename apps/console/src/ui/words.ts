/** Numbers, times and durations as people read them. */
import type { OverviewRow } from '@iec104mm2ss/console-api';

const NARROW_SPACE = '\u202f';

/** With a large letter at its beginning and a full stop at its end. */
export function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return whole === '' || /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

/** `12 345`; a dash for what is not known. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, NARROW_SPACE);
}

/** A rate: one decimal below ten, unless it is whole. */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return Number.isInteger(value) || value >= 10 ? count(value) : value.toFixed(1);
}

/** `3 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. Milliseconds in. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

const two = (value: number): string => value.toString().padStart(2, '0');

/** Local time of day, `12:03:11`. */
export function clockTime(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** With milliseconds, for log lines. */
export function fineTime(at: Date): string {
  return `${clockTime(at)}.${at.getMilliseconds().toString().padStart(3, '0')}`;
}

/** Local date and time; the date only where it is another day than `now`. */
export function dateTime(at: Date, now: Date): string {
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return at.toDateString() === now.toDateString() ? clockTime(at) : `${day} ${clockTime(at)}`;
}

/** `1 master`, `5 masters`. */
export function plural(number: number, noun: string, many = `${noun}s`): string {
  return `${count(number)} ${number === 1 ? noun : many}`;
}

/** What an error says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What a process does; one without a part serves the console, and nothing else. */
export const partsText = (parts: readonly string[]): string => (parts.length === 0 ? 'console' : parts.join(', '));

/** Masters started / connected / let in at most; a silent gateway may have more. */
export function mastersText(
  row: Pick<OverviewRow, 'mastersStarted' | 'mastersConnected' | 'mastersMax' | 'silent'>,
): string {
  const least = row.silent.includes('gateway') ? '≥' : '';
  const known = (count: number | null): string => (count === null ? '–' : `${least}${count}`);
  return `${known(row.mastersStarted)}/${known(row.mastersConnected)}/${row.mastersMax ?? '–'}`;
}
