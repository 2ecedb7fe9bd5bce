import type { LogLine } from '@iec104mm2ss/console-api';
import { expect, test } from 'vitest';
import { fieldsText, type Log, MOST_LINES, next, passes } from './log-store.js';

const line = (seq: number, more: Partial<LogLine> = {}): LogLine => ({
  seq,
  instance: 'a',
  at: '2026-11-27T00:00:00Z',
  level: 'info',
  message: 'master connected',
  group: '1',
  fields: { peer: '10.1.1.5:40000', reason: 'not "allowed"', severity: 'notice' },
  ...more,
});
const EMPTY: Log = { lines: [], leftOut: 0, begun: false };

test('what was kept replaces what the page had; the next lines follow', () => {
  const begun = next(
    { ...EMPTY, lines: [line(1)], leftOut: 7 },
    { group: '1', begin: true, lines: [line(5)], leftOut: 0 },
  );
  expect(begun).toEqual({ lines: [line(5)], leftOut: 0, begun: true });
  expect(next(begun, { group: '1', begin: false, lines: [line(6)], leftOut: 2 })).toEqual({
    lines: [line(5), line(6)],
    leftOut: 2,
    begun: true,
  });
});

test('the oldest lines are dropped, and counted', () => {
  const many = Array.from({ length: MOST_LINES + 3 }, (_, seq) => line(seq));
  const log = next(EMPTY, { group: '1', begin: true, lines: many, leftOut: 1 });
  expect([log.lines.length, log.lines[0]?.seq, log.leftOut]).toEqual([MOST_LINES, 3, 4]);
});

test('fields are written so that they can be told apart; what a SIEM wants is left out', () => {
  expect(fieldsText(line(1))).toBe('peer=10.1.1.5:40000 reason="not \\"allowed\\""');
});

test('a line passes with all words, in message or fields, and a level that is bad enough', () => {
  expect(passes(line(1), ['connected', '10.1.1.5'], 'trace')).toBe(true);
  expect(passes(line(1), ['connected', '10.1.1.6'], 'trace')).toBe(false);
  expect(passes(line(1), [], 'warn')).toBe(false);
  expect(passes(line(1, { level: 'error' }), [], 'warn')).toBe(true);
});
