/*
 * Where the fields of a 104 ASDU are. 104 fixes the sizes that 101 leaves open: cause 2 octets, common address 2,
 * information object address 3 (IEC 60870-5-104 clause 7), all little-endian.
 *
 *   0      TypeID
 *   1      VSQ: SQ 0x80, number of objects 0x7F
 *   2      COT: T 0x80, P/N 0x40, cause 0x3F
 *   3      OA
 *   4..5   CA
 *   6..8   IOA of the first object
 */

export const ASDU_TYPE_OFFSET = 0;
export const ASDU_VSQ_OFFSET = 1;
export const ASDU_CAUSE_OFFSET = 2;
export const ASDU_OA_OFFSET = 3;
export const ASDU_CA_OFFSET = 4;
export const ASDU_IOA_OFFSET = 6;

/** The data unit identifier: everything before the first information object. */
export const ASDU_HEADER_OCTETS = 6;
export const IOA_OCTETS = 3;
/** Length octet of an APDU at most 253, less four control octets. */
export const ASDU_MAX_OCTETS = 249;

export const VSQ_SQ_BIT = 0x80;
export const VSQ_COUNT_MASK = 0x7f;
export const COT_TEST_BIT = 0x80;
export const COT_NEGATIVE_BIT = 0x40;
export const COT_CAUSE_MASK = 0x3f;

/** Common address of all stations; only C_IC, C_CI, C_CS and C_RP may use it (clause 7.2.4). */
export const BROADCAST_CA = 0xffff;
export const IOA_MAX = 0xffffff;

/** Information object address at `offset`; the caller has checked that three octets are there. */
export function readIoa(octets: Uint8Array, offset: number): number {
  return octets[offset]! | (octets[offset + 1]! << 8) | (octets[offset + 2]! << 16);
}
