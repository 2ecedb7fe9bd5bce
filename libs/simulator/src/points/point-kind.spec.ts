import { describe, expect, it } from 'vitest';
import { whyNoValue } from './point-kind.js';

describe('a value that is set', () => {
  it.each([
    ['single', 1],
    ['double', 3],
    ['step', -64],
    ['normalized', 1],
    ['normalized', -1],
    ['normalized', 0.1],
    ['scaled', -32768],
    ['float', 1e-9],
    ['bitstring', 0xffffffff],
  ] as const)('can be one of its kind: %s %s', (kind, value) => expect(whyNoValue(kind, value)).toBeUndefined());

  it.each([
    ['single', 7],
    ['single', 0.5],
    ['double', 4],
    ['normalized', 1.1],
    ['scaled', 1.5],
    ['scaled', 40_000],
    ['float', Infinity],
    ['float', NaN],
  ] as const)('is not made another one in silence: %s %s', (kind, value) =>
    expect(whyNoValue(kind, value)).toContain(`${value} is no value of a ${kind} point`),
  );
});
