import { ObjectOwners } from './command-object-owners.js';

/** How long a select protects its object when nothing ends it. RTUs use 10 to 60 s. */
export const SELECT_TIMEOUT_MS = 30_000;
/** Objects that may be selected at a time. */
export const MAX_SELECTIONS_PER_SESSION = 200;
export const MAX_SELECTIONS = 10_000;

/** Who has what a master has selected and may not execute any more: the RTU does not know. */
export const NOBODY = 0;

/** One select: whose it is, and until when it protects its object. */
export interface Selection {
  readonly session: number;
  readonly until: number;
}

/**
 * Who has selected which object (CA and IOA). A select belongs to the session that made it until execute, deselect or
 * time-out, also when that session is over: the RTU does not know. Times are monotonic.
 */
export class Selections {
  private readonly owners = new ObjectOwners({
    holdMs: SELECT_TIMEOUT_MS,
    perSession: MAX_SELECTIONS_PER_SESSION,
    total: MAX_SELECTIONS,
  });

  get size(): number {
    return this.owners.size;
  }

  /** Session that holds the object, undefined when nobody does. */
  holder(ca: number, ioa: number, now: number): number | undefined {
    return this.owners.owner(ca, ioa, now)?.session;
  }

  /** The select that protects the object, to be told from others made before or after it; undefined when none does. */
  current(ca: number, ioa: number, now: number): Selection | undefined {
    return this.owners.owner(ca, ioa, now);
  }

  /** The object belongs to this earlier select again, for what is left of its time. */
  restore(ca: number, ioa: number, { session, until }: Selection): void {
    this.owners.take(ca, ioa, session, until - SELECT_TIMEOUT_MS);
  }

  /** True when `session` may select one more object. */
  hasRoom(session: number, now: number): boolean {
    return this.owners.hasRoom(session, now);
  }

  hold(ca: number, ioa: number, session: number, now: number): boolean {
    return this.owners.take(ca, ioa, session, now);
  }

  release(ca: number, ioa: number, session: number): void {
    this.owners.release(ca, ioa, session);
  }

  /** Takes the objects from those who may not have them any more; they stay protected for as long as they would have been. */
  cancel(mayKeep: (session: number, ca: number, ioa: number) => boolean): void {
    this.owners.give(NOBODY, (session, ca, ioa) => session !== NOBODY && !mayKeep(session, ca, ioa));
  }

  expire(now: number): void {
    this.owners.expire(now);
  }

  clear(): void {
    this.owners.clear();
  }
}
