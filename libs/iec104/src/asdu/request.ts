import { ASDU_CAUSE_OFFSET, ASDU_HEADER_OCTETS, COT_CAUSE_MASK, IOA_OCTETS } from './asdu-layout.js';
import { Cause } from './cause.js';
import { TypeId } from './type-id.js';

/** Octet of the ASDU that holds S/E (bit 8), by TypeID; commands without S/E are not listed. */
const SELECT_OCTET: Readonly<Record<number, number>> = {
  [TypeId.C_SC_NA_1]: 9,
  [TypeId.C_DC_NA_1]: 9,
  [TypeId.C_RC_NA_1]: 9,
  [TypeId.C_SE_NA_1]: 11,
  [TypeId.C_SE_NB_1]: 11,
  [TypeId.C_SE_NC_1]: 13,
  [TypeId.C_SC_TA_1]: 9,
  [TypeId.C_DC_TA_1]: 9,
  [TypeId.C_RC_TA_1]: 9,
  [TypeId.C_SE_TA_1]: 11,
  [TypeId.C_SE_TB_1]: 11,
  [TypeId.C_SE_TC_1]: 13,
};

/** Offset of the first octet behind the IOA. */
const FIRST_OCTET = ASDU_HEADER_OCTETS + IOA_OCTETS;

/** S/E in its octet: 1 = select. */
const SELECT_BIT = 0x80;

/** True for a command that only selects (S/E = 1; IEC 60870-5-101 clause 7.2.6.26). */
export function isSelect(asdu: Uint8Array): boolean {
  const at = SELECT_OCTET[asdu[0] as number];
  return at !== undefined && ((asdu[at] ?? 0) & SELECT_BIT) !== 0;
}

/** Octets after the IOA that an answer must repeat, time tag left out: an RTU may put its own time there. */
const MIRRORED_OCTETS: Readonly<Record<number, number>> = {
  [TypeId.C_SC_NA_1]: 1,
  [TypeId.C_DC_NA_1]: 1,
  [TypeId.C_RC_NA_1]: 1,
  [TypeId.C_SE_NA_1]: 3,
  [TypeId.C_SE_NB_1]: 3,
  [TypeId.C_SE_NC_1]: 5,
  [TypeId.C_BO_NA_1]: 4,
  [TypeId.C_SC_TA_1]: 1,
  [TypeId.C_DC_TA_1]: 1,
  [TypeId.C_RC_TA_1]: 1,
  [TypeId.C_SE_TA_1]: 3,
  [TypeId.C_SE_TB_1]: 3,
  [TypeId.C_SE_TC_1]: 5,
  [TypeId.C_BO_TA_1]: 4,
  [TypeId.C_IC_NA_1]: 1,
  [TypeId.C_CI_NA_1]: 1,
};

/** Bits of the first octet after the IOA that are the value, where it holds a qualifier, too (101 clauses 7.2.6.15 to 17). */
const VALUE_BITS: Readonly<Record<number, number>> = {
  [TypeId.C_SC_NA_1]: 0x01,
  [TypeId.C_DC_NA_1]: 0x03,
  [TypeId.C_RC_NA_1]: 0x03,
  [TypeId.C_SC_TA_1]: 0x01,
  [TypeId.C_DC_TA_1]: 0x03,
  [TypeId.C_RC_TA_1]: 0x03,
  [TypeId.C_IC_NA_1]: 0,
  [TypeId.C_CI_NA_1]: 0,
};

/** What of a command an answer repeats, beside TypeID, CA and IOA; the smaller the more. */
export const Likeness = {
  /** Value, qualifier and S/E. */
  SAME: 0,
  /** Value and S/E: stations lose QU, QL or QOI. */
  OTHER_QUALIFIER: 1,
  /** S/E: stations answer with the value that they have limited a set point to. */
  OTHER_VALUE: 2,
  /** Nothing. */
  OTHER: 3,
} as const;
export type Likeness = (typeof Likeness)[keyof typeof Likeness];

/**
 * How much of `command` its `answer` repeats; both have the same TypeID. A time tag does not count. ACT_TERM of an execute
 * may carry S/E = 1: established stacks repeat the select there.
 */
export function likeness(command: Uint8Array, answer: Uint8Array): Likeness {
  const typeId = command[0] as number;
  const count = MIRRORED_OCTETS[typeId] ?? 0;
  if (answer.length < FIRST_OCTET + count) return Likeness.OTHER;
  const selectAt = SELECT_OCTET[typeId];
  const valueBits = VALUE_BITS[typeId] ?? 0xff;
  const terminates = ((answer[ASDU_CAUSE_OFFSET] as number) & COT_CAUSE_MASK) === Cause.ACT_TERM;
  let found: Likeness = Likeness.SAME;
  for (let at = FIRST_OCTET; at < FIRST_OCTET + count; at++) {
    let difference = (command[at] as number) ^ (answer[at] as number);
    if (at === selectAt && (difference & SELECT_BIT) !== 0) {
      if (!terminates) return Likeness.OTHER;
      difference &= ~SELECT_BIT;
    }
    if (difference === 0) continue;
    // S/E shares its octet with the qualifier; of set points it is the one behind the value.
    const isValue = at === selectAt && at > FIRST_OCTET ? false : (difference & valueBits) !== 0;
    found = Math.max(found, isValue ? Likeness.OTHER_VALUE : Likeness.OTHER_QUALIFIER) as Likeness;
  }
  return found;
}

/** True when `answer` repeats the value, qualifier and S/E of `command`; both have the same TypeID, CA and IOA. */
export function sameRequest(command: Uint8Array, answer: Uint8Array): boolean {
  return likeness(command, answer) === Likeness.SAME;
}

/** Cause of the confirmation that a command with this cause expects (IEC 60870-5-101 clause 7.2.3). */
export function confirmationOf(cot: number): number {
  return cot === Cause.DEACT ? Cause.DEACT_CON : Cause.ACT_CON;
}
