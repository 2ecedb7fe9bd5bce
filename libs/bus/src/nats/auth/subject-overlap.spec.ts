import { describe, expect, it } from 'vitest';
import { overlapOf, tokensOf } from './subject-overlap.js';

describe('what two patterns have in common', () => {
  it.each([
    ['a.b', 'a.b', 'a.b'],
    ['a.b', 'a.c', undefined],
    ['a.b', 'a', undefined],
    ['a.b', 'a.b.c', undefined],
    ['a.*', 'a.b', 'a.b'],
    ['a.*.c', '*.b.*', 'a.b.c'],
    ['a.*', '*.*', 'a.*'],
    ['a.*', 'a', undefined],
    ['a.>', 'a', undefined],
    ['a.>', 'a.b.*', 'a.b.*'],
    ['*.>', 'a.b', 'a.b'],
    ['a.*.>', 'a.b.>', 'a.b.>'],
    ['_INBOX.*.ask.*', '_INBOX.one.>', '_INBOX.one.ask.*'],
    ['iec104.v1.*.decoded.*', 'iec104.v1.*.decoded.>', 'iec104.v1.*.decoded.*'],
  ])('%s and %s: %s', (one, other, both) => {
    expect(overlapOf(tokensOf(one), tokensOf(other))).toBe(both);
    expect(overlapOf(tokensOf(other), tokensOf(one))).toBe(both);
  });

  it('of > alone is the other one', () => {
    expect(overlapOf(tokensOf('>'), tokensOf('a.*'))).toBe('a.*');
  });
});
