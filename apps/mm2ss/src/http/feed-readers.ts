import type { Socket } from 'node:net';

/** Injection token of FeedReaders. */
export const FEED_READERS = Symbol('FEED_READERS');

/** Readers of the decoded feed at a time; each costs a copy of every message. */
export const MAX_FEED_READERS = 100;

/** How many read `/feed`, so that they have a bound of their own. */
export class FeedReaders {
  private readers = 0;

  constructor(
    readonly max: number,
    /** Called with each connection that becomes a reader's. */
    readonly onReader: (socket: Socket) => void,
  ) {}

  get count(): number {
    return this.readers;
  }

  /** Takes a place until `leave`; false when there is none. */
  enter(socket: Socket): boolean {
    if (this.readers >= this.max) return false;
    this.readers++;
    this.onReader(socket);
    return true;
  }

  leave(): void {
    this.readers--;
  }
}
