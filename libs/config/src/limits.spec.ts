import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DEFAULT_LIMITS, LIMITS, limitsTable, parseLimits, peerLimits } from './limits.js';

it('limits are read by name, and keep their defaults else', () => {
  expect(parseLimits('')).toEqual({ ok: true, value: DEFAULT_LIMITS });
  const parsed = parseLimits(' connects=3,\nu-frames = 7 ,');
  expect(parsed).toEqual({ ok: true, value: { ...DEFAULT_LIMITS, connects: 3, 'u-frames': 7 } });
  expect(parsed.ok && peerLimits(parsed.value).uFramesPerSecond).toBe(7);
});

it.each([
  ['connect=3', 'nearest valid form: connects'],
  ['connects', 'is not NAME=NUMBER'],
  ['connects=-1', 'is not NAME=NUMBER'],
  ['connects=0', 'is not in 1..100000'],
  ['admissions=99999999', 'is not in 1..10000'],
])('%s is refused with its reason', (text, reason) => {
  expect(parseLimits(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) as string });
});

it('each one lies within its own range', () => {
  for (const { default: value, min, max } of Object.values(LIMITS)) {
    expect(value).toBeGreaterThanOrEqual(min);
    expect(value).toBeLessThanOrEqual(max);
  }
});

it('docs/limits.md has them all as they are', () => {
  const words = (text: string): string => text.replace(/[\s|-]+/g, ' ');
  const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8');
  expect(words(page)).toContain(words(limitsTable()));
});
