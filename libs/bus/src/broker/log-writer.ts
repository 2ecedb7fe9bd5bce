import type { Clock } from '@iec104mm2ss/runtime';
import { encodeLogRecord } from '@iec104mm2ss/wire';
import type { Broker, PublishConfirmation, StreamPublisher } from '../broker.js';
import { type ApduRun, BusError, type LogWriter, type LogWriterEvents } from '../bus.js';

/** A record is confirmed by the server within this time, or it counts as refused. */
export const STORE_TIMEOUT_MS = 3_000;
/** Late confirmations are looked for this often at most. */
const LOOK_MS = 500;

interface Pending {
  readonly sequence: number;
  readonly first: number;
  readonly end: number;
  readonly at: number;
}

/** Where a writer goes on. */
export interface LogEnd {
  /** Names the writer among all that ever were. */
  readonly writer: string;
  readonly next: number;
  readonly lastSequence: number;
  readonly lastEpoch: number;
  readonly generation: number;
}

/**
 * Appends records, each of which names the sequence it follows: so the stream refuses those of a writer that was replaced,
 * and stores none twice. While the record before is not known to be stored its id is named, too: if that one was refused, the
 * sequence fits all the same as soon as the new writer has stored as many messages as were refused. As many records may be
 * under way as the RTU's window allows, and there are no promises for them.
 */
export class BrokerLogWriter implements LogWriter {
  next: number;
  readonly generation: number;
  readonly lastEpoch: number;
  private readonly writer: string;
  private sequence: number;
  /** Id of the record appended last. */
  private lastId = '';
  private readonly publisher: StreamPublisher;
  /** Records that are not confirmed yet: `pending[done..]`. */
  private pending: Pending[] = [];
  private done = 0;
  private timer: unknown;
  private closed = false;

  constructor(
    broker: Pick<Broker, 'openPublisher'>,
    private readonly clock: Clock,
    private readonly subject: string,
    end: LogEnd,
    private readonly events: LogWriterEvents,
  ) {
    this.next = end.next;
    this.generation = end.generation;
    this.lastEpoch = end.lastEpoch;
    this.writer = end.writer;
    this.sequence = end.lastSequence;
    this.publisher = broker.openPublisher((confirmation) => this.onConfirmed(confirmation));
  }

  append({ epoch, count, receivedAt, octets, start, end }: ApduRun): void {
    const first = this.next;
    if (this.closed) return this.events.onRefused(first, new BusError('CLOSED', 'this writer was closed'));
    const { generation } = this;
    const record = encodeLogRecord({ epoch, generation, first, count, receivedAt }, octets, start, end);
    const messageId = `${this.writer}.${first}`;
    // A server that was restarted has forgotten ids: what is confirmed needs none.
    const follows = this.done < this.pending.length ? { expectedLastId: this.lastId } : {};
    const expectedLastSequence = this.sequence;
    this.lastId = messageId;
    this.sequence++;
    this.next = first + count;
    this.pending.push({ sequence: this.sequence, first, end: this.next, at: this.clock.now() });
    if (this.timer === undefined) this.timer = this.clock.setTimer(() => this.onTimer(), STORE_TIMEOUT_MS);
    this.publisher.publish(this.subject, record, { expectedLastSequence, ...follows, messageId });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
    this.pending = [];
    this.publisher.close();
  }

  /** What was not confirmed counts as refused; the writer ends. */
  fail(reason: string): void {
    if (this.closed) return;
    const first = this.pending[this.done]?.first ?? this.next;
    this.close();
    this.events.onRefused(first, new BusError('REFUSED', `event log: ${reason}`));
  }

  private onTimer(): void {
    this.timer = undefined;
    const oldest = this.pending[this.done];
    if (oldest === undefined) return;
    const dueIn = oldest.at + STORE_TIMEOUT_MS - this.clock.now();
    if (dueIn <= 0) return this.fail('no confirmation in time');
    this.timer = this.clock.setTimer(() => this.onTimer(), Math.max(dueIn, LOOK_MS));
  }

  private onConfirmed(confirmation: PublishConfirmation): void {
    if (this.closed) return;
    if (confirmation.sequence === undefined) return this.fail(confirmation.reason);
    const oldest = this.pending[this.done];
    // The server confirms in order; anything else means that something in between was not stored.
    if (oldest === undefined || oldest.sequence !== confirmation.sequence || confirmation.duplicate) {
      return this.fail('confirmations out of order');
    }
    this.done++;
    if (this.done === this.pending.length || this.done >= 1_024) {
      this.pending = this.pending.slice(this.done);
      this.done = 0;
    }
    this.events.onStored(oldest.end);
  }
}
