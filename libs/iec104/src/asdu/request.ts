import { ASDU_CAUSE_OFFSET, COT_CAUSE_MASK } from './asdu-layout.js';
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

/**
 * True when `answer` repeats the value, qualifier and S/E of `command`; both have the same TypeID, CA and IOA. ACT_TERM of
 * an execute may carry S/E = 1: established stacks repeat the select there.
 */
export function sameRequest(command: Uint8Array, answer: Uint8Array): boolean {
  const typeId = command[0] as number;
  const count = MIRRORED_OCTETS[typeId] ?? 0;
  const selectAt =
    ((answer[ASDU_CAUSE_OFFSET] as number) & COT_CAUSE_MASK) === Cause.ACT_TERM ? SELECT_OCTET[typeId] : undefined;
  if (answer.length < 9 + count) return false;
  for (let i = 9; i < 9 + count; i++) {
    const difference = (command[i] as number) ^ (answer[i] as number);
    if (difference !== 0 && !(i === selectAt && difference === SELECT_BIT)) return false;
  }
  return true;
}

/** Cause of the confirmation that a command with this cause expects (IEC 60870-5-101 clause 7.2.3). */
export function confirmationOf(cot: number): number {
  return cot === Cause.DEACT ? Cause.DEACT_CON : Cause.ACT_CON;
}
