import type { EventLog } from '@iec104mm2ss/bus';
import { repeatableAsdus } from '@iec104mm2ss/config';
import type { Logger } from '@iec104mm2ss/observability';
import type { CursorLoss, Cursors } from './cursors.js';
import type { LiveRow } from './live-row.js';
import type { LogPlaces } from './log-places.js';
import type { Losses } from './losses.js';
import { isResolving, type Session } from './session.js';

export interface RetentionParts {
  readonly row: LiveRow;
  readonly log: Pick<EventLog, 'trim'>;
  readonly places: Pick<LogPlaces, 'generation'>;
  readonly cursors: Cursors;
  readonly losses: Losses;
  readonly logger: Logger;
  readonly sessions: ReadonlyMap<number, Session>;
  /** Oldest position that a started session may still ask for. */
  readonly neededBy: (session: Session) => number;
  /** True while it is certain that this process owns the group: what was trimmed does not come back. */
  readonly certain: () => boolean;
  /** Who takes the group over with what is stored needs what comes from this position on. */
  readonly savedUpTo: () => number;
  /** What comes next for this session is given up: it has to go. */
  readonly lost: (session: Session, count: number, end: number, reason: string) => void;
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * What the event log keeps: what is not confirmed, and, as far as `buffsize` reaches, what named masters have not fetched. A
 * master that is here is fetching it while others acknowledge what is new, so for started sessions it is kept twice as long.
 * What is given up is counted for the master that does not get it.
 */
export class Retention {
  constructor(
    private readonly parts: RetentionParts,
    /** Oldest position kept. */
    public oldest: number,
  ) {}

  /** Everything before `confirmed` is safe: gives up what nobody needs any more, and what does not fit. */
  confirmed(confirmed: number): void {
    const { row, cursors, log, certain, savedUpTo } = this.parts;
    const { buffsize } = row.config;
    if (!certain()) return;
    const limit = confirmed - buffsize;
    if (cursors.oldest < limit) this.haveEverything();
    let keep = Math.min(confirmed, this.oldestNeeded());
    if (keep < limit) {
      const limitHere = limit - buffsize;
      this.giveUpBefore(limit, limitHere);
      keep = Math.max(limitHere, Math.min(confirmed, this.oldestNeeded()));
    }
    // The connector recognises by these what the RTU sends once more.
    keep = Math.min(keep, confirmed - repeatableAsdus(row.config), savedUpTo());
    if (keep <= this.oldest) return;
    this.oldest = keep;
    log.trim(keep, this.parts.places.generation);
  }

  /** The log goes on at `begins`: positions up to `end` are lost. `here`: named masters that have a started session. */
  cut(begins: number, end: number, here: ReadonlySet<string>): void {
    this.oldest = Math.min(this.oldest, begins);
    this.report(this.parts.cursors.cut(begins, end, here), 'the event log lost its end');
  }

  /** The log begins at `position` only. */
  begins(position: number): void {
    this.oldest = Math.max(this.oldest, position);
    this.report(
      this.parts.cursors.giveUpBefore(position, position, NOBODY),
      'its oldest events are no longer in the event log',
    );
  }

  /** Masters that are here and have acknowledged all that was for them need nothing of what was for others. */
  private haveEverything(): void {
    const { sessions, cursors, neededBy } = this.parts;
    for (const session of sessions.values()) {
      if (session.live && session.name !== null) cursors.advance(session.name, neededBy(session));
    }
  }

  /** A session lost `count` events; `end`: none before it can be had any more, else what its master has not got stays. */
  lost({ name, peer }: Session, count: number, end: number | undefined, reason: string): void {
    if (name === null || end === undefined) {
      this.parts.losses.add(name, count);
      this.parts.logger.warn({ name, peer, count }, `events lost for ${name ?? peer}: ${reason}`);
      return;
    }
    const loss = this.parts.cursors.giveUp(name, end);
    if (loss !== undefined) this.report([loss], reason);
  }

  /** What named masters have not fetched, and started sessions may still ask for; anything, where that is not known yet. */
  oldestNeeded(): number {
    const { cursors, sessions, neededBy } = this.parts;
    let oldest = cursors.oldest;
    for (const session of sessions.values()) {
      if (isResolving(session)) oldest = Math.min(oldest, this.oldest);
      else if (session.started) oldest = Math.min(oldest, neededBy(session));
    }
    return oldest;
  }

  /** @param limit for masters that are away; @param limitHere for those that have a started session */
  private giveUpBefore(limit: number, limitHere: number): void {
    const { cursors, sessions, lost } = this.parts;
    const here = new Set<string>();
    for (const { started, name } of sessions.values()) if (started && name !== null) here.add(name);
    // Those that are here are told first, by name and by being disconnected.
    for (const session of [...sessions.values()]) {
      if (!session.started || session.live || session.sent >= limitHere) continue;
      const reason = 'it is too far behind the other masters: what comes next was given up';
      lost(session, limitHere - session.sent, limitHere, reason);
    }
    const reason = 'it has been away too long: its oldest events are given up';
    this.report(cursors.giveUpBefore(limit, limitHere, here), reason);
  }

  private report(losses: readonly CursorLoss[], reason: string): void {
    for (const { name, position, count, first } of losses) {
      this.parts.losses.add(name, count);
      if (first) this.parts.logger.warn({ name, position, count }, `events lost for ${name}: ${reason}`);
    }
  }
}
