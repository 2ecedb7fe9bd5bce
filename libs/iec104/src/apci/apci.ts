import { MAX_ASDU_OCTETS, MIN_ASDU_OCTETS, asduLengthError } from './asdu-length.js';

export { MAX_ASDU_OCTETS, MIN_ASDU_OCTETS };

/**
 * APCI: the six octets in front of every ASDU (IEC 60870-5-104, clause 5).
 *
 *     octet 0   0x68 start
 *     octet 1   length of what follows, 4..253
 *     octet 2-5 control field
 *               I-format  N(S) << 1 | 0 (LE), N(R) << 1 | 0 (LE)
 *               S-format  01 00, N(R) << 1 | 0 (LE)
 *               U-format  function bits | 11, 00 00 00
 */

/** Start octet of every APDU. */
export const START_OCTET = 0x68;
/** Octets of the APCI: start, length and control field. */
export const APCI_OCTETS = 6;
/** Smallest and largest value of the length octet. */
export const MIN_LENGTH = 4;
export const MAX_LENGTH = 253;
/** Largest APDU on the wire: start, length and 253 octets. */
export const MAX_APDU_OCTETS = 255;
/** Sequence numbers count modulo 2^15. */
export const SEQUENCE_MODULO = 32768;
export const SEQUENCE_MASK = 32767;

/** U-format function octets (control octet 1), clause 5.1. */
export const UFunction = {
  STARTDT_ACT: 0x07,
  STARTDT_CON: 0x0b,
  STOPDT_ACT: 0x13,
  STOPDT_CON: 0x23,
  TESTFR_ACT: 0x43,
  TESTFR_CON: 0x83,
} as const;
export type UFunction = (typeof UFunction)[keyof typeof UFunction];

const U_NAMES: ReadonlyMap<number, string> = new Map([
  [UFunction.STARTDT_ACT, 'STARTDT act'],
  [UFunction.STARTDT_CON, 'STARTDT con'],
  [UFunction.STOPDT_ACT, 'STOPDT act'],
  [UFunction.STOPDT_CON, 'STOPDT con'],
  [UFunction.TESTFR_ACT, 'TESTFR act'],
  [UFunction.TESTFR_CON, 'TESTFR con'],
]);

/** The standard's name of a U-format function octet, or undefined when it is none. */
export function uFunctionName(octet: number): string | undefined {
  return U_NAMES.get(octet);
}

/** Format of an APDU, told by the low bits of its first control octet. */
export type ApduFormat = 'I' | 'S' | 'U';

/** Format of the APDU that begins at `at`. The octet is trusted to be there. */
export function formatOf(octets: Uint8Array, at = 0): ApduFormat {
  const control = octets[at + 2] as number;
  return (control & 1) === 0 ? 'I' : (control & 3) === 1 ? 'S' : 'U';
}

/** N(S) of the I-format APDU at `at`. */
export function sendSequence(octets: Uint8Array, at = 0): number {
  return ((octets[at + 2] as number) >> 1) | ((octets[at + 3] as number) << 7);
}

/** N(R) of the I- or S-format APDU at `at`. */
export function receiveSequence(octets: Uint8Array, at = 0): number {
  return ((octets[at + 4] as number) >> 1) | ((octets[at + 5] as number) << 7);
}

/** A whole U-format APDU. */
export function uFormat(fn: UFunction): Uint8Array {
  return Uint8Array.of(START_OCTET, 4, fn, 0, 0, 0);
}

/** A whole S-format APDU acknowledging everything before `nr` (taken modulo 2^15). */
export function sFormat(nr: number): Uint8Array {
  return Uint8Array.of(START_OCTET, 4, 1, 0, (nr << 1) & 0xff, nr >> 7);
}

/**
 * A whole I-format APDU around a copy of `asdu` (6..249 octets); `ns` and `nr` are taken modulo 2^15.
 *
 * @throws Iec104Error `ASDU_TOO_SHORT`, `ASDU_TOO_LONG`
 */
export function iFormat(ns: number, nr: number, asdu: Uint8Array): Uint8Array {
  if (asdu.length < MIN_ASDU_OCTETS || asdu.length > MAX_ASDU_OCTETS) throw asduLengthError(asdu.length);
  const apdu = new Uint8Array(APCI_OCTETS + asdu.length);
  apdu[0] = START_OCTET;
  apdu[1] = asdu.length + 4;
  apdu[2] = (ns << 1) & 0xff;
  apdu[3] = ns >> 7;
  apdu[4] = (nr << 1) & 0xff;
  apdu[5] = nr >> 7;
  apdu.set(asdu, APCI_OCTETS);
  return apdu;
}
