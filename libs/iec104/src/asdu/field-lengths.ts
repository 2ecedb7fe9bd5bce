import {
  ASDU_HEADER_OCTETS,
  ASDU_VSQ_OFFSET,
  BROADCAST_CA,
  COT_CAUSE_MASK,
  IOA_OCTETS,
  VSQ_COUNT_MASK,
  VSQ_SQ_BIT,
} from './asdu-layout.js';
import { typeInfo } from './type-table.js';

/** Octets of the fields that 101 leaves open. */
export interface FieldLengths {
  readonly cot: 1 | 2;
  readonly ca: 1 | 2;
  readonly ioa: 1 | 2 | 3;
}

/** Those that 104 has fixed (clause 7). */
export const FIELD_LENGTHS_104: FieldLengths = { cot: 2, ca: 2, ioa: 3 };

/** TypeID and VSQ, which are an octet each everywhere. */
const TYPE_AND_VSQ_OCTETS = 2;

/** All others that 101 allows, those in use first. */
const FOREIGN: readonly FieldLengths[] = [
  { cot: 1, ca: 1, ioa: 2 },
  { cot: 1, ca: 2, ioa: 2 },
  { cot: 2, ca: 2, ioa: 2 },
  { cot: 1, ca: 2, ioa: 3 },
  { cot: 2, ca: 1, ioa: 2 },
  { cot: 1, ca: 1, ioa: 3 },
  { cot: 2, ca: 1, ioa: 3 },
  { cot: 1, ca: 1, ioa: 1 },
  { cot: 1, ca: 2, ioa: 1 },
  { cot: 2, ca: 1, ioa: 1 },
  { cot: 2, ca: 2, ioa: 1 },
];

/**
 * With which field lengths an ASDU can have been written, by its own length: `'104'`; others, the likeliest first; or undefined
 * when it proves nothing, as for types that are not in the table, have a length of their own, or are damaged.
 *
 * The lengths of 104 are the longest that there are: what fits them fits no others, and the other way round.
 */
export function fieldLengthsOf(asdu: Uint8Array): '104' | readonly FieldLengths[] | undefined {
  const info = typeInfo(asdu[0] as number);
  const vsq = asdu[ASDU_VSQ_OFFSET] as number;
  const count = vsq & VSQ_COUNT_MASK;
  if (info === undefined || info.variable || count === 0) return undefined;
  const sequence = (vsq & VSQ_SQ_BIT) !== 0;
  const elements = count * info.elementOctets;
  const addresses = sequence ? 1 : count;
  if (asdu.length === ASDU_HEADER_OCTETS + addresses * IOA_OCTETS + elements) return '104';
  const found = FOREIGN.filter(
    ({ cot, ca, ioa }) =>
      asdu.length === TYPE_AND_VSQ_OCTETS + cot + ca + addresses * ioa + elements && isPlausible(asdu, cot, ca),
  );
  return found.length === 0 ? undefined : found;
}

/** The cause is one that is defined, and the common address is one that a station may have. */
function isPlausible(asdu: Uint8Array, cot: number, ca: number): boolean {
  const cause = (asdu[TYPE_AND_VSQ_OCTETS] as number) & COT_CAUSE_MASK;
  const at = TYPE_AND_VSQ_OCTETS + cot;
  const address = ca === 1 ? (asdu[at] as number) : (asdu[at] as number) | ((asdu[at + 1] as number) << 8);
  const defined = (cause >= 1 && cause <= 13) || (cause >= 20 && cause <= 41) || (cause >= 44 && cause <= 47);
  return defined && address !== 0 && (ca === 1 || address !== BROADCAST_CA);
}
