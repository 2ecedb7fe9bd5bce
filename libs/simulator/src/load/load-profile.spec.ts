import { describe, expect, it } from 'vitest';
import type { Clock } from '@iec104mm2ss/runtime';
import { LoadPace } from './load-pace.js';
import { LoadProfileError, parseLoadProfile } from './load-profile.js';

const noFile = (): string => '';

/** Events in each second of the first ten, with a clock that jumps from timer to timer. */
function perSecond(text: string, file = ''): number[] {
  let now = 0;
  let timer: { callback: () => void; at: number } | undefined;
  const clock = {
    now: () => now,
    setTimer: (callback: () => void, ms: number) => (timer = { callback, at: now + ms }),
    clearTimer: () => (timer = undefined),
  } as unknown as Clock;
  const counts = Array.from({ length: 10 }, () => 0);
  const pace = new LoadPace(
    clock,
    parseLoadProfile(text, () => file),
    (count) => {
      counts[Math.min(Math.ceil(now / 1000) - 1, 9)]! += count;
    },
  );
  while (now < 10_000 && timer !== undefined) {
    const { callback, at }: { callback: () => void; at: number } = timer;
    now = at;
    callback();
  }
  pace.stop();
  return counts;
}

describe('load profiles', () => {
  it.each([
    ['constant 20', '', [20, 20, 20, 20, 20, 20, 20, 20, 20, 20]],
    ['burst 100 5', '', [100, 0, 0, 0, 100, 0, 0, 0, 0, 100]],
    ['ramp 0 100 5', '', [10, 30, 50, 70, 90, 100, 100, 100, 100, 100]],
    ['sine 0 100 10', '', [65, 91, 99, 91, 65, 35, 9, 1, 9, 35]],
    ['csv load.csv', 'seconds,events\n0,10\n4,50\n8,0\n', [15, 25, 35, 45, 44, 31, 19, 6, 0, 0]],
    ['csv semi.csv', '0;1,5\r\n8;1,5\r\n', [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]],
    ['csv gap.csv', '# nothing until 4 s\n4,0\n\n8,40\n', [0, 0, 0, 0, 5, 15, 25, 35, 40, 40]],
  ])('%s', (text, file, expected) => {
    perSecond(text, file).forEach((count, second) => {
      expect(Math.abs(count - expected[second]!), `second ${second}: ${count}`).toBeLessThanOrEqual(2);
    });
  });

  it('walk moves by its step at most, and is the same at each run', () => {
    const counts = perSecond('walk 50 5');
    expect(counts).toEqual(perSecond('walk 50 5'));
    expect(new Set(counts).size).toBeGreaterThan(3);
    counts.slice(1).forEach((count, at) => expect(Math.abs(count - counts[at]!)).toBeLessThanOrEqual(7));
  });

  it.each([
    ['0,10\n5,abc\n10,5\n', 'row 2: "abc" is no number of events'],
    ['0,\n5,10\n', 'row 1: an empty cell is no number'],
    ['0,10\n10,-20\n', 'row 2: "-20"'],
    ['-5,10\n0,5\n', 'row 1: "-5" is no time'],
    ['0,10\nx\n\n0,20\n', 'row 4: its time has to be behind'],
    ['10,5\n0,10\n', 'row 2: its time'],
    ['0,1e9\n', 'row 1: "1e9"'],
    ['0\n', 'row 1: an empty cell'],
    ['', 'the file is empty'],
    ['seconds,events\n', 'no row begins with a number'],
  ])('says which row of %j is wrong', (file, reason) => {
    expect(() => parseLoadProfile('csv load.csv', () => file)).toThrow(reason);
  });

  it.each(['constant 1e9', 'burst 200000 10', 'burst 1000 0.001', 'ramp 0 1e6 60', 'sine 0 1e6 60', 'walk 1e6 5'])(
    'refuses %s, which no process keeps up with',
    (text) => {
      expect(() => parseLoadProfile(text, noFile)).toThrow('more than 100000 events a second');
    },
  );

  it.each(['', 'steady 5', 'constant', 'constant x', 'constant -1', 'burst 5 0', 'sine 1 2', 'csv none.csv'])(
    'refuses %j',
    (text) => {
      expect(() => parseLoadProfile(text, noFile)).toThrow(LoadProfileError);
    },
  );
});
