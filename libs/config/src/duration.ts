/** Seconds of each unit, by the beginnings of its names in English and German. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|msecs?|millise[ck]\p{L}*)$/u, 0.001],
  [/^(s|secs?|seconds?|sek|sekunden?)$/u, 1],
  [/^(m|mins?|minutes?|minuten?)$/u, 60],
  [/^(h|hrs?|hours?|std|stunden?)$/u, 3_600],
  [/^(d|days?|tage?)$/u, 86_400],
];

const PART = /(\d+(?:[.,]\d+)?)\s*(\p{L}+)\.?\s*/uy;

/** What people write where seconds are expected, in seconds: `48h`, `2 min`, `1h 30min`, `0:02:00`. Undefined: no duration. */
export function secondsOf(text: string): number | undefined {
  const plain = text.normalize('NFKC').trim().toLowerCase();
  const [, hours, minutes, seconds] = /^(\d+):([0-5]?\d):([0-5]?\d)$/.exec(plain) ?? [];
  if (hours !== undefined) return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  let total = 0;
  let end = 0;
  for (PART.lastIndex = 0; end < plain.length; end = PART.lastIndex) {
    const [, number = '', unit = ''] = PART.exec(plain) ?? [];
    const factor = UNITS.find(([names]) => names.test(unit))?.[1];
    if (factor === undefined) return undefined;
    total += Number(number.replace(',', '.')) * factor;
  }
  return end === 0 ? undefined : Math.round(total * 1_000) / 1_000;
}
