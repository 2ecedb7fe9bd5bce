import type { EventLog } from '@iec104mm2ss/bus';
import { apduEnd } from '@iec104mm2ss/iec104';
import type { Logger } from '@iec104mm2ss/observability';
import { type Clock, Timers } from '@iec104mm2ss/runtime';
import type { LogRecord } from '@iec104mm2ss/wire';
import type { Participant } from './command-context.js';
import type { LogPlaces } from './log-places.js';
import type { OutStream } from './out-stream.js';
import type { RecentRecords } from './recent-records.js';
import type { Routing } from './routing.js';
import type { Session } from './session.js';
import type { VoidedAnswers } from './voided-answers.js';

/** A session that catches up may be this many ASDUs ahead of what its master has acknowledged. */
export const CATCH_UP_WINDOW = 1_024;
const CATCH_UP_RECORDS = 64;
/** Pause before a log that could not be read is read again. */
export const READ_RETRY_MS = 500;
/** Pause before the log is read again for what should soon be stored, and how long that is awaited. */
const NOT_STORED_YET_MS = 20;
export const NEVER_STORED_MS = 5_000;

export interface CatchUpParts {
  readonly log: Pick<EventLog, 'read' | 'extent'>;
  readonly places: LogPlaces;
  readonly out: OutStream;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly recent: RecentRecords;
  readonly routing: Routing;
  readonly voided: VoidedAnswers;
  /** Position after the last ASDU routed. */
  readonly routed: () => number;
  /** The log does not have what comes next for the session: `count` ASDUs up to `end`. */
  readonly lost: (session: Session, count: number, end: number, reason: string) => void;
  /** It has everything that was routed. */
  readonly arrived: (session: Session) => void;
}

const GIVEN_UP = 'the event log no longer has what comes next';

/** Sends sessions what they have to get of the log, no further ahead than a window, until they have reached the live data. */
export class CatchUp {
  private readonly timers: Timers;
  /** Sessions that are to be looked at again. */
  private readonly retrying = new Set<Session>();
  private stopped = false;

  constructor(private readonly parts: CatchUpParts) {
    this.timers = new Timers(parts.clock);
  }

  /** Sends as much as may be sent now. Call whenever something has changed for the session. */
  async pump(session: Session): Promise<void> {
    if (session.catchingUp) return;
    const { routed, clock } = this.parts;
    session.catchingUp = true;
    try {
      let progressAt = clock.now();
      while (this.mayGoOn(session) && session.sent < routed()) {
        const { run, sent } = session;
        const recent = this.recent(sent);
        const records = recent.length > 0 ? recent : await this.read(session, sent);
        if (records === undefined) return;
        // Begun anew, ended, or the log was cut meanwhile.
        if (session.run !== run) continue;
        if (this.stopped) return;
        if (records.length === 0 && clock.now() - progressAt < NEVER_STORED_MS) {
          await this.timers.pause(NOT_STORED_YET_MS);
          continue;
        }
        progressAt = clock.now();
        if (!this.replayAll(session, records)) return;
      }
      if (!this.stopped && session.started && !session.live && session.sent === routed()) this.parts.arrived(session);
    } finally {
      session.catchingUp = false;
    }
  }

  /** No timer is left. */
  stop(): void {
    this.stopped = true;
    this.timers.stop();
    this.retrying.clear();
  }

  /** The window counts from the last ASDU sent: no acknowledgement comes for what was for others behind it. */
  private mayGoOn(session: Session): boolean {
    return (
      !this.stopped && session.started && !session.live && session.dataEnd - session.acknowledged < CATCH_UP_WINDOW
    );
  }

  private recent(from: number): LogRecord[] {
    const records = this.parts.recent.read(from, CATCH_UP_RECORDS);
    return (records[0]?.first ?? Infinity) <= from ? records : [];
  }

  /** Undefined: it cannot be read now, and is tried again. Empty: what was routed is not stored (yet). */
  private async read(session: Session, from: number): Promise<readonly LogRecord[] | undefined> {
    try {
      const records = await this.parts.log.read(from, CATCH_UP_RECORDS);
      // Nothing there: asks whether the log can be read at all.
      if (records.length === 0) await this.parts.log.extent();
      return records;
    } catch (error) {
      const reason = (error as Error).message;
      this.parts.logger.warn({ session: session.id, position: from, reason }, 'event log not read: retrying');
      this.retry(session, READ_RETRY_MS);
      return undefined;
    }
  }

  /** False when the session has to wait, or to go. */
  private replayAll(session: Session, records: readonly LogRecord[]): boolean {
    const { places, routed } = this.parts;
    const { run } = session;
    // Seen when they were published, but never stored.
    if (records.length === 0) return this.missing(session, routed());
    for (const record of records) {
      if (session.run !== run || !this.mayGoOn(session) || session.sent >= routed()) break;
      if (record.generation > places.generation) {
        // The log goes on earlier than we know: that comes with its records.
        this.retry(session, NOT_STORED_YET_MS);
        return false;
      }
      if (record.first > session.sent) return this.missing(session, Math.min(record.first, routed()));
      this.replay(session, record);
    }
    return true;
  }

  /**
   * The log does not have what comes next, up to `end`. The session has to go, but not before it has acknowledged what it
   * got: otherwise its master would begin there again, and not get any further.
   */
  private missing(session: Session, end: number): false {
    if (session.acknowledged >= session.dataEnd) this.parts.lost(session, end - session.sent, end, GIVEN_UP);
    return false;
  }

  /** Sends what the record has for the session, up to what was routed. */
  private replay(session: Session, record: LogRecord): void {
    const { octets, first, end: recordEnd, apdusAt } = record;
    const { out, routing, routed, voided } = this.parts;
    const end = Math.min(recordEnd, routed());
    let position = first;
    let at = apdusAt;
    for (; position < session.sent; position++) at = apduEnd(octets, at);
    let runStart = at;
    let runFirst = position;
    while (position < end) {
      const next = apduEnd(octets, at);
      const participants = routing.audienceAgain(octets, at, position);
      if (participants !== undefined) {
        if (position > runFirst) out.replay(session, octets, runStart, at, runFirst, position - runFirst);
        const own = ownPart(participants, session.id);
        if (own !== undefined && !voided.had(session, record, at, next, position)) {
          out.answer(session, octets, at, next, position, own.ownOa);
          routing.counters.replies++;
        }
        runStart = next;
        runFirst = position + 1;
      }
      position++;
      at = next;
    }
    if (position > runFirst) out.replay(session, octets, runStart, at, runFirst, position - runFirst);
    session.sent = Math.max(session.sent, end);
  }

  private retry(session: Session, ms: number): void {
    if (this.retrying.has(session)) return;
    this.retrying.add(session);
    this.timers.after(ms, () => {
      this.retrying.delete(session);
      void this.pump(session);
    });
  }
}

function ownPart(participants: readonly Participant[], session: number): Participant | undefined {
  for (const participant of participants) if (participant.session === session) return participant;
  return undefined;
}
