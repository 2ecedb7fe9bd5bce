import type { GroupConfig } from './types.js';

const MIN_REPEATABLE = 64;

/**
 * How many ASDUs an RTU may send once more when its link breaks: what its window k held, and as many again whose
 * acknowledgement was lost on the way.
 */
export function repeatableAsdus({ k }: GroupConfig): number {
  return Math.max(MIN_REPEATABLE, 2 * k);
}
