import { Cause, COT_CAUSE_MASK, TypeId } from '@iec104mm2ss/iec104';

/** Who an ASDU from the RTU is for. */
export const Audience = {
  /** Every started master of the group. */
  ALL: 0,
  /** The master whose command it answers. */
  ORIGINATOR: 1,
  /** The masters whose interrogation it answers (column `interrogation` = `originator`). */
  INTERROGATOR: 2,
  /** Nobody: end of initialization, which the gateway sends itself. */
  NOBODY: 3,
} as const;
export type Audience = (typeof Audience)[keyof typeof Audience];

/** Last TypeID of process information in monitor direction. */
const LAST_MONITOR_TYPE = 40;

/**
 * The rule of the manual, from TypeID and cause alone: process information (TypeID 1-40) is for all, whatever its cause;
 * everything else answers somebody's command.
 */
export function audienceOf(typeId: number, cot: number, interrogationToOriginator: boolean): Audience {
  if (typeId <= LAST_MONITOR_TYPE && typeId > 0) {
    return interrogationToOriginator && cot >= Cause.INROGEN && cot <= Cause.REQCO4
      ? Audience.INTERROGATOR
      : Audience.ALL;
  }
  return typeId === TypeId.M_EI_NA_1 ? Audience.NOBODY : Audience.ORIGINATOR;
}

/**
 * True when the OA of process information is one of ours, mirrored by the RTU, and must not reach the masters as it is:
 * everything but periodic, background and spontaneous data answers a request.
 */
export function carriesOurOa(cot: number, oa: number): boolean {
  return oa !== 0 && cot > Cause.SPONT;
}

/** TypeIDs a master may send: none of those in monitor direction, which the RTU would answer as if it were an event. */
export function mayBeSentByMaster(typeId: number): boolean {
  return typeId >= TypeId.C_SC_NA_1 && typeId !== TypeId.M_EI_NA_1;
}

export function isProcessCommand(typeId: number): boolean {
  return (
    (typeId >= TypeId.C_SC_NA_1 && typeId <= TypeId.C_BO_NA_1) ||
    (typeId >= TypeId.C_SC_TA_1 && typeId <= TypeId.C_BO_TA_1)
  );
}

export function isFileTransfer(typeId: number): boolean {
  return typeId >= TypeId.F_FR_NA_1 && typeId <= TypeId.F_SC_NB_1;
}

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
  const selectAt = ((answer[2] as number) & COT_CAUSE_MASK) === Cause.ACT_TERM ? SELECT_OCTET[typeId] : undefined;
  if (answer.length < 9 + count) return false;
  for (let i = 9; i < 9 + count; i++) {
    const difference = (command[i] as number) ^ (answer[i] as number);
    if (difference !== 0 && !(i === selectAt && difference === SELECT_BIT)) return false;
  }
  return true;
}

/** True when the RTU ends the answer with ACT_TERM. For process commands it may. */
export function endsWithTermination(typeId: number): boolean {
  return typeId === TypeId.C_IC_NA_1 || typeId === TypeId.C_CI_NA_1 || isProcessCommand(typeId);
}

export function isInterrogation(typeId: number): boolean {
  return typeId === TypeId.C_IC_NA_1 || typeId === TypeId.C_CI_NA_1;
}
