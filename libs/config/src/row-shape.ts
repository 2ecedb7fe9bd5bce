import { digitsOf } from './integer-cell.js';

/** Said of a row that somebody has left out on purpose. */
export const COMMENTED_OUT = 'commented out';

/** True for what a row of a group begins with. */
export function isNumber(text: string): boolean {
  return digitsOf(text) !== undefined;
}

/**
 * True for a row of many numbers, or of some and an IP:PORT, in whatever columns: a comma too many or too few may have
 * moved them. Prose with commas in it is not like that.
 */
export function looksLikeGroup(cells: readonly string[]): boolean {
  const numbers = cells.filter(isNumber).length;
  return numbers >= 6 || (numbers >= 2 && cells.some((cell) => /:\d+(;|$)/.test(cell)));
}
