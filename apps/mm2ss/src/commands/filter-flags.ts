import { nearestNames } from '@iec104mm2ss/config';
import { Cause, causeName, typeByName, typeName, TYPES } from '@iec104mm2ss/iec104';
import { UsageError } from './errors.js';

/** Largest CA and IOA (IEC 60870-5-104, clause 7). */
const MAX_CA = 65_535;
const MAX_IOA = 16_777_215;
/** Six bits (IEC 60870-5-101 clause 7.2.3). */
const MAX_CAUSE = 63;
const SUGGESTIONS = 3;

/**
 * Types as people type them: names in any case, `TYPE_200` for one without a name, or a number. Returned as the decoded feed
 * and the audit records have them.
 *
 * @throws UsageError naming the nearest types: a filter that nothing can pass looks like a quiet system
 */
export function parseTypes(flag: string, texts: readonly string[]): string[] {
  return texts.map((text) => {
    const upper = text.trim().toUpperCase();
    const number = /^(?:TYPE_)?(\d{1,3})$/.exec(upper)?.[1];
    if (number !== undefined && Number(number) <= 255) return typeName(Number(number));
    const known = typeByName(upper)?.name;
    if (known !== undefined) return known;
    const nearest = nearestNames(
      upper,
      TYPES.map(({ name }) => name),
      SUGGESTIONS,
    );
    const hint = nearest.length === 0 ? 'as in M_SP_TB_1, C_SC_NA_1 or TYPE_200' : `nearest: ${nearest.join(', ')}`;
    throw new UsageError(`${flag} ${text}: there is no such type; ${hint}`);
  });
}

/** A cause of transmission as the decoded feed has it: a name in any case, `COT_48` for one without, or a number. */
export function parseCause(flag: string, text: string): string {
  const upper = text.trim().toUpperCase();
  const number = /^(?:COT_)?(\d{1,2})$/.exec(upper)?.[1];
  if (number !== undefined && Number(number) <= MAX_CAUSE) return causeName(Number(number));
  if (upper in Cause) return upper;
  const nearest = nearestNames(upper, Object.keys(Cause), SUGGESTIONS);
  const hint = nearest.length === 0 ? 'as in SPONT, 3 or COT_48' : `nearest: ${nearest.join(', ')}`;
  throw new UsageError(`${flag} ${text}: there is no such cause; ${hint}`);
}

/** A common address. */
export function parseCa(flag: string, text: string): number {
  return wholeNumber(flag, text, 'a common address', MAX_CA);
}

/** An information object address. */
export function parseIoa(flag: string, text: string): number {
  return wholeNumber(flag, text, 'an information object address', MAX_IOA);
}

function wholeNumber(flag: string, text: string, what: string, max: number): number {
  if (!/^\d{1,8}$/.test(text) || Number(text) > max) throw new UsageError(`${flag} ${text}: not ${what}, 0..${max}`);
  return Number(text);
}

/** How many records: Infinity for 0. */
export function parseLast(flag: string, text: string): number {
  if (/^\d{1,8}$/.test(text)) return Number(text) || Infinity;
  throw new UsageError(`${flag} ${text}: how many records to list, such as 100; 0 lists all`);
}
