import { AsduView, causeName, decodeAsdu, Iec104Error, toHex, toJson, typeName } from '@iec104mm2ss/iec104';
import type { Session } from './session.js';

/** One command: who, what, when, outcome, duration. Published on `.audit` and logged. */
export interface AuditRecord {
  readonly group: string;
  readonly at: string;
  readonly session: number;
  readonly peer: string;
  readonly name: string | null;
  readonly certificateName: string | null;
  readonly type: string;
  readonly cause: string;
  readonly ca: number;
  readonly ioa: number | null;
  readonly select: boolean;
  /** The objects as in the decoded feed, or the octets when they cannot be decoded. */
  readonly objects: unknown;
  readonly outcome: string;
  readonly durationMs: number;
}

export function auditRecord(
  group: string,
  session: Session,
  asdu: Uint8Array,
  select: boolean,
  outcome: string,
  createdAt: number,
  now: number,
): AuditRecord {
  const view = new AsduView(asdu);
  return {
    group,
    at: new Date(createdAt).toISOString(),
    session: session.id,
    peer: session.peer,
    name: session.name,
    certificateName: session.certificateName,
    type: typeName(view.typeId),
    cause: causeName(view.cot),
    ca: view.ca,
    ioa: view.ioa ?? null,
    select,
    objects: objectsOf(asdu),
    outcome,
    durationMs: now - createdAt,
  };
}

function objectsOf(asdu: Uint8Array): unknown {
  try {
    return toJson(decodeAsdu(asdu)).objects;
  } catch (error) {
    if (!(error instanceof Iec104Error)) throw error;
    return toHex(asdu);
  }
}
