import type { Journal } from '@iec104mm2ss/bus';
import { AUDIT_LIMITS, type AuditRecord } from '@iec104mm2ss/router';
import { type AuditFilter, passes, readRecord } from './audit-filter.js';

/** Entries looked through first, from the newest back; then four times as many, and so on. */
const FIRST_ENTRIES = 1_000;
/** Records are stored when commands end: one that began so much earlier than another may be stored behind it. */
const OUT_OF_ORDER_MS = 120_000;

/** A record, and the JSON it was kept as. */
export interface FoundRecord {
  readonly record: AuditRecord;
  readonly json: string;
}

export interface AuditSelection {
  /** Oldest first. */
  readonly found: readonly FoundRecord[];
  /** Entries looked through that are no records. */
  readonly unreadable: number;
}

/** The newest `last` records that pass `filter` (Infinity: all). Reads no more of the journal than it needs to know them. */
export async function selectRecords(journal: Journal, filter: AuditFilter, last: number): Promise<AuditSelection> {
  const { maxEntries } = AUDIT_LIMITS;
  for (let wanted = last === Infinity ? maxEntries : FIRST_ENTRIES; ; wanted *= 4) {
    const entries = await journal.read(filter.groups?.single, Math.min(wanted, maxEntries));
    const jsons = entries.map((entry) => Buffer.from(entry).toString('utf8'));
    const records = jsons.map(readRecord);
    const found = jsons.flatMap((json, index) => {
      const record = records[index];
      return record !== undefined && passes(record, filter) ? [{ record, json }] : [];
    });
    const whole = entries.length < wanted || wanted >= maxEntries;
    if (whole || found.length >= last || isBefore(records[0], filter.since)) {
      return { found: found.slice(-last), unreadable: records.filter((record) => record === undefined).length };
    }
  }
}

function isBefore(oldest: AuditRecord | undefined, since: number | undefined): boolean {
  return oldest !== undefined && since !== undefined && Date.parse(oldest.at) < since - OUT_OF_ORDER_MS;
}
