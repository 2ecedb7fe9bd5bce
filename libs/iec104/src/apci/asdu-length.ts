import { Iec104Error } from '../errors.js';

/** Smallest ASDU with the field sizes of 104: TypeID, VSQ, COT (2), CA (2). */
export const MIN_ASDU_OCTETS = 6;
/** Largest ASDU an APDU can carry. */
export const MAX_ASDU_OCTETS = 249;

/** The error for an ASDU of so many octets, which no I-format APDU can carry. */
export function asduLengthError(octets: number): Iec104Error {
  return octets < MIN_ASDU_OCTETS
    ? new Iec104Error('ASDU_TOO_SHORT', `an ASDU has at least ${MIN_ASDU_OCTETS} octets, not ${octets}`)
    : new Iec104Error('ASDU_TOO_LONG', `an ASDU has at most ${MAX_ASDU_OCTETS} octets, not ${octets}`);
}
