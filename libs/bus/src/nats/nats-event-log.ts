import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import {
  createInbox,
  headers,
  type NatsConnection,
  type Subscription as NatsSubscription,
} from '@nats-io/transport-node';
import {
  BusError,
  type EventLog,
  type LogExtent,
  type LogWriter,
  type LogWriterEvents,
  type Subscription,
} from '../bus.js';
import { asBuffer, recordEnd, recordEpoch, recordFirst } from '../messages/log-record.js';
import { GroupSubjects } from '../subjects.js';

/** A stored record is confirmed by the server within this time, or it counts as refused. */
const STORE_TIMEOUT_MS = 3_000;
/** Room for records beyond what `capacity` asks for: trimming is lazy. */
const SLACK_RECORDS = 65_536;
/** The largest record: a socket read of 64 KiB and its preamble. */
const MAX_RECORD_OCTETS = 0x20000;
/** Trimming waits for this many positions, or this long. */
const TRIM_POSITIONS = 8_192;
const TRIM_MS = 5_000;
/** "Wrong last sequence", "maximum messages exceeded" and the like carry an error object instead of a sequence. */
interface PubAck {
  readonly seq?: number;
  readonly error?: { readonly description: string };
}

/**
 * The event log of a group as a JetStream stream: file storage, refuse-new. Only one writer's records fit, because each
 * names the sequence it follows; so a record appended again after a fault, or by a writer that was replaced, is refused
 * and never stored twice. The stream's last record is never trimmed: it knows where positions go on.
 */
export class NatsEventLog implements EventLog {
  private readonly stream: string;
  private readonly subject: string;
  private ensured: Promise<void> | undefined;
  private writer: NatsLogWriter | undefined;
  private replicated = false;
  private trimWanted = 0;
  private trimmed = 0;
  private trimming = false;
  private trimTimer: NodeJS.Timeout | undefined;
  private readonly followers = new Set<Follower>();

  constructor(
    private readonly connection: NatsConnection,
    private readonly manager: () => Promise<JetStreamManager>,
    group: string,
    private readonly capacity: number,
    private readonly replicas: number,
  ) {
    this.stream = `IEC104_LOG_${group}`;
    this.subject = new GroupSubjects(group).log;
  }

  async extent(): Promise<LogExtent> {
    const { first, next } = await this.ends();
    return { first, next };
  }

  async openWriter(events: LogWriterEvents): Promise<LogWriter> {
    this.writer?.close();
    const { next, lastSequence, lastEpoch } = await this.ends();
    this.writer = new NatsLogWriter(this.connection, this.subject, next, lastSequence, lastEpoch, events);
    return this.writer;
  }

  follow(from: number, handler: (record: Uint8Array) => void): Subscription {
    const follower = new Follower(this.connection, this.subject, from, handler, (position) => this.read(position, 64));
    this.followers.add(follower);
    return {
      unsubscribe: () => {
        this.followers.delete(follower);
        follower.stop();
      },
    };
  }

  async read(from: number, maxRecords: number): Promise<Uint8Array[]> {
    const manager = await this.manager();
    const { firstSequence, lastSequence } = await this.ends();
    if (lastSequence === 0 || lastSequence < firstSequence) return [];
    const start = await this.sequenceOf(manager, from, firstSequence, lastSequence);
    const last = Math.min(lastSequence, start + maxRecords - 1);
    const sequences = Array.from({ length: Math.max(0, last - start + 1) }, (_, index) => start + index);
    const records = await Promise.all(sequences.map((sequence) => this.record(manager, sequence)));
    return records.filter((record) => record !== undefined);
  }

  trim(position: number): void {
    if (position <= this.trimWanted) return;
    this.trimWanted = position;
    if (position - this.trimmed >= TRIM_POSITIONS) void this.trimNow();
    else this.trimTimer ??= setTimeout(() => void this.trimNow(), TRIM_MS).unref();
  }

  /** The connection came back: what was sent before may be lost, what was published meanwhile was missed. */
  reconnected(): void {
    this.ensured = undefined;
    this.writer?.fail('the connection was lost');
    for (const follower of this.followers) follower.catchUp();
  }

  stop(): void {
    clearTimeout(this.trimTimer);
    this.writer?.close();
    for (const follower of this.followers) follower.stop();
  }

  private async trimNow(): Promise<void> {
    clearTimeout(this.trimTimer);
    this.trimTimer = undefined;
    if (this.trimming) return;
    this.trimming = true;
    try {
      const position = this.trimWanted;
      const manager = await this.manager();
      const { firstSequence, lastSequence } = await this.ends();
      if (lastSequence > firstSequence) {
        const sequence = Math.min(await this.sequenceOf(manager, position, firstSequence, lastSequence), lastSequence);
        if (sequence > firstSequence) await manager.streams.purge(this.stream, { seq: sequence });
      }
      this.trimmed = position;
    } catch {
      // The next trim does it: nothing is lost by keeping more.
    } finally {
      this.trimming = false;
    }
  }

  /** Sequence of the first record that reaches beyond `position`; `lastSequence` + 1 when none does. */
  private async sequenceOf(manager: JetStreamManager, position: number, first: number, last: number): Promise<number> {
    let low = first;
    let high = last + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const record = await this.record(manager, middle);
      // A record trimmed while we look lies before what we look for.
      if (record !== undefined && recordEnd(record) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private async record(manager: JetStreamManager, sequence: number): Promise<Uint8Array | undefined> {
    const query = { seq: sequence };
    const message = await manager.direct.getMessage(this.stream, query);
    // Any replica answers that, and one that lags does not have the newest records: the leader knows what there is.
    return (message ?? (this.replicated ? await manager.streams.getMessage(this.stream, query) : null))?.data;
  }

  private async ends(): Promise<LogExtent & { firstSequence: number; lastSequence: number; lastEpoch: number }> {
    this.ensured ??= this.ensure().catch((error: unknown) => {
      this.ensured = undefined;
      throw new BusError('UNAVAILABLE', `stream ${this.stream}: ${String(error)}`, { cause: error });
    });
    await this.ensured;
    const manager = await this.manager();
    const { state } = await manager.streams.info(this.stream);
    if (state.messages === 0) {
      return { first: 0, next: 0, firstSequence: 1, lastSequence: state.last_seq, lastEpoch: 0 };
    }
    const [first, last] = await Promise.all([
      this.record(manager, state.first_seq),
      this.record(manager, state.last_seq),
    ]);
    return {
      first: first === undefined ? 0 : recordFirst(first),
      next: last === undefined ? 0 : recordEnd(last),
      firstSequence: state.first_seq,
      lastSequence: state.last_seq,
      lastEpoch: last === undefined ? 0 : recordEpoch(last),
    };
  }

  /** Creates the stream, or brings the limits of an existing one to what is configured. */
  private async ensure(): Promise<void> {
    const manager = await this.manager();
    const limits: Partial<StreamConfig> = {
      subjects: [this.subject],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      max_msgs: 2 * this.capacity + SLACK_RECORDS,
      max_msg_size: MAX_RECORD_OCTETS,
      num_replicas: this.replicas,
      allow_direct: true,
      description: 'iec104mm2ss event log',
    };
    try {
      const { config } = await manager.streams.info(this.stream);
      const replicas = Math.max(config.num_replicas, this.replicas);
      await manager.streams.update(this.stream, { ...limits, num_replicas: replicas });
      this.replicated = replicas > 1;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await manager.streams.add({ name: this.stream, storage: StorageType.File, ...limits });
      this.replicated = this.replicas > 1;
    }
  }
}

function isNotFound(error: unknown): boolean {
  return (error as { code?: number }).code === 404 || (error as { status?: number }).status === 404;
}

/** Appends with a window as large as the RTU's: confirmations come back on an inbox of our own, not as promises. */
class NatsLogWriter implements LogWriter {
  private readonly inbox = createInbox();
  private readonly subscription: NatsSubscription;
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

/**
 * Reads a log as it grows: live records from the subject itself, the stored log for what came before and for gaps.
 * Positions may have holes; a record is delivered once, in order.
 */
class Follower {
  private readonly subscription: NatsSubscription;
  private readonly buffered: Uint8Array[] = [];
  private catchingUp = false;
  private again = false;
  private stopped = false;

  constructor(
    connection: NatsConnection,
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
    if (this.catchingUp) this.buffered.push(record);
    else if (recordFirst(record) > this.expected) {
      this.buffered.push(record);
      this.catchUp();
    } else this.deliver(record);
  }

  private async run(): Promise<void> {
    this.catchingUp = true;
    do {
      this.again = false;
      try {
        for (
          let records = await this.read(this.expected);
          records.length > 0;
          records = await this.read(this.expected)
        ) {
          if (this.stopped) return;
          const before = this.expected;
          for (const record of records) this.deliver(record);
          if (this.expected === before) break;
        }
      } catch {
        // The server is away; its return calls catchUp again.
        await new Promise((resolve) => setTimeout(resolve, 200));
        this.again = !this.stopped;
      }
    } while (this.again && !this.stopped);
    this.catchingUp = false;
    for (const record of this.buffered.splice(0)) this.deliver(record);
  }

  private deliver(record: Uint8Array): void {
    if (this.stopped || recordEnd(record) <= this.expected) return;
    this.expected = recordEnd(record);
    this.handler(record);
  }
}
