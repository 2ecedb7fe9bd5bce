import type { GroupSelection } from '@iec104mm2ss/config';
import type { AuditRecord } from '@iec104mm2ss/router';

/** Which audit records are wanted; a list that is empty, or undefined, asks for nothing in particular. */
export interface AuditFilter {
  readonly groups: Pick<GroupSelection, 'matches' | 'single'> | undefined;
  /** Names, certificate names or addresses (with or without port) of masters, as typed. */
  readonly masters: readonly string[];
  /** Names of types, as records have them. */
  readonly types: readonly string[];
  readonly cas: readonly number[];
  readonly ioas: readonly number[];
  /** Beginnings of outcomes, as typed. */
  readonly outcomes: readonly string[];
  /** ms since 1970-01-01 UTC. */
  readonly since: number | undefined;
}

export function passes(record: AuditRecord, filter: AuditFilter): boolean {
  const { groups, masters, types, cas, ioas, outcomes, since } = filter;
  const outcome = record.outcome.toLowerCase();
  return (
    (groups?.matches(record.group) ?? true) &&
    any(masters, (master) => isMaster(record, master)) &&
    any(types, (type) => type === record.type) &&
    any(cas, (ca) => ca === record.ca) &&
    any(ioas, (ioa) => ioasOf(record).includes(ioa)) &&
    any(outcomes, (beginning) => outcome.startsWith(beginning.toLowerCase())) &&
    // Not "<": a time that cannot be read is in no range.
    (since === undefined || Date.parse(record.at) >= since)
  );
}

function any<T>(wanted: readonly T[], is: (one: T) => boolean): boolean {
  return wanted.length === 0 || wanted.some(is);
}

function isMaster({ name, certificateName, peer }: AuditRecord, master: string): boolean {
  const wanted = master.toLowerCase();
  const known = [name, certificateName, peer, addressOf(peer)];
  return known.some((text) => text?.toLowerCase() === wanted);
}

/** `10.1.1.5:40000` and `[::1]:40000` without their ports. */
function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function ioasOf({ ioa, objects }: AuditRecord): number[] {
  const all = Array.isArray(objects) ? (objects as { readonly ioa?: unknown }[]).map((object) => object?.ioa) : [];
  return [ioa, ...all].filter((one) => typeof one === 'number');
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A point in time as people type it: how long ago (`90s`, `15m`, `2h`, `7d`), or a date, with or without time
 * (`2026-11-21`, `2026-11-21T10:00`, both of this machine's zone; `2026-11-21T10:00Z`). Undefined when it is none.
 */
export function parseSince(text: string, nowMs: number): number | undefined {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return nowMs - Number(amount) * (UNITS_MS[unit] ?? 0);
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$/.test(text)) return undefined;
  // A date alone is UTC to Date.parse; with a time it is local.
  const time = Date.parse(text.length === 10 ? `${text}T00:00` : text);
  return Number.isNaN(time) ? undefined : time;
}

/** The record that a stored entry holds; undefined when it is none. Fields that it lacks are filled in. */
export function readRecord(json: string): AuditRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { group, at, type, outcome, ca } = value as Partial<AuditRecord>;
  const texts = [group, at, type, outcome];
  if (!texts.every((text) => typeof text === 'string') || typeof ca !== 'number') return undefined;
  const known = { peer: '', name: null, certificateName: null, cause: '', ioa: null, select: false, durationMs: 0 };
  return { ...known, ...value } as AuditRecord;
}
