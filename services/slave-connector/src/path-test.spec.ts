import { PATH_TEST_MS } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { PathTest } from './path-test.js';

/** What the test needs of a connection. */
class FakePath {
  /** What is known to have arrived. */
  readonly link = { read: 0, test: (now: number) => void this.tests.push(now) };
  readonly tests: number[] = [];
  touches = 0;
  touched(): void {
    this.touches++;
  }
}

let path: FakePath;
let resets: string[];
let test: PathTest;

beforeEach(() => {
  path = new FakePath();
  resets = [];
  test = new PathTest(path, ({ code }) => resets.push(code));
});

/** Lets time pass from one deadline to the next. */
function runUntil(end: number, mayUse = true): void {
  for (let now = test.nextDeadline(); now <= end; now = test.nextDeadline()) test.onDeadline(now, mayUse);
}

describe('the path to the RTU', () => {
  it('is left alone while commands arrive before their deadlines', () => {
    test.sent(1, 5_000);
    path.link.read = 1;
    test.sent(2, 6_000);
    expect(test.nextDeadline()).toBe(6_000);
    path.link.read = 2;
    runUntil(20_000);
    expect(path.tests).toEqual([]);
    expect(test.nextDeadline()).toBe(Infinity);
  });

  it('is tested when a command is not known to have arrived at its deadline, and is good when the RTU answers', () => {
    test.sent(1, 5_000);
    runUntil(5_000);
    expect(path.tests).toEqual([5_000]);
    expect(path.touches).toBe(1);
    path.link.read = 1;
    runUntil(20_000);
    expect(resets).toEqual([]);
    expect(test.nextDeadline()).toBe(Infinity);
  });

  it('is reset when the RTU does not answer in time', () => {
    test.sent(1, 5_000);
    runUntil(5_000 + PATH_TEST_MS - 1);
    expect(resets).toEqual([]);
    runUntil(5_000 + PATH_TEST_MS);
    expect(resets).toEqual(['path_stuck']);
  });

  it('is asked again until a test begins that covers the command', () => {
    test.sent(1, 5_000);
    runUntil(5_350);
    // A test under way since before the command proves nothing; each of these begins one if none is under way.
    expect(path.tests).toEqual([5_000, 5_100, 5_200, 5_300]);
  });

  it('has its time again for a command that became late while an earlier one was found to have arrived', () => {
    test.sent(1, 5_000);
    test.sent(2, 6_800);
    runUntil(6_900);
    path.link.read = 1;
    runUntil(8_700);
    expect(resets).toEqual([]);
    path.link.read = 2;
    runUntil(20_000);
    expect(resets).toEqual([]);
  });

  it('is not tested while nothing may be written, and has its time when it is', () => {
    test.sent(1, 5_000);
    runUntil(9_000, false);
    expect(path.tests).toEqual([]);
    expect(resets).toEqual([]);
    runUntil(9_100 + PATH_TEST_MS - 1);
    expect(path.tests[0]).toBe(9_100);
    expect(resets).toEqual([]);
    runUntil(9_100 + PATH_TEST_MS);
    expect(resets).toEqual(['path_stuck']);
  });

  it('is tested for the earliest deadline, whatever the order of the commands', () => {
    test.sent(1, 9_000);
    test.sent(2, 5_000);
    expect(test.nextDeadline()).toBe(5_000);
    runUntil(5_000);
    expect(path.tests).toEqual([5_000]);
  });
});
