import {
  type Bus,
  encodeConfirmed,
  encodeOut,
  encodeOutMark,
  type EventLog,
  type GroupSubjects,
  LOG_RECORD_PREAMBLE_OCTETS,
  NO_POSITION,
  OutFlag,
  OutKind,
  Pacer,
  recordCount,
  recordEnd,
  recordFirst,
} from '@iec104mm2ss/bus';
import { Cause, isInterrogated } from '@iec104mm2ss/iec104';
import type { Logger } from '@iec104mm2ss/observability';
import { Audience, audienceOf, carriesOurOa } from './rules.js';
import { ConfirmedMark } from './confirmed-mark.js';
import { RecentRecords } from './recent-records.js';
import type { Participant } from './transactions.js';
import type { Session } from './session.js';

/** A session that catches up may be this many ASDUs ahead of what its master has acknowledged. */
export const CATCH_UP_WINDOW = 1_024;
const CATCH_UP_RECORDS = 64;
/** Pause before a log that could not be read is read again. */
export const READ_RETRY_MS = 500;
/** Pause before the log is read again for what should soon be stored, and how long that is awaited. */
const NOT_STORED_YET_MS = 20;
const NEVER_STORED_MS = 5_000;

/** Where in an APDU the router looks. */
const TYPE_AT = 6;
const CAUSE_AT = 8;
const OA_AT = 9;
const CAUSE_MASK = 0x3f;

export interface DeliveryRules {
  /** Who gets the answer at `octets[at..end)`; also moves its command on. Empty: nobody, it is counted there. */
  answer(octets: Uint8Array, at: number, end: number): readonly Participant[];
  /** Who gets process information with an interrogation's cause, when only the originator does. */
  interrogators(cot: number, oa: number): readonly Participant[];
  /** A requested object (COT 5) passed. */
  requested(octets: Uint8Array, at: number, end: number): void;
  /** An object with an interrogation's cause passed to all masters: the interrogation is alive. */
  interrogated?(cot: number): void;
}

export interface DeliveryCounters {
  routed: number;
  broadcast: number;
  replies: number;
  notForwarded: number;
}

const NOBODY: readonly Participant[] = [];

/**
 * From the event log to the masters of one group: reads every record once, applies the rules, publishes once per
 * audience, lets sessions that begin or come back catch up from the log, and keeps the mark of what is safe.
 */
export class Delivery {
  readonly mark: ConfirmedMark;
  readonly counters: DeliveryCounters = { routed: 0, broadcast: 0, replies: 0, notForwarded: 0 };
  /** Position after the last ASDU routed. */
  routed: number;
  /** Position after the last ASDU published for all. */
  private broadcastEnd: number;
  private liveSessions = 0;
  private readonly confirming: Pacer;
  private readonly recent: RecentRecords;
  /** Position after the last ASDU sent to a session that catches up. */
  private readonly dataEnd = new WeakMap<Session, number>();
  private readonly toOriginator: boolean;

  constructor(
    private readonly bus: Bus,
    private readonly subjects: GroupSubjects,
    private readonly log: EventLog,
    private readonly fence: number,
    private readonly sessions: ReadonlyMap<number, Session>,
    private readonly rules: DeliveryRules,
    options: {
      readonly from: number;
      readonly interrogationToOriginator: boolean;
      readonly confirmGapMs: number;
      /** Octets of routed records kept in memory. */
      readonly recentOctets: number;
    },
    private readonly logger: Logger,
    private readonly onConfirmed: (position: number) => void,
  ) {
    this.mark = new ConfirmedMark(options.from);
    this.routed = options.from;
    this.broadcastEnd = options.from;
    this.toOriginator = options.interrogationToOriginator;
    this.recent = new RecentRecords(options.recentOctets);
    this.confirming = new Pacer(options.confirmGapMs, () => this.publishConfirmed());
  }

  // ---- live ---------------------------------------------------------------------------------------------------------

  /** Routes the next record of the log. */
  route(record: Uint8Array): void {
    const first = recordFirst(record);
    const end = first + recordCount(record);
    if (end <= this.routed) return;
    this.recent.add(record);
    let position = first;
    let at = LOG_RECORD_PREAMBLE_OCTETS;
    // The run of ASDUs for all that is being gathered.
    let runStart = at;
    let runFirst = position;
    let runPatched = false;
    while (at < record.length) {
      const next = at + (record[at + 1] as number) + 2;
      if (position < this.routed) {
        this.broadcastRun(record, runStart, at, runFirst, position, runPatched);
        runStart = next;
        runFirst = position + 1;
        position++;
        at = next;
        continue;
      }
      const cot = (record[at + CAUSE_AT] as number) & CAUSE_MASK;
      const audience = audienceOf(record[at + TYPE_AT] as number, cot, this.toOriginator);
      if (audience === Audience.ALL) {
        const patched = carriesOurOa(cot, record[at + OA_AT] as number);
        if (patched !== runPatched) {
          this.broadcastRun(record, runStart, at, runFirst, position, runPatched);
          runStart = at;
          runFirst = position;
          runPatched = patched;
        }
        if (cot === Cause.REQ) this.rules.requested(record, at, next);
        else if (isInterrogated(cot)) this.rules.interrogated?.(cot);
      } else {
        this.broadcastRun(record, runStart, at, runFirst, position, runPatched);
        this.reply(record, at, next, position, audience, cot);
        runStart = next;
        runFirst = position + 1;
      }
      position++;
      at = next;
    }
    this.broadcastRun(record, runStart, at, runFirst, position, runPatched);
    this.counters.routed += end - Math.max(first, this.routed);
    this.routed = end;
  }

  private broadcastRun(
    record: Uint8Array,
    start: number,
    end: number,
    first: number,
    endPosition: number,
    patched: boolean,
  ): void {
    if (end === start) return;
    const count = endPosition - first;
    if (this.mark.addEvents(endPosition)) this.confirming.soon();
    this.counters.broadcast += count;
    if (this.liveSessions > 0) {
      const flags = patched ? OutFlag.PATCH_OA : 0;
      this.bus.publish(
        this.subjects.out,
        encodeOut(OutKind.DATA, flags, this.fence, this.broadcastEnd, first, count, record, start, end),
      );
    }
    this.broadcastEnd = endPosition;
  }

  /** One ASDU that is not for all. */
  private reply(record: Uint8Array, at: number, next: number, position: number, audience: Audience, cot: number): void {
    const participants =
      audience === Audience.ORIGINATOR
        ? this.rules.answer(record, at, next)
        : audience === Audience.INTERROGATOR
          ? this.rules.interrogators(cot, record[at + OA_AT] as number)
          : NOBODY;
    let counted = false;
    for (const { session: id, ownOa } of participants) {
      const session = this.sessions.get(id);
      if (session === undefined || !session.started) continue;
      // While a session catches up, its positions are behind: the answer goes out without one.
      const positioned: boolean = session.live && !counted;
      const message = encodeOut(
        OutKind.DATA,
        0,
        this.fence,
        this.broadcastEnd,
        positioned ? position : NO_POSITION,
        1,
        record,
        at,
        next,
      );
      message[message.length - (next - at) + OA_AT] = ownOa;
      this.bus.publish(this.subjects.outTo(id), message);
      this.counters.replies++;
      counted ||= positioned;
    }
    // An answer is no event: it dies with its master's connection, so the RTU's window does not wait for that master.
    this.others(position + 1);
    if (participants.length === 0) this.counters.notForwarded++;
  }

  /** An ASDU of the router's own (a refusal) to one session. */
  send(session: Session, asdu: Uint8Array): void {
    const apdu = Buffer.allocUnsafe(asdu.length + 6);
    apdu[0] = 0x68;
    apdu[1] = asdu.length + 4;
    apdu.set(asdu, 6);
    this.bus.publish(
      this.subjects.outTo(session.id),
      encodeOut(OutKind.DATA, 0, this.fence, this.broadcastEnd, NO_POSITION, 1, apdu, 0, apdu.length),
    );
  }

  // ---- sessions -----------------------------------------------------------------------------------------------------

  /**
   * Data transfer of a session begins, or goes on: it gets everything from `position` on, then what comes.
   *
   * @param answers number of the STARTED this answers; 0: none
   */
  begin(session: Session, position: number, answers = 0): void {
    session.started = true;
    this.leaveLive(session);
    session.sent = position;
    session.acknowledged = position;
    this.dataEnd.set(session, position);
    if (answers > 0) {
      const begin = encodeOutMark(OutKind.BEGIN, this.fence, position, answers);
      this.bus.publish(this.subjects.outTo(session.id), begin);
    }
    void this.catchUp(session);
  }

  /** Data transfer of a session ends. */
  end(session: Session): void {
    session.started = false;
    this.leaveLive(session);
  }

  acknowledged(session: Session, position: number): void {
    if (position > session.acknowledged) session.acknowledged = position;
    if (!session.live && session.started) void this.catchUp(session);
    if (this.mark.acknowledged(position)) this.confirming.soon();
  }

  /** Answers and what is for nobody are safe as soon as they are routed. */
  private others(end: number): void {
    if (this.mark.addOthers(end)) this.confirming.soon();
  }

  /** Ends reporting: another router goes on. */
  stop(): void {
    this.confirming.stop();
  }

  /** Tells the connector (again) what is safe. */
  publishConfirmed(): void {
    const { confirmed } = this.mark;
    this.bus.publish(this.subjects.confirmed, encodeConfirmed(this.fence, confirmed));
    this.onConfirmed(confirmed);
  }

  private leaveLive(session: Session): void {
    if (session.live) this.liveSessions--;
    session.live = false;
  }

  /** Sends from the log, no further ahead than the window, until the session has reached the live data. */
  private async catchUp(session: Session): Promise<void> {
    if (session.catchingUp) return;
    session.catchingUp = true;
    let progressAt = performance.now();
    try {
      while (session.started && session.sent < this.routed && this.hasWindow(session)) {
        const from = session.sent;
        const recent = this.recent.read(from, CATCH_UP_RECORDS);
        const records =
          recent.length > 0 ? recent : await this.log.read(from, CATCH_UP_RECORDS).catch((error: Error) => error);
        if (records instanceof Error) {
          this.logger.warn(
            { session: session.id, position: from, reason: records.message },
            'event log not read: retrying',
          );
          setTimeout(() => {
            if (session.started && !session.live) void this.catchUp(session);
          }, READ_RETRY_MS).unref();
          return;
        }
        const waiting =
          records.length === 0 && performance.now() - progressAt < NEVER_STORED_MS && (await this.toBeStored());
        if (waiting) await new Promise((resolve) => setTimeout(resolve, NOT_STORED_YET_MS));
        // Or begun anew, from elsewhere, meanwhile.
        if (waiting || session.sent !== from) continue;
        // Given up by all, or never stored because the server failed just then.
        if (records.length === 0) session.sent = this.routed;
        progressAt = performance.now();
        for (const record of records) {
          if (!session.started || !this.hasWindow(session)) break;
          this.replay(session, record);
        }
      }
      if (!session.started || session.sent < this.routed) return;
      session.sent = this.routed;
      session.live = true;
      this.liveSessions++;
      const dataEnd = this.dataEnd.get(session) ?? this.routed;
      const join = encodeOutMark(OutKind.JOIN, this.fence, dataEnd, this.routed);
      this.bus.publish(this.subjects.outTo(session.id), join);
    } finally {
      session.catchingUp = false;
    }
  }

  /** Whether the end of what was routed is not in the log yet, as far as we can see. */
  private async toBeStored(): Promise<boolean> {
    const extent = await this.log.extent().catch(() => undefined);
    return extent === undefined || extent.next < this.routed;
  }

  /** Counted from the last ASDU sent to it: no acknowledgement comes for the positions after it that were for others. */
  private hasWindow(session: Session): boolean {
    return (this.dataEnd.get(session) ?? 0) - session.acknowledged < CATCH_UP_WINDOW;
  }

  /** Sends the part of a record that is for all, from `session.sent` up to what was routed. */
  private replay(session: Session, record: Uint8Array): void {
    const end = Math.min(recordEnd(record), this.routed);
    let position = recordFirst(record);
    let at = LOG_RECORD_PREAMBLE_OCTETS;
    let runStart = at;
    let runFirst = position;
    // What lies between the last ASDU sent and this record was for others.
    let from = this.dataEnd.get(session) ?? session.sent;
    const flush = (to: number, next: number): void => {
      if (to > runStart) {
        const count = position - runFirst;
        const message = encodeOut(
          OutKind.DATA,
          OutFlag.PATCH_OA,
          this.fence,
          from,
          runFirst,
          count,
          record,
          runStart,
          to,
        );
        this.bus.publish(this.subjects.outTo(session.id), message);
        this.dataEnd.set(session, position);
        from = position;
      }
      runStart = next;
      runFirst = position + 1;
    };
    while (at < record.length && position < end) {
      const next = at + (record[at + 1] as number) + 2;
      const cot = (record[at + CAUSE_AT] as number) & CAUSE_MASK;
      const wanted =
        position >= session.sent && audienceOf(record[at + TYPE_AT] as number, cot, this.toOriginator) === Audience.ALL;
      if (!wanted) flush(at, next);
      position++;
      at = next;
    }
    flush(at, at);
    session.sent = Math.max(session.sent, end);
  }
}
