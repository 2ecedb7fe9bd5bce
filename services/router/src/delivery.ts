import { type Bus, type EventLog, type GroupSubjects, Pacer } from '@iec104mm2ss/bus';
import { type Logger, noPeer } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import { encodeConfirmed, type LogRecord } from '@iec104mm2ss/wire';
import type { AudienceRange } from './audiences.js';
import { CatchUp } from './catch-up.js';
import { ConfirmedMark } from './confirmed-mark.js';
import type { LogPlaces } from './log-places.js';
import type { OutStream } from './out-stream.js';
import { PositionTimes } from './position-times.js';
import { RecentRecords } from './recent-records.js';
import { Routing, type RoutingRules } from './routing.js';
import { isResolving, type Session } from './session.js';
import { VoidedAnswers } from './voided-answers.js';

/** An answer is kept this long for a session that is not known (yet): its gateway may still state it. */
export const UNKNOWN_SESSION_MS = 10_000;
/** A session that says it is ahead of what was routed is believed for this long. */
export const AHEAD_MS = 5_000;

export interface DeliveryEvents {
  /** Everything before the mark is safe: it moved, or was told again. */
  confirmed(): void;
  /**
   * The session cannot get `count` ASDUs: it has to go.
   *
   * @param end none before it can be had any more; undefined: others of its master can
   */
  lost(session: Session, count: number, end: number | undefined, reason: string): void;
  /**
   * The log goes on at `begins`: what was routed from there on is void, up to `end` it is lost. `here`: masters that have a
   * started session.
   */
  cut(begins: number, end: number, here: ReadonlySet<string>): void;
}

export interface DeliveryParts {
  readonly bus: Bus;
  readonly subjects: GroupSubjects;
  readonly log: EventLog;
  readonly fence: number;
  readonly out: OutStream;
  readonly places: LogPlaces;
  readonly sessions: ReadonlyMap<number, Session>;
  readonly rules: RoutingRules;
  readonly events: DeliveryEvents;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface DeliveryOptions {
  /** Everything before it is confirmed. */
  readonly confirmed: number;
  readonly interrogationToOriginator: boolean;
  readonly confirmGapMs: number;
  /** Octets of routed records kept in memory. */
  readonly recentOctets: number;
  /** So many ASDUs that were routed may not be stored yet: the log may lose them, and bring them again. */
  readonly unstoredAsdus: number;
}

/**
 * From the event log to the masters of one group: where routing is, which sessions take what is published for all and
 * which catch up, and the mark of what is safe.
 */
export class Delivery {
  readonly mark: ConfirmedMark;
  readonly routing: Routing;
  /** Position after the last ASDU routed. */
  routed: number;

  readonly voided = new VoidedAnswers();
  /** For people: how old is what is not acknowledged. */
  readonly times = new PositionTimes();
  private readonly recent: RecentRecords;
  private readonly catchUp: CatchUp;
  private readonly confirming: Pacer;
  /** Generation of the record routed last; 0: none was. */
  private lastGeneration = 0;
  /** Started sessions that are not live. */
  private readonly behind = new Set<Session>();

  constructor(
    private readonly parts: DeliveryParts,
    private readonly options: DeliveryOptions,
  ) {
    const { sessions, rules, out, clock, log, places, logger, events } = parts;
    const { confirmed, confirmGapMs, recentOctets, interrogationToOriginator } = options;
    this.mark = new ConfirmedMark(confirmed);
    this.routed = confirmed;
    this.recent = new RecentRecords(recentOctets);
    this.confirming = new Pacer(clock, confirmGapMs, () => this.publishConfirmed());
    const forgotten = (range: AudienceRange): void => this.forgotten(range);
    const { mark, voided } = this;
    this.routing = new Routing({ out, mark, sessions, rules, clock, voided, interrogationToOriginator, forgotten });
    this.catchUp = new CatchUp({
      log,
      places,
      out,
      logger,
      clock,
      recent: this.recent,
      routing: this.routing,
      voided,
      routed: () => this.routed,
      lost: (session, count, end, reason) => events.lost(session, count, end, reason),
      arrived: (session) => this.join(session),
    });
  }

  /** Begins at an earlier position: after a takeover, for what sessions and commands of earlier owners need. */
  routeFrom(position: number): void {
    this.routed = Math.min(this.routed, position);
    this.parts.out.broadcastEnd = this.routed;
  }

  /** Routes the next record of the log. */
  route(record: LogRecord): void {
    if (!this.follows(record)) return;
    this.recent.add(record);
    this.times.add(record.first, record.receivedAt);
    const moved = this.routing.route(record, this.routed);
    this.routed = record.end;
    if (moved) this.confirming.soon();
    // Those that were ahead, having got it from an earlier owner.
    for (const session of this.behind) if (session.sent >= this.routed) void this.catchUp.pump(session);
  }

  // ---- the log's generations ----------------------------------------------------------------------------------------

  /** Whether the record is the next one, or holds it. */
  private follows(record: LogRecord): boolean {
    const { generation, first, end } = record;
    // Of a writer that another one has replaced.
    if (generation < this.lastGeneration) return false;
    const { places } = this.parts;
    const overlaps = this.lastGeneration > 0 && generation > this.lastGeneration && first < this.routed;
    if (generation > places.generation || overlaps) {
      this.goOnAt(Math.min(first, this.routed), Math.max(generation, places.generation));
    }
    this.lastGeneration = generation;
    if (end <= this.routed) return false;
    if (first > this.routed) this.skip(first);
    return true;
  }

  /** A later generation of the log goes on at `begins`: what was routed from there on is no part of it. */
  private goOnAt(begins: number, generation: number): void {
    const { out, places, events, logger } = this.parts;
    const { routed } = this;
    const end = places.lostEnd(generation, begins, routed);
    if (begins < routed) {
      const fields = { position: begins, count: routed - begins, lost: end - begins, generation };
      logger.warn(noPeer(fields), 'the event log lost its end: it goes on where that began');
    }
    places.cut(generation, begins, end);
    this.routed = begins;
    this.mark.cut(begins);
    const audience = this.routing.audienceAgain.bind(this.routing);
    this.voided.cut(this.recent.since(begins), begins, out.generation, audience, this.parts.clock.now());
    this.recent.cut(begins);
    this.times.cut(begins);
    this.routing.cut(begins);
    const before = out.generation;
    out.generation = generation;
    out.broadcastEnd = Math.min(out.broadcastEnd, begins);
    const here = new Set<string>();
    const losses: { readonly session: Session; readonly count: number }[] = [];
    for (const session of this.parts.sessions.values()) {
      if (session.started) {
        const count = end - Math.max(session.live ? routed : session.sent, begins);
        if (count > 0) losses.push({ session, count });
        if (session.name !== null) here.add(session.name);
      }
      this.voided.resumed(session, { generation: before, position: session.acknowledged });
      this.cutSession(session, begins);
    }
    out.beginAll(begins);
    events.cut(begins, end, here);
    for (const { session, count } of losses) events.lost(session, count, undefined, 'the event log lost its end');
    for (const session of this.behind) void this.catchUp.pump(session);
    this.confirming.now();
  }

  private cutSession(session: Session, position: number): void {
    this.leaveLive(session);
    session.run++;
    session.sent = Math.min(session.sent, position);
    session.dataEnd = Math.min(session.dataEnd, position);
    session.acknowledged = Math.min(session.acknowledged, position);
    session.answeredFrom = Math.min(session.answeredFrom, position);
    session.begunAt = this.parts.clock.now();
    session.due = undefined;
  }

  /** The log does not have what lies before `first`: who needs that is told when it has acknowledged what it has. */
  private skip(first: number): void {
    const count = first - this.routed;
    this.parts.logger.warn(noPeer({ position: this.routed, count }), 'events are missing in the event log');
    for (const session of this.parts.sessions.values()) this.leaveLive(session);
    this.routed = first;
    if (this.mark.addOthers(first)) this.confirming.soon();
    for (const session of this.behind) void this.catchUp.pump(session);
  }

  // ---- sessions -----------------------------------------------------------------------------------------------------

  /**
   * Data transfer of a session begins, or goes on: it gets everything from `position` on, then what comes.
   *
   * @param answers number of the STARTED or RESYNC this answers; 0: none
   */
  begin(session: Session, position: number, answers = 0): void {
    this.leaveLive(session);
    session.started = true;
    session.run++;
    session.sent = position;
    session.dataEnd = position;
    session.acknowledged = position;
    session.begunAt = this.parts.clock.now();
    session.due = undefined;
    this.behind.add(session);
    this.parts.out.begin(session, position, answers);
    void this.catchUp.pump(session);
  }

  /** What was published last may be lost: every live session gets once more what its master has not acknowledged. */
  beginAgain(): void {
    for (const session of this.parts.sessions.values()) if (session.live) this.begin(session, this.neededBy(session));
  }

  /** Data transfer of a session ends. */
  end(session: Session): void {
    session.started = false;
    session.run++;
    this.leaveLive(session);
    this.behind.delete(session);
  }

  /** Its master has acknowledged everything for it before `position`, but nothing that it was not sent. */
  acknowledged(session: Session, position: number): number {
    const acknowledged = Math.min(position, session.live ? this.routed : session.sent);
    if (acknowledged > session.acknowledged) session.acknowledged = acknowledged;
    if (session.started && !session.live) void this.catchUp.pump(session);
    if (this.mark.acknowledged(acknowledged)) this.confirming.soon();
    return acknowledged;
  }

  /** Position after the last ASDU that was published for the session so far. */
  publishedFor(session: Session): number {
    return session.live ? Math.max(session.dataEnd, this.parts.out.broadcastEnd) : session.dataEnd;
  }

  /** Oldest position that the session may still ask for. */
  neededBy(session: Session): number {
    if (session.live && session.acknowledged >= this.publishedFor(session)) return this.routed;
    return session.acknowledged;
  }

  private join(session: Session): void {
    session.live = true;
    this.routing.liveSessions++;
    this.behind.delete(session);
    this.parts.out.join(session, this.routed);
  }

  private leaveLive(session: Session): void {
    if (!session.live) return;
    session.dataEnd = this.publishedFor(session);
    session.live = false;
    session.sent = this.routed;
    this.routing.liveSessions--;
    if (session.started) this.behind.add(session);
  }

  // ---- what is safe, and what is over -------------------------------------------------------------------------------

  /** Tells the connector (again) what is safe. */
  publishConfirmed(): void {
    const { bus, subjects, fence, places } = this.parts;
    const { confirmed: position } = this.mark;
    bus.publish(subjects.confirmed, encodeConfirmed({ fence, position, generation: places.generation }));
    this.parts.events.confirmed();
  }

  /** Tells live sessions that they have everything that was routed. */
  tellNothingMore(): void {
    const { out } = this.parts;
    if (this.routing.liveSessions > 0 && out.broadcastEnd < this.routed) out.mark(this.routed);
  }

  /**
   * Call a few times a second.
   *
   * @param oldest nobody gets anything before it any more
   * @param needed somebody has yet to get what is there: `oldest`, or later
   */
  tick(now: number, oldest: number, needed: number): void {
    const { sessions, logger } = this.parts;
    const stored = this.routed - this.options.unstoredAsdus;
    this.routing.answers.prune(
      ({ participants, at, end }) =>
        end > stored ||
        participants.some(({ session: id }) => {
          const session = sessions.get(id);
          if (session === undefined) return now - at < UNKNOWN_SESSION_MS;
          return isResolving(session) || (session.started && session.acknowledged < end);
        }),
    );
    this.routing.asked.prune(({ end }) => end > Math.min(oldest, stored));
    this.voided.tick(now, sessions.values());
    this.times.forgetBefore(Math.min(this.mark.confirmed, needed), this.routed);
    for (const session of [...this.behind]) {
      if (session.sent <= this.routed || now - session.begunAt < AHEAD_MS) continue;
      logger.warn({ session: session.id, position: session.sent }, 'session is ahead of the event log: sent back');
      this.begin(session, this.routed);
    }
  }

  /** There was no room to remember who got these answers: who has not come there yet never gets them. */
  private forgotten({ first, end, participants }: AudienceRange): void {
    for (const { session: id } of participants) {
      const session = this.parts.sessions.get(id);
      if (session === undefined || !this.behind.has(session) || session.sent >= end) continue;
      const count = end - Math.max(first, session.sent);
      this.parts.events.lost(session, count, undefined, 'too many answers wait for masters that catch up');
    }
  }

  /** Ends everything: another router goes on. */
  stop(): void {
    this.confirming.stop();
    this.catchUp.stop();
    for (const session of this.parts.sessions.values()) this.end(session);
  }
}
