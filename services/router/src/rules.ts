import { Cause, isInterrogated, LAST_MONITOR_TYPE, TypeId } from '@iec104mm2ss/iec104';

/** An interrogation or a read is not dangerous when late: it may wait for its turn this long. */
export const INTERROGATION_DEADLINE_MS = 60_000;

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

/**
 * The rule of the manual, from TypeID and cause alone: process information (TypeID 1-40) is for all, whatever its cause;
 * everything else answers somebody's command.
 */
export function audienceOf(typeId: number, cot: number, interrogationToOriginator: boolean): Audience {
  if (typeId <= LAST_MONITOR_TYPE && typeId > 0) {
    return interrogationToOriginator && isInterrogated(cot) ? Audience.INTERROGATOR : Audience.ALL;
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

export function isProcessCommand(typeId: number): boolean {
  return (
    (typeId >= TypeId.C_SC_NA_1 && typeId <= TypeId.C_BO_NA_1) ||
    (typeId >= TypeId.C_SC_TA_1 && typeId <= TypeId.C_BO_TA_1)
  );
}

export function isFileTransfer(typeId: number): boolean {
  return typeId >= TypeId.F_FR_NA_1 && typeId <= TypeId.F_SC_NB_1;
}

/** True when the RTU ends the answer with ACT_TERM. For process commands it may. */
export function endsWithTermination(typeId: number): boolean {
  return typeId === TypeId.C_IC_NA_1 || typeId === TypeId.C_CI_NA_1 || isProcessCommand(typeId);
}

export function isInterrogation(typeId: number): boolean {
  return typeId === TypeId.C_IC_NA_1 || typeId === TypeId.C_CI_NA_1;
}
