import { describe, expect, it } from 'vitest';
import { Recurrence } from './recurrence.js';

/** Seconds at which something is said that is asked about each second. */
function saidAt(seconds: number, what: (second: number) => string): number[] {
  let now = 0;
  const reports = new Recurrence({ now: () => now });
  return Array.from({ length: seconds }, (_, second) => second).filter((second) => {
    now = second * 1000;
    return reports.isDue(what(second));
  });
}

describe('what goes on and on', () => {
  it('is said at once, and then at intervals that double up to five minutes', () => {
    expect(saidAt(1_500, () => 'refused')).toEqual([0, 3, 9, 21, 45, 93, 189, 381, 681, 981, 1281]);
  });

  it('is said at once when it is something else, and begins anew', () => {
    expect(saidAt(30, (second) => (second < 15 ? 'away' : 'refused'))).toEqual([0, 3, 9, 15, 18, 24]);
  });
});
