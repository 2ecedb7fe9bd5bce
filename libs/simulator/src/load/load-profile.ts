import { decimal, quoted, rowsOf, whyNothingLoads } from '../rtu-files/rows.js';

/** How many events a second there are, over time. */
export interface LoadProfile {
  /** As it was written. */
  readonly text: string;
  /** Events that are due within the first `seconds`; never less later. */
  total(seconds: number): number;
}

/** A text that is no profile. */
export class LoadProfileError extends Error {
  constructor(text: string, reason: string) {
    super(`'${text}': ${reason}; expected ${LOAD_PROFILE_FORMS.join(', ')}`);
    this.name = 'LoadProfileError';
  }
}

export const LOAD_PROFILE_FORMS: readonly string[] = [
  'constant N',
  'burst N EVERY_S',
  'ramp FROM TO S',
  'sine LOW HIGH PERIOD_S',
  'walk MEAN STEP',
  'csv FILE',
];

/** The random walk moves this often, and stays below so many times its mean. */
const WALK_SECONDS = 1;
const WALK_HIGHEST = 4;
/** Events a second, or at once, five times what is promised: with more the process does nothing else, and hears no signal. */
export const MOST_EVENTS = 100_000;
const NUMBERS: Readonly<Record<string, number>> = { constant: 1, burst: 2, ramp: 3, sine: 3, walk: 2 };

/**
 * Reads a profile: `constant 20`; `burst 500 10`, 500 events every 10 s; `ramp 0 100 60`, from 0 to 100 a second within 60 s,
 * then 100; `sine 10 100 60`, between 10 and 100 with a period of 60 s; `walk 50 5`, a random walk that begins at 50 and moves by
 * up to 5 each second, the same at each run; `csv FILE`, rows of seconds and events a second, in between straight lines.
 *
 * @param readText reads the file of `csv`
 * @throws LoadProfileError
 */
export function parseLoadProfile(text: string, readText: (path: string) => string): LoadProfile {
  const [kind = '', ...words] = text.trim().split(/\s+/);
  if (kind === 'csv') {
    const path = text.trim().slice(kind.length).trim();
    return { text, total: throughPoints(pointsOf(text, readText(path))) };
  }
  const wanted = Object.hasOwn(NUMBERS, kind) ? NUMBERS[kind] : undefined;
  if (wanted === undefined) throw new LoadProfileError(text, `there is no profile '${kind}'`);
  const numbers = words.map(Number);
  if (numbers.length !== wanted || !numbers.every((number) => number >= 0 && Number.isFinite(number))) {
    throw new LoadProfileError(text, `${wanted} number(s) of 0 or more are needed`);
  }
  const [a = 0, b = 0, c = 0] = numbers;
  const period = kind === 'burst' ? b : c;
  if (['burst', 'ramp', 'sine'].includes(kind) && period === 0) throw new LoadProfileError(text, 'a time of 0 s');
  const rates = kind === 'burst' ? [a, a / b] : kind === 'constant' ? [a] : [a, b];
  if (rates.some((rate) => rate > MOST_EVENTS))
    throw new LoadProfileError(text, `more than ${MOST_EVENTS} events a second`);
  return { text, total: totalOf(kind, a, b, c) };
}

function totalOf(kind: string, a: number, b: number, c: number): (seconds: number) => number {
  switch (kind) {
    case 'burst':
      return (seconds) => a * (Math.floor(seconds / b) + 1);
    case 'ramp':
      return throughPoints([
        [0, a],
        [c, b],
      ]);
    case 'sine':
      return (seconds) => {
        const turns = (2 * Math.PI * seconds) / c;
        return ((a + b) / 2) * seconds + (((b - a) / 2) * c * (1 - Math.cos(turns))) / (2 * Math.PI);
      };
    case 'walk':
      return randomWalk(a, b);
    default:
      return (seconds) => a * seconds;
  }
}

function randomWalk(mean: number, step: number): (seconds: number) => number {
  let state = 1;
  const random = (): number => {
    // A linear congruential generator (Numerical Recipes): the same at each run is all that is asked of it.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let rate = mean;
  /** Whole steps that are over, and what was due within them. */
  let moves = 0;
  let before = 0;
  return (seconds) => {
    for (; moves < Math.floor(seconds / WALK_SECONDS); moves++) {
      before += rate * WALK_SECONDS;
      rate = Math.min(Math.max(rate + (2 * random() - 1) * step, 0), Math.min(WALK_HIGHEST * mean, MOST_EVENTS));
    }
    return before + rate * (seconds - moves * WALK_SECONDS);
  };
}

/** Rows of a `csv` file. One whose first cell is no number is a comment; all others have to be right. */
function pointsOf(text: string, content: string): readonly (readonly [seconds: number, rate: number])[] {
  const { rows, decimalComma } = rowsOf(content);
  const points: [seconds: number, rate: number][] = [];
  for (const { line, cells } of rows) {
    const [first = '', second = ''] = cells;
    if (!/^[+-]?[.,]?\d/.test(first)) continue;
    const [seconds = -1, rate = -1] = [decimal(first, decimalComma), decimal(second, decimalComma)];
    const fail = (reason: string): never => {
      throw new LoadProfileError(text, `row ${line}: ${reason}`);
    };
    if (seconds < 0 || !Number.isFinite(seconds)) fail(`${quoted(first)} is no time in seconds`);
    if (seconds <= (points.at(-1)?.[0] ?? -1)) fail('its time has to be behind that of the row before');
    if (rate < 0 || rate > MOST_EVENTS)
      fail(`${quoted(second)} is no number of events a second, from 0 to ${MOST_EVENTS}`);
    points.push([seconds, rate]);
  }
  if (points.length === 0)
    throw new LoadProfileError(text, whyNothingLoads(content, 'rows of seconds and events a second'));
  return points;
}

/** Straight lines between the points, level before the first and behind the last. */
function throughPoints(points: readonly (readonly [seconds: number, rate: number])[]): (seconds: number) => number {
  return (seconds) => {
    let total = 0;
    let [from, rate] = [0, points[0]?.[1] ?? 0];
    for (const [to, rateTo] of points) {
      if (to >= seconds) {
        const rateHere = to === from ? rate : rate + ((rateTo - rate) * (seconds - from)) / (to - from);
        return total + ((rate + rateHere) / 2) * (seconds - from);
      }
      total += ((rate + rateTo) / 2) * (to - from);
      [from, rate] = [to, rateTo];
    }
    return total + rate * (seconds - from);
  };
}
