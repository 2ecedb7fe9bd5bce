import type { GroupConfig } from './types.js';

const MIN_REPEATABLE = 64;
/** With a k of thousands nobody wants to read the log for that long at each connect: what is repeated beyond comes twice. */
const MAX_REPEATABLE = 1_024;

/**
 * How many ASDUs of the log are compared with what an RTU sends first on a new link: what its window k held, and as many
 * again whose acknowledgement was lost on the way. The log keeps as many.
 */
export function repeatableAsdus({ rtuLink }: Pick<GroupConfig, 'rtuLink'>): number {
  return Math.min(MAX_REPEATABLE, Math.max(MIN_REPEATABLE, 2 * rtuLink.k));
}
