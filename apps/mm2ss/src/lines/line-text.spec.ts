import { expect, it } from 'vitest';
import { logLineText } from './line-text.js';

const LINE = {
  seq: 1,
  instance: 'a',
  at: '2026-11-27T01:00:00.000Z',
  level: 'warn',
  message: 'master refused',
  group: '1',
};
const text = (fields: object, changes: object = {}): string => JSON.stringify({ ...LINE, ...changes, fields });

it.each<[string, string]>([
  [text({}), '2026-11-27T01:00:00.000Z warn master refused'],
  [
    text({ peer: '10.1.1.5:1', reason: 'not allowed', event_id: 'x' }),
    '2026-11-27T01:00:00.000Z warn master refused peer=10.1.1.5:1 reason="not allowed"',
  ],
  [
    text({ session: 7, ok: false, list: [1] }),
    '2026-11-27T01:00:00.000Z warn master refused session=7 ok=false list=[1]',
  ],
  [text({}, { message: 'a\u001b[2J\nb' }), '2026-11-27T01:00:00.000Z warn a [2J b'],
])('%s is printed on one line', (line, printed) => {
  expect(logLineText(line)).toBe(printed);
});

it.each(['', 'null', '[]', '{}', '{"at":1}', 'no JSON', '{"leftOut":3}'])('%j is no log line', (line) => {
  expect(logLineText(line)).toBeUndefined();
});
