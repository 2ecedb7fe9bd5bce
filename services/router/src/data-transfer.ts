import type { Logger } from '@iec104mm2ss/observability';
import { type Clock, Timers } from '@iec104mm2ss/runtime';
import type { LogPlace, SessionStatement } from '@iec104mm2ss/wire';
import type { Cursors } from './cursors.js';
import type { Delivery } from './delivery.js';
import type { LogPlaces } from './log-places.js';
import type { OutStream } from './out-stream.js';
import type { Retention } from './retention.js';
import { isResolving, type Session } from './session.js';

/** What a gateway states may have crossed what was sent to it: it is not answered again so soon. */
export const CROSSING_MS = 500;
/** A gateway has what was published for a session after this long, or it is lost. */
export const STALLED_MS = 2_000;
/** Pause before the log is asked again how far a place still holds. */
const RESOLVE_RETRY_MS = 500;

export interface DataTransferParts {
  readonly sessions: ReadonlyMap<number, Session>;
  readonly delivery: Delivery;
  readonly cursors: Cursors;
  readonly places: LogPlaces;
  readonly retention: Retention;
  readonly out: OutStream;
  readonly logger: Logger;
  readonly clock: Clock;
  changed(): void;
  /** See DeliveryEvents. */
  lost(session: Session, count: number, end: number | undefined, reason: string): void;
}

/**
 * Where the data of a session begins and when it ends: STARTED, STOPPED and RESYNC, what its gateway states of it, and which
 * of a named master's connections has it.
 */
export class DataTransfer {
  private readonly timers: Timers;

  constructor(private readonly parts: DataTransferParts) {
    this.timers = new Timers(parts.clock);
  }

  // ---- what a session says ------------------------------------------------------------------------------------------

  /** STARTDT at the gateway: everything from the mark on; for a named master from where it was. */
  started(session: Session, number: number): void {
    const { cursors, logger, retention } = this.parts;
    if (this.isOutranked(session)) {
      this.toStandby(session, 'a connection with a certificate');
      return;
    }
    this.replaceOthers(session);
    const givenUp = cursors.back(session.name);
    if (givenUp > 0) {
      const { name } = session;
      logger.warn({ name, count: givenUp }, `${name} is back; ${givenUp} ASDUs were given up`);
    }
    const { confirmed } = this.parts.delivery.mark;
    const position = Math.max(cursors.position(session.name) ?? confirmed, retention.oldest);
    logger.info({ session: session.id, peer: session.peer, position }, 'master started data transfer');
    this.begin(session, position, number);
  }

  /** The session belongs to another named master now: one connection of a master has its data. */
  named(session: Session): void {
    if (session.started && this.isReplaced(session)) this.toStandby(session);
  }

  stopped(session: Session): void {
    session.standby = false;
    session.idleSince = this.parts.clock.now();
    const { started } = session;
    this.parts.delivery.end(session);
    if (!started) return;
    this.parts.logger.info({ session: session.id, peer: session.peer }, 'master stopped data transfer');
    this.parts.changed();
  }

  /** The session missed something: everything from that place on once more. */
  resync(session: Session, number: number, place: LogPlace): void {
    if (session.standby) this.standbyAgain(session);
    else if (!session.started && this.isReplaced(session)) this.toStandby(session);
    else this.resume(session, place, number);
  }

  // ---- what its gateway states --------------------------------------------------------------------------------------

  /** Brings data transfer in line with what the gateway states of the session. */
  reconcile(session: Session, stated: SessionStatement): void {
    const { started, starting, expected: position, generation } = stated;
    const place = { position, generation };
    if (!started) this.stopped(session);
    else if (isResolving(session)) return;
    else if (starting > 0) this.answerAgain(session, starting, place);
    else if (session.standby) this.standbyAgain(session);
    else if (session.started) this.check(session, place);
    else if (this.isReplaced(session)) this.toStandby(session);
    else this.resume(session, place, 0);
  }

  /** Its STARTED or RESYNC with this number has no answer. */
  private answerAgain(session: Session, number: number, place: LogPlace): void {
    if (session.answered === number) {
      if (session.standby) this.standbyAgain(session);
      else if (!this.mayCross(session)) this.parts.delivery.begin(session, session.answeredFrom, number);
    } else if (place.generation === 0) this.started(session, number);
    else this.resync(session, number, place);
  }

  /** A session that runs: has it got what was published for it? */
  private check(session: Session, place: LogPlace): void {
    const { places, delivery, clock } = this.parts;
    const now = clock.now();
    if (place.generation < places.generation) {
      // It does not know yet that a later generation has begun.
      if (!this.mayCross(session)) this.resume(session, place, 0);
      return;
    }
    if (session.due !== undefined && now - session.dueAt < STALLED_MS) return;
    if (session.due !== undefined && place.generation === places.generation && place.position < session.due) {
      this.resume(session, place, 0);
      return;
    }
    session.due = delivery.publishedFor(session);
    session.dueAt = now;
  }

  private mayCross(session: Session): boolean {
    return this.parts.clock.now() - session.begunAt < CROSSING_MS;
  }

  // ---- begin --------------------------------------------------------------------------------------------------------

  /** Goes on at a place that the session tells, as far as it still holds. */
  private resume(session: Session, place: LogPlace, number: number): void {
    const { places, delivery } = this.parts;
    const lost = places.lostBehind(place);
    if (lost > 0) {
      this.parts.lost(session, lost, undefined, 'the event log lost its end');
      return;
    }
    delivery.voided.resumed(session, place);
    const known = places.present(place);
    if (known !== undefined) {
      // It may not know that there was nothing more for it, which the log need not have any more.
      this.begin(session, session.live ? Math.max(known, delivery.neededBy(session)) : known, number);
      return;
    }
    const run = ++session.run;
    session.resolving = run;
    places.resolve(place).then(
      (position) => {
        if (this.isCurrent(session, run)) this.begin(session, position, number);
      },
      (error: Error) => {
        this.parts.logger.warn({ session: session.id, reason: error.message }, 'event log not read: retrying');
        this.timers.after(RESOLVE_RETRY_MS, () => {
          if (this.isCurrent(session, run)) this.resume(session, place, number);
        });
      },
    );
  }

  private isCurrent(session: Session, run: number): boolean {
    return session.run === run && this.parts.sessions.get(session.id) === session;
  }

  private begin(session: Session, position: number, number: number): void {
    session.standby = false;
    if (number > 0) session.answered = number;
    session.answeredFrom = position;
    this.parts.delivery.begin(session, position, number);
    this.parts.changed();
  }

  // ---- redundant connections of one master --------------------------------------------------------------------------

  /** The newest STARTDT takes over. */
  private replaceOthers(session: Session): void {
    for (const other of this.startedOthers(session)) this.toStandby(other, session.peer);
  }

  /** Its address says who it is, and another connection of that master has shown a certificate: anybody may have the address. */
  private isOutranked(session: Session): boolean {
    return !isCertified(session) && this.startedOthers(session).some(isCertified);
  }

  private toStandby(session: Session, by = `another connection of ${session.name}`): void {
    this.parts.delivery.end(session);
    session.standby = true;
    this.standbyAgain(session, by);
    const { id, peer, name } = session;
    this.parts.logger.info({ session: id, peer }, `on standby: ${by} took over for ${name}`);
    this.parts.changed();
  }

  private standbyAgain(session: Session, by = `another connection of ${session.name}`): void {
    this.parts.out.standby(session, `${by} took over`);
  }

  private isReplaced(session: Session): boolean {
    return this.startedOthers(session).length > 0;
  }

  /** Other connections of the same named master that have the data. */
  private startedOthers(session: Session): Session[] {
    const { name } = session;
    if (name === null) return [];
    return [...this.parts.sessions.values()].filter(
      (other) => other !== session && other.started && other.name === name,
    );
  }

  /** No timer is left. */
  stop(): void {
    this.timers.stop();
  }
}

function isCertified({ certificateNames = [] }: Session): boolean {
  return certificateNames.length > 0;
}
