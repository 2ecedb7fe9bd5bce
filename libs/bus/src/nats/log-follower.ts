import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { recordEnd, recordEpoch, recordFirst } from '../messages/log-record.js';
import { STORE_TIMEOUT_MS } from './nats-log-writer.js';

/** Pauses before the stored log is read again: for what should soon be stored, and after an error. */
const NOT_STORED_YET_MS = 20;
const UNREADABLE_MS = 200;

/**
 * Reads a log as it grows. Live records come from the subject itself, which is faster than asking the server, but says
 * nothing of what is stored: a server may fail before it stores them, and it refuses those of a writer that has been
 * replaced. So they are delivered only where nothing is missing in front of them and no newer link was seen; the stored
 * log decides on everything else. A record is delivered once, in order.
 */
export class LogFollower {
  private readonly subscription: Subscription;
  /** Live records the stored log decides on. */
  private held: Uint8Array[] = [];
  /** Link epoch of the last record delivered. */
  private epoch = 0;
  private catchingUp = false;
  private again = false;
  private stopped = false;

  constructor(
    connection: Pick<NatsConnection, 'subscribe'>,
    subject: string,
    private expected: number,
    private readonly handler: (record: Uint8Array) => void,
    private readonly read: (from: number) => Promise<Uint8Array[]>,
  ) {
    this.subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) this.onLive(message.data);
      },
    });
    this.catchUp();
  }

  stop(): void {
    this.stopped = true;
    this.subscription.unsubscribe();
  }

  /** Reads the stored log from where we are to its end. */
  catchUp(): void {
    if (this.catchingUp) this.again = true;
    else void this.run();
  }

  private onLive(record: Uint8Array): void {
    if (this.stopped) return;
    if (!this.catchingUp && this.continues(record)) return this.deliver(record);
    this.held.push(record);
    if (!this.catchingUp) this.catchUp();
  }

  private continues(record: Uint8Array): boolean {
    return recordFirst(record) <= this.expected && recordEpoch(record) >= this.epoch;
  }

  private async run(): Promise<void> {
    this.catchingUp = true;
    let progressAt = performance.now();
    do {
      this.again = false;
      const before = this.expected;
      try {
        await this.readToEnd();
        this.deliverHeld();
        if (this.expected !== before) progressAt = performance.now();
        // They were never stored; whatever the log gets instead comes by itself.
        else if (performance.now() - progressAt > STORE_TIMEOUT_MS) this.held = [];
        if (this.held.length > 0) await this.pause(NOT_STORED_YET_MS);
      } catch {
        progressAt = performance.now();
        await this.pause(UNREADABLE_MS);
      }
    } while (this.again && !this.stopped);
    this.catchingUp = false;
  }

  private async pause(ms: number): Promise<void> {
    this.again = true;
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  private async readToEnd(): Promise<void> {
    for (;;) {
      const before = this.expected;
      for (const record of await this.read(before)) this.deliver(record);
      if (this.expected === before || this.stopped) return;
    }
  }

  private deliverHeld(): void {
    const held = this.held.sort((a, b) => recordFirst(a) - recordFirst(b));
    this.held = [];
    for (const record of held) {
      if (this.continues(record)) this.deliver(record);
      else if (recordEnd(record) > this.expected) this.held.push(record);
    }
  }

  private deliver(record: Uint8Array): void {
    const end = recordEnd(record);
    if (this.stopped || end <= this.expected) return;
    this.expected = end;
    this.epoch = recordEpoch(record);
    this.handler(record);
  }
}
