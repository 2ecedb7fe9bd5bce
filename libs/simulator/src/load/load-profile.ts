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
    return { text, total: throughPoints(rowsOf(text, readText(path))) };
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
      rate = Math.min(Math.max(rate + (2 * random() - 1) * step, 0), WALK_HIGHEST * mean);
    }
    return before + rate * (seconds - moves * WALK_SECONDS);
  };
}

function rowsOf(text: string, content: string): readonly (readonly [seconds: number, rate: number])[] {
  const rows = content
    .split(/\r\n|\n|\r/)
    .filter((line) => /^\s*\d/.test(line))
    .map((line) => line.split(/[,;\t]/).map(Number));
  const good = rows.map(([seconds = NaN, rate = NaN]) => [seconds, rate] as const);
  const isSorted = good.every(([seconds], at) => at === 0 || seconds > (good[at - 1]?.[0] ?? Infinity));
  if (good.length === 0 || !isSorted || !good.every(([seconds, rate]) => seconds >= 0 && rate >= 0)) {
    throw new LoadProfileError(text, 'the file needs rows of seconds, ascending, and events a second');
  }
  return good;
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
