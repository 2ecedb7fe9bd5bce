import { Cause, isCommandAnswer, isInterrogated, TypeId, typeInfo } from '@iec104mm2ss/iec104';

/** An interrogation or a read is not dangerous when late: it may wait for its turn this long. */
export const INTERROGATION_DEADLINE_MS = 60_000;

/** Who an ASDU from the RTU is for. */
export const Audience = {
  /** Every started master of the group. */
  ALL: 0,
  /** The master whose command it answers. */
  ORIGINATOR: 1,
  /** Those who asked for it, where that is certain; else every started master. */
  ASKED: 2,
  /** Nobody: end of initialization (M_EI_NA_1, COT 4), which the gateway sends itself. */
  NOBODY: 3,
} as const;
export type Audience = (typeof Audience)[keyof typeof Audience];

/** Last TypeID of the range for process information in monitor direction (IEC 60870-5-101 clause 7.2.1), 41 to 44 included. */
export const LAST_PROCESS_INFORMATION = 44;

/**
 * The rule, from TypeID and cause alone. The cause decides (IEC 60870-5-101 clause 7.2.3): 1-5, 11, 12 and 20-41 are
 * monitored data, whatever the type; 6-10 and 44-47 answer a command, whatever the type: a station that does not know a type
 * may answer with one of its own. The type decides only where the cause does not: files belong to who transfers them, and
 * what an unknown cause of process information or of an unknown type means only masters can know.
 */
export function audienceOf(typeId: number, cot: number, interrogationToOriginator: boolean): Audience {
  if (typeId === TypeId.M_EI_NA_1 && cot === Cause.INIT) return Audience.NOBODY;
  if (isFileTransfer(typeId) && typeId !== TypeId.F_SC_NB_1) return fileAudience(typeId, cot);
  // Mirrored, that is what a read of an unknown object gets from some stations.
  if (typeId === TypeId.C_RD_NA_1 && cot === Cause.REQ) return Audience.ORIGINATOR;
  if (isInterrogated(cot)) return interrogationToOriginator ? Audience.ASKED : Audience.ALL;
  if (cot === Cause.REQ && (interrogationToOriginator || isOpaque(typeId))) return Audience.ASKED;
  if (isMonitored(cot)) return Audience.ALL;
  // An object with the cause of an answer.
  if (isCommandAnswer(cot)) return typeId <= LAST_PROCESS_INFORMATION ? Audience.ASKED : Audience.ORIGINATOR;
  if (typeId <= LAST_PROCESS_INFORMATION || typeId === TypeId.M_EI_NA_1) return Audience.ALL;
  return isOpaque(typeId) ? Audience.ASKED : Audience.ORIGINATOR;
}

/** A directory may be sent unasked; everything else of a file goes to who transfers it. */
function fileAudience(typeId: number, cot: number): Audience {
  if (!isMonitored(cot)) return Audience.ORIGINATOR;
  return typeId === TypeId.F_DR_TA_1 && cot !== Cause.REQ ? Audience.ALL : Audience.ASKED;
}

/** True for the causes of what a station says of its process and itself, asked or unasked. */
function isMonitored(cot: number): boolean {
  return (
    (cot >= Cause.PERCYC && cot <= Cause.REQ) || cot === Cause.RETREM || cot === Cause.RETLOC || isInterrogated(cot)
  );
}

/** A type of which only the station knows what it means: reserved, private, and the query log. */
function isOpaque(typeId: number): boolean {
  return typeId === TypeId.F_SC_NB_1 || typeInfo(typeId) === undefined;
}

export function isProcessCommand(typeId: number): boolean {
  return (
    (typeId >= TypeId.C_SC_NA_1 && typeId <= TypeId.C_BO_NA_1) ||
    (typeId >= TypeId.C_SC_TA_1 && typeId <= TypeId.C_BO_TA_1)
  );
}

/** The same process command without, or with, a time tag (C_SC_NA_1 and C_SC_TA_1 ...); other types as they are. */
export function otherTimeTag(typeId: number): number {
  if (!isProcessCommand(typeId)) return typeId;
  const distance = TypeId.C_SC_TA_1 - TypeId.C_SC_NA_1;
  return typeId >= TypeId.C_SC_TA_1 ? typeId - distance : typeId + distance;
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
