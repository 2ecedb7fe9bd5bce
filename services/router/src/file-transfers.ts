import { ObjectOwners } from './command-object-owners.js';
import type { Participant } from './command-context.js';

/** A file transfer without any ASDU for this long is over. */
export const FILE_TIMEOUT_MS = 60_000;
/** Files that may be under way at a time. */
export const MAX_FILES_PER_SESSION = 16;
export const MAX_FILES = 1_024;

/**
 * Which session transfers which file (CA and IOA): the one that began, until nothing was heard of it for a minute or it
 * disconnects. Times are monotonic.
 */
export class FileTransfers {
  private readonly owners = new ObjectOwners({
    holdMs: FILE_TIMEOUT_MS,
    perSession: MAX_FILES_PER_SESSION,
    total: MAX_FILES,
  });

  get size(): number {
    return this.owners.size;
  }

  /** A file ASDU of a master. Why it must not pass; undefined when it may. */
  fromMaster(ca: number, ioa: number, session: number, ownOa: number, now: number): string | undefined {
    const owned = this.owners.owner(ca, ioa, now);
    if (owned !== undefined && owned.session !== session) return 'file in use by another master';
    return this.owners.take(ca, ioa, session, now, ownOa) ? undefined : 'too many files at a time';
  }

  /**
   * Who a file ASDU of the RTU is for: who transfers this file, else, for the directory, whose files have addresses of
   * their own, the only session that transfers anything from this station.
   */
  fromRtu(ca: number, ioa: number, isDirectory: boolean, now: number): Participant | undefined {
    const owned = this.owners.owner(ca, ioa, now) ?? (isDirectory ? this.owners.onlyOneAt(ca, now) : undefined);
    if (owned !== undefined) this.owners.touch(owned, now);
    return owned;
  }

  /** The session has nothing more to do with the file. */
  end(ca: number, ioa: number, session: number): void {
    this.owners.release(ca, ioa, session);
  }

  expire(now: number): void {
    this.owners.expire(now);
  }

  forget(session: number): void {
    this.owners.forget(session);
  }

  clear(): void {
    this.owners.clear();
  }
}
