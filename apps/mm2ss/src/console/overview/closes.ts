import type { GroupStatus } from '@iec104mm2ss/observability';

/**
 * What closing all masters of a group means for them, in words: `closes 5 masters`. How many a gateway has that does not answer is
 * not known.
 */
export function closesText({ masters, gateways = [] }: Pick<GroupStatus, 'masters' | 'gateways'>): string {
  const known = masters.length > 0 ? mastersText(masters.length) : undefined;
  if (!gateways.some(({ silent }) => silent)) return known === undefined ? 'no master is connected' : `closes ${known}`;
  return known === undefined
    ? 'closes the masters of the silent gateway'
    : `closes ${known} and those of the silent gateway`;
}

/** `1 master`, `5 masters`. */
export const mastersText = (count: number): string => `${count} master${count === 1 ? '' : 's'}`;
