import { EventBuffer } from './event-buffer.js';

/** What the queue has to know of a connection. */
export interface EventReader {
  /** Number of the next event to send here. */
  cursor: number;
  /** Every event before this number was acknowledged here. */
  acknowledgedEvents: number;
  readonly started: boolean;
  /** Sends what the window allows. */
  pump(): void;
}

/** Somebody who waits until there are few events left. */
interface Waiting {
  readonly limit: number;
  readonly resolve: () => void;
}

/**
 * The events of an RTU and how far each connection is: an event is kept until some master has acknowledged it and no started
 * one is still to get it.
 */
export class EventQueue<Reader extends EventReader> {
  readonly buffer: EventBuffer;
  /** The connections that are open now. */
  readonly open = new Set<Reader>();
  /** Every event before this number was acknowledged by some master. */
  private delivered = 0;
  private waiting: Waiting[] = [];

  constructor(
    capacity: number,
    /** False: what nobody is there for is not kept, nor repeated on the next connection. */
    private readonly keeps: boolean,
  ) {
    this.buffer = new EventBuffer(capacity);
  }

  /** Events no master has acknowledged yet. */
  get pending(): number {
    return this.buffer.next - Math.max(this.delivered, this.buffer.first);
  }

  get anyStarted(): boolean {
    for (const reader of this.open) if (reader.started) return true;
    return false;
  }

  /** Takes an event in. `lost`: one that nobody had acknowledged gave way to it. */
  push(asdu: Uint8Array): { readonly sequence: number; readonly lost: boolean } {
    const { sequence, dropped } = this.buffer.push(asdu);
    const { first } = this.buffer;
    if (dropped) for (const reader of this.open) reader.cursor = Math.max(reader.cursor, first);
    if (!this.keeps && !this.anyStarted) this.clear();
    return { sequence, lost: dropped && first - 1 >= this.delivered };
  }

  pumpAll(): void {
    for (const reader of this.open) reader.pump();
  }

  /** A reader began: it gets everything that no master has acknowledged. */
  begin(reader: Reader): void {
    reader.cursor = Math.max(this.delivered, this.buffer.first);
    reader.acknowledgedEvents = reader.cursor;
  }

  /** A reader is gone. */
  end(reader: Reader): void {
    this.open.delete(reader);
    this.delivered = Math.max(this.delivered, reader.acknowledgedEvents);
    if (!this.keeps && !this.anyStarted) this.clear();
    this.release();
  }

  /** Forgets the events that some master has acknowledged and that no started master is still to get. */
  release(): void {
    let sentToAll = this.buffer.next;
    for (const reader of this.open) {
      this.delivered = Math.max(this.delivered, reader.acknowledgedEvents);
      if (reader.started) sentToAll = Math.min(sentToAll, reader.cursor);
    }
    this.buffer.release(Math.min(this.delivered, sentToAll));
    this.wake();
  }

  /** Forgets all events that are waiting, sent or not. */
  clear(): void {
    this.buffer.release(this.buffer.next);
    this.delivered = this.buffer.next;
    for (const reader of this.open) reader.cursor = this.buffer.next;
    this.wake();
  }

  /** Resolves when `limit` events or fewer are pending, or when nobody is there any more who could take them. */
  below(limit: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ limit, resolve });
      this.wake();
    });
  }

  private wake(): void {
    if (this.waiting.length === 0) return;
    const { pending, anyStarted } = this;
    const due = this.waiting.filter(({ limit }) => pending <= limit || !anyStarted);
    if (due.length === 0) return;
    this.waiting = this.waiting.filter((each) => !due.includes(each));
    for (const { resolve } of due) resolve();
  }
}
