import type { Journal } from '@iec104mm2ss/bus';
import { type Logger, noPeer, securityEvent } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import { encodeJson } from '@iec104mm2ss/wire';
import { auditId, type AuditRecord } from './audit.js';

/** The journal of all groups, and what it keeps at most. */
export { AUDIT_JOURNAL } from '@iec104mm2ss/bus';
export const AUDIT_LIMITS = { maxEntries: 100_000, maxOctets: 64 * 1024 * 1024 } as const;
/** Records of one group that wait to be stored; the oldest are dropped. */
export const MAX_WAITING_RECORDS = 10_000;
const MAX_UNDER_WAY = 64;
/** Pause before a record that was not stored is stored again; doubled every time. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

interface Entry {
  readonly record: AuditRecord;
  readonly json: Uint8Array;
}

/**
 * Stores the audit records of one group, each once however often it has to be tried; the journal publishes them on `.audit`.
 * It has no timer: `tick` goes on with what has to wait.
 */
export class AuditLog {
  /** Records that were dropped because the journal could not be written for too long. */
  dropped = 0;
  private waiting: Entry[] = [];
  private underWay = 0;
  private retryAt = -Infinity;
  private retryMs = FIRST_RETRY_MS;
  private stopped = false;

  /**
   * @param certain false while another process may own the group: nothing is stored then
   * @param onDone called when a record is stored, or was dropped
   */
  constructor(
    private readonly context: {
      readonly journal: Journal;
      readonly clock: Clock;
      readonly logger: Logger;
      certain(): boolean;
    },
    private readonly onDone: (record: AuditRecord) => void,
  ) {}

  /** Records that are not stored yet. */
  get size(): number {
    return this.waiting.length + this.underWay;
  }

  add(records: readonly AuditRecord[]): void {
    for (const record of records) this.waiting.push({ record, json: encodeJson(record) });
    while (this.waiting.length > MAX_WAITING_RECORDS) this.drop();
    this.store();
  }

  tick(): void {
    this.store();
  }

  stop(): void {
    this.stopped = true;
    this.waiting = [];
  }

  private drop(): void {
    const [oldest] = this.waiting.splice(0, 1);
    if (oldest === undefined) return;
    this.dropped++;
    if (this.dropped % 1_000 === 1) {
      const message = 'audit records are dropped: the journal cannot be written';
      securityEvent(this.context.logger, 'audit_dropped', noPeer({ dropped: this.dropped }), message);
    }
    this.onDone(oldest.record);
  }

  private store(): void {
    const { context } = this;
    if (this.waiting.length === 0 || context.clock.now() < this.retryAt || !context.certain()) return;
    const free = Math.max(0, MAX_UNDER_WAY - this.underWay);
    for (const entry of this.waiting.splice(0, free)) void this.append(entry);
  }

  private async append(entry: Entry): Promise<void> {
    const { journal, clock, logger } = this.context;
    this.underWay++;
    try {
      await journal.append(entry.record.group, auditId(entry.record), entry.json);
    } catch (error) {
      this.underWay--;
      if (this.stopped) return;
      this.waiting.unshift(entry);
      if (clock.now() < this.retryAt) return;
      logger.warn(
        noPeer({ reason: (error as Error).message, retryMs: this.retryMs }),
        'audit record not stored: retrying',
      );
      this.retryAt = clock.now() + this.retryMs;
      this.retryMs = Math.min(2 * this.retryMs, LONGEST_RETRY_MS);
      return;
    }
    this.underWay--;
    if (this.stopped) return;
    this.retryMs = FIRST_RETRY_MS;
    this.onDone(entry.record);
    this.store();
  }
}
