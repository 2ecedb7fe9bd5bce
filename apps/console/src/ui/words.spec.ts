import { expect, test } from 'vitest';
import { count, duration, mastersText, plural, rate } from './words.js';

test.each([
  [null, '–'],
  [undefined, '–'],
  [0, '0'],
  [999, '999'],
  [1_000, '1\u202f000'],
  [1_234_567, '1\u202f234\u202f567'],
])('a count of %s is %s', (value, text) => {
  expect(count(value)).toBe(text);
});

test.each([
  [0, '0'],
  [0.04, '0.0'],
  [2.94, '2.9'],
  [4, '4'],
  [12.6, '13'],
  [null, '–'],
])('a rate of %s is %s', (value, text) => {
  expect(rate(value)).toBe(text);
});

test.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [7_500_000, '2 h 5 min'],
  [90_000_000, '1 d 1 h'],
])('%s ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('one of something, and several', () => {
  expect([plural(1, 'master'), plural(5, 'master'), plural(2, 'entry', 'entries')]).toEqual([
    '1 master',
    '5 masters',
    '2 entries',
  ]);
});

test.each<[Parameters<typeof mastersText>[0], string]>([
  [{ mastersStarted: 1, mastersConnected: 2, mastersMax: 5, silent: [] }, '1/2/5'],
  [{ mastersStarted: 1, mastersConnected: 2, mastersMax: null, silent: ['connector'] }, '1/2/–'],
  [{ mastersStarted: 1, mastersConnected: 2, mastersMax: 5, silent: ['gateway'] }, '≥1/≥2/5'],
  [{ mastersStarted: null, mastersConnected: null, mastersMax: 5, silent: ['gateway'] }, '–/–/5'],
])('the masters of %j are %s', (row, text) => {
  expect(mastersText(row)).toBe(text);
});
