import { createInbox, headers, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { BusError, type LogWriter, type LogWriterEvents } from '../bus.js';
import { asBuffer, recordEnd, recordFirst } from '../messages/log-record.js';

/** A stored record is confirmed by the server within this time, or it counts as refused. */
export const STORE_TIMEOUT_MS = 3_000;

/** "Wrong last sequence", "maximum messages exceeded" and the like carry an error object instead of a sequence. */
interface PubAck {
  readonly seq?: number;
  readonly error?: { readonly description: string };
}

/** Appends with a window as large as the RTU's: confirmations come back on an inbox of our own, not as promises. */
export class NatsLogWriter implements LogWriter {
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private pending: { readonly sequence: number; readonly first: number; readonly end: number; readonly at: number }[] =
    [];
  private readonly timer: NodeJS.Timeout;
  private closed = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly subject: string,
    public next: number,
    private sequence: number,
    readonly lastEpoch: number,
    private readonly events: LogWriterEvents,
  ) {
    this.subscription = connection.subscribe(this.inbox, {
      callback: (error, message) => {
        if (error !== null) this.fail(error.message);
        else this.onAck(message.data, message.headers?.code);
      },
    });
    this.timer = setInterval(() => {
      const oldest = this.pending[0];
      if (oldest !== undefined && performance.now() - oldest.at > STORE_TIMEOUT_MS)
        this.fail('no confirmation in time');
    }, 500);
  }

  append(record: Uint8Array): void {
    if (this.closed) return;
    const header = headers();
    header.set('Nats-Expected-Last-Sequence', String(this.sequence));
    this.sequence++;
    this.next = recordEnd(record);
    const { sequence, next } = this;
    this.pending.push({ sequence, first: recordFirst(record), end: next, at: performance.now() });
    this.connection.publish(this.subject, record, { headers: header, reply: this.inbox });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
    this.subscription.unsubscribe();
  }

  /** What was not confirmed counts as refused; the writer ends. */
  fail(reason: string): void {
    if (this.closed) return;
    this.close();
    this.events.onRefused(this.pending[0]?.first ?? this.next, new BusError('REFUSED', `event log: ${reason}`));
  }

  private onAck(data: Uint8Array, status: number | undefined): void {
    if (this.closed) return;
    if (status === 503) return this.fail('no JetStream answers');
    let ack: PubAck;
    try {
      ack = JSON.parse(asBuffer(data).toString('utf8')) as PubAck;
    } catch {
      return this.fail('the server answered nonsense');
    }
    if (ack.error !== undefined) return this.fail(ack.error.description);
    // The server confirms in order; anything else means that something in between was not stored.
    const oldest = this.pending.shift();
    if (oldest === undefined || oldest.sequence !== ack.seq) return this.fail('confirmations out of order');
    this.events.onStored(oldest.end);
  }
}
