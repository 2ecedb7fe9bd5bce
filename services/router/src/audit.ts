import { AsduView, causeName, decodeAsdu, Iec104Error, isSelect, toHex, toJson, typeName } from '@iec104mm2ss/iec104';

/** Who gave a command. */
export interface AuditedMaster {
  /** `address:port`. */
  readonly peer: string;
  readonly name: string | null;
  readonly certificateName: string | null;
}

/** One command: who, what, when, outcome, duration. Kept in the audit journal, published on `.audit` and logged. */
export interface AuditRecord {
  readonly group: string;
  /** When it came, ISO 8601. */
  readonly at: string;
  readonly session: number;
  /** Its number within the session. */
  readonly command: number;
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

/** What a record is made of. */
export interface AuditedCommand {
  readonly group: string;
  readonly session: number;
  readonly command: number;
  readonly master: AuditedMaster;
  readonly asdu: Uint8Array;
  readonly outcome: string;
  /** When it ended, ms since 1970-01-01 UTC, and how long it took by a clock that never steps. */
  readonly endedAt: number;
  readonly durationMs: number;
}

export function auditRecord(audited: AuditedCommand): AuditRecord {
  const { group, session, command, master, asdu, outcome, endedAt, durationMs } = audited;
  const view = new AsduView(asdu);
  return {
    group,
    at: new Date(endedAt - durationMs).toISOString(),
    session,
    command,
    peer: master.peer,
    name: master.name,
    certificateName: master.certificateName,
    type: typeName(view.typeId),
    cause: causeName(view.cot),
    ca: view.ca,
    ioa: view.ioa ?? null,
    select: isSelect(asdu),
    objects: objectsOf(asdu),
    outcome,
    durationMs: Math.round(durationMs),
  };
}

/** The name that a record is stored under: a second one of the same command is not stored. */
export function auditId({ group, session, command }: Pick<AuditRecord, 'group' | 'session' | 'command'>): string {
  return `${group}.${session}.${command}`;
}

function objectsOf(asdu: Uint8Array): unknown {
  try {
    return toJson(decodeAsdu(asdu)).objects;
  } catch (error) {
    if (!(error instanceof Iec104Error)) throw error;
    return toHex(asdu);
  }
}
