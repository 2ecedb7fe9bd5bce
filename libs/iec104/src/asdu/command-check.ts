import { ASDU_HEADER_OCTETS, ASDU_IOA_OFFSET, BROADCAST_CA, IOA_OCTETS, readIoa } from './asdu-layout.js';
import { AsduView } from './asdu-view.js';
import { Cause } from './cause.js';
import { confirmationOf } from './request.js';
import { TypeId } from './type-id.js';
import { typeInfo, typeName, type TypeInfo } from './type-table.js';

/** What `checkCommand` found. A refusal is sent as `mirror(asdu, cause, true)`. */
export type CommandCheck =
  { readonly ok: true } | { readonly ok: false; readonly cause: number; readonly reason: string };

const OK: CommandCheck = { ok: true };

/** From here on types pass unchecked: the query log (127), which few stations know, and the private ones. */
const FIRST_UNCHECKED_TYPE = TypeId.F_SC_NB_1;

/** Types that may address all stations at once (IEC 60870-5-101 clause 7.2.4). */
const BROADCAST_TYPES: ReadonlySet<number> = new Set([
  TypeId.C_IC_NA_1,
  TypeId.C_CI_NA_1,
  TypeId.C_CS_NA_1,
  TypeId.C_RP_NA_1,
]);

/**
 * Whether a master may send this ASDU to a controlled station: type, cause and common address of the control direction, and
 * objects that are what TypeID and VSQ say. Everything that decides who owns an object has then been looked at: a command
 * has exactly one object, whose address is where it is read.
 *
 * The cause of a refusal is the one of IEC 60870-5-101 clause 7.2.3: unknown values of TypeID, cause, CA and IOA are
 * mirrored with 44..47. The clause excepts the VSQ, so what does not fit it gets the negative confirmation, ACT_CON or
 * DEACT_CON with P/N = 1; a type that has no confirmation (C_RD_NA_1, file transfer) gets 47, since the object it is about
 * cannot be told. Checked in the order of the octets.
 *
 * P/N = 1 is refused with the negative confirmation, too: established stations do not look at it, and would carry out what
 * their master has called off. A file transfer may be refused by either side, so there P/N passes.
 *
 * Types of the monitor direction are none: process information, M_EI_NA_1, and of the files the directory (F_DR_TA_1), which a
 * master calls with F_SC_NA_1.
 *
 * Private types, and 127, pass whatever they hold: only the station knows what they mean. T, OA and the values of the
 * elements are the station's to judge.
 *
 * @throws Iec104Error `ASDU_TOO_SHORT` for fewer than six octets, which no APDU has
 */
export function checkCommand(asdu: Uint8Array): CommandCheck {
  const view = new AsduView(asdu);
  const { typeId, cot, ca } = view;
  if (typeId >= FIRST_UNCHECKED_TYPE) return OK;
  const info = typeInfo(typeId);
  const isFile = typeId >= TypeId.F_FR_NA_1;
  if (info === undefined || info.direction === 'monitor') {
    return refuse(Cause.UNKNOWN_TYPE, `${typeName(typeId)} is no type of the control direction`);
  }
  if (!mayHaveCause(typeId, cot)) {
    return refuse(Cause.UNKNOWN_CAUSE, `${info.name} with cause ${cot}`);
  }
  // A request confirms nothing (clause 7.2.3): whoever sets P/N means something that no station will understand.
  if (!isFile && view.negative) {
    return refuse(isConfirmed(typeId) ? confirmationOf(cot) : Cause.UNKNOWN_CAUSE, `${info.name} with P/N = 1`);
  }
  // 0 is not used (clause 7.2.4).
  if (ca === 0 || (ca === BROADCAST_CA && !BROADCAST_TYPES.has(typeId))) {
    return refuse(Cause.UNKNOWN_CA, `${info.name} to CA ${ca}`);
  }
  const reason = isFile ? fileProblem(view, info) : objectProblem(view, info);
  if (reason === undefined) return OK;
  const cause = !isFile && isConfirmed(typeId) ? confirmationOf(cot) : Cause.UNKNOWN_IOA;
  return refuse(cause, `${info.name} ${reason}`);
}

/** Files have no confirmation, and a read is answered with its object. */
function isConfirmed(typeId: number): boolean {
  return typeId !== TypeId.C_RD_NA_1;
}

/** An information object that a command is about. */
export interface CommandObject {
  readonly ca: number;
  readonly ioa: number;
}

/**
 * The objects that an ASDU addresses, as far as its octets reach: all of them for a known type, with SQ = 0 and 1; the
 * first one for a private type, of whose objects nobody knows the size. None when it ends before its first address.
 *
 * @throws Iec104Error `ASDU_TOO_SHORT` for fewer than six octets
 */
export function commandObjects(asdu: Uint8Array): CommandObject[] {
  const view = new AsduView(asdu);
  const { ca, sq, count, ioa: first } = view;
  if (first === undefined || count === 0) return [];
  const info = typeInfo(view.typeId);
  if (info === undefined || info.variable) return [{ ca, ioa: first }];
  if (sq) return Array.from({ length: count }, (_, index) => ({ ca, ioa: first + index }));
  const objects: CommandObject[] = [];
  const step = IOA_OCTETS + info.elementOctets;
  for (let at = ASDU_IOA_OFFSET; objects.length < count && at + IOA_OCTETS <= asdu.length; at += step) {
    objects.push({ ca, ioa: readIoa(asdu, at) });
  }
  return objects;
}

/**
 * Causes of the control direction (IEC 60870-5-101 clauses 7.3.2 to 7.3.6). Deactivation is not restricted to types. Either
 * side may send files, and so also refuse what it was sent (44..47); with cause 5 F_SC_NA_1 calls the directory.
 */
function mayHaveCause(typeId: number, cot: number): boolean {
  switch (typeId) {
    case TypeId.F_FR_NA_1:
    case TypeId.F_SR_NA_1:
    case TypeId.F_SC_NA_1:
    case TypeId.F_LS_NA_1:
    case TypeId.F_AF_NA_1:
    case TypeId.F_SG_NA_1:
      if (cot === Cause.REQ) return typeId === TypeId.F_SC_NA_1;
      return cot === Cause.FILE || (cot >= Cause.UNKNOWN_TYPE && cot <= Cause.UNKNOWN_IOA);
    case TypeId.C_RD_NA_1:
      return cot === Cause.REQ;
    case TypeId.C_CD_NA_1:
      // Spontaneous loads the delay (clause 7.3.4.7).
      return cot === Cause.ACT || cot === Cause.SPONT;
    default:
      return cot === Cause.ACT || cot === Cause.DEACT;
  }
}

/** All types of the control direction have exactly one object and SQ = 0 (IEC 60870-5-101 clauses 7.3.2 to 7.3.5). */
function objectProblem({ sq, count, lengthOctets }: AsduView, info: TypeInfo): string | undefined {
  if (sq) return 'with SQ = 1';
  if (count !== 1) return `with ${count} objects instead of 1`;
  return lengthProblem(lengthOctets, ASDU_HEADER_OCTETS + IOA_OCTETS + info.elementOctets);
}

/** Directories may hold several files behind one address; segments say their length in their last fixed octet. */
function fileProblem(view: AsduView, info: TypeInfo): string | undefined {
  const { sq, count, lengthOctets, octets, offset } = view;
  if (count === 0) return 'without an object';
  const fixed = ASDU_HEADER_OCTETS + IOA_OCTETS + info.elementOctets;
  if (info.variable) {
    if (sq || count !== 1) return `with ${count} objects`;
    return lengthProblem(lengthOctets, fixed + (octets[offset + fixed - 1] ?? 0));
  }
  const perFurtherObject = info.elementOctets + (sq ? 0 : IOA_OCTETS);
  return lengthProblem(lengthOctets, fixed + (count - 1) * perFurtherObject);
}

function lengthProblem(actual: number, expected: number): string | undefined {
  return actual === expected ? undefined : `of ${actual} octets instead of ${expected}`;
}

function refuse(cause: number, reason: string): CommandCheck {
  return { ok: false, cause, reason };
}
