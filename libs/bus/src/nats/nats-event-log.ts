import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import {
  BusError,
  type EventLog,
  type LogExtent,
  type LogWriter,
  type LogWriterEvents,
  type Subscription,
} from '../bus.js';
import { recordEnd, recordEpoch, recordFirst } from '../messages/log-record.js';
import { GroupSubjects } from '../subjects.js';
import { LogFollower } from './log-follower.js';
import { NatsLogWriter } from './nats-log-writer.js';

/** Room for records beyond what `capacity` asks for: trimming is lazy. */
const SLACK_RECORDS = 65_536;
/** The largest record: a socket read of 64 KiB and its preamble. */
const MAX_RECORD_OCTETS = 0x20000;
/** Trimming waits for this many positions, or this long. */
const TRIM_POSITIONS = 8_192;
const TRIM_MS = 5_000;
/** How often the end of a replicated log is looked for: servers that lose each other lose live records silently. */
const LOOK_MS = 5_000;
/** Readers that go on where they were need not search: as many as a group may have masters. */
const READS_REMEMBERED = 256;

interface Ends extends LogExtent {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Link epoch of the last record. */
  readonly lastEpoch: number;
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
  /** By position: sequence of the record that begins there, where reads have ended. */
  private readonly sequences = new Map<number, number>();
  /** The newest sequence seen. */
  private lastSeen = 0;
  private readonly followers = new Set<LogFollower>();
  private readonly looking = setInterval(() => {
    if (this.replicated) for (const follower of this.followers) follower.catchUp();
  }, LOOK_MS).unref();

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
    const { first, next, begunAt } = await this.ends();
    return { first, next, begunAt };
  }

  async openWriter(events: LogWriterEvents): Promise<LogWriter> {
    this.writer?.close();
    const { next, lastSequence, lastEpoch } = await this.ends();
    this.writer = new NatsLogWriter(this.connection, this.subject, next, lastSequence, lastEpoch, events);
    return this.writer;
  }

  follow(from: number, handler: (record: Uint8Array) => void): Subscription {
    const follower = new LogFollower(this.connection, this.subject, from, handler, (position) =>
      this.read(position, 64),
    );
    this.followers.add(follower);
    return {
      unsubscribe: () => {
        this.followers.delete(follower);
        follower.stop();
      },
    };
  }

  read(from: number, maxRecords: number): Promise<Uint8Array[]> {
    return twice(() => this.readOnce(from, maxRecords));
  }

  private async readOnce(from: number, maxRecords: number): Promise<Uint8Array[]> {
    const manager = await this.manager();
    const known = this.sequences.get(from);
    if (known !== undefined && known <= this.lastSeen) {
      const last = Math.min(this.lastSeen, known + maxRecords - 1);
      const records = await this.records(manager, known, last).catch(() => []);
      const [first] = records;
      if (first !== undefined && recordFirst(first) <= from && recordEnd(first) > from) return records;
    }
    const { firstSequence, lastSequence } = await this.endsOnce();
    if (lastSequence === 0 || lastSequence < firstSequence) return [];
    const start = await this.sequenceOf(manager, from, firstSequence, lastSequence);
    return this.records(manager, start, Math.min(lastSequence, start + maxRecords - 1));
  }

  /** The records of the sequences `start` to `last`; remembers where the next read goes on. */
  private async records(manager: JetStreamManager, start: number, last: number): Promise<Uint8Array[]> {
    const sequences = Array.from({ length: Math.max(0, last - start + 1) }, (_, index) => start + index);
    const records = await Promise.all(sequences.map((sequence) => this.record(manager, sequence)));
    const final = records.at(-1);
    if (final !== undefined) {
      this.sequences.set(recordEnd(final), last + 1);
      const [oldest] = this.sequences.keys();
      if (this.sequences.size > READS_REMEMBERED) this.sequences.delete(oldest as number);
    }
    return records;
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
    clearInterval(this.looking);
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
      if (recordEnd(record) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** @throws {RecordMissing} when it was trimmed meanwhile, or the server that answers does not have it yet */
  private async record(manager: JetStreamManager, sequence: number): Promise<Uint8Array> {
    const query = { seq: sequence };
    // Any replica answers a direct get, and one that lags does not have the newest records: the leader should.
    const message =
      (await manager.direct.getMessage(this.stream, query)) ??
      (this.replicated ? await manager.streams.getMessage(this.stream, query) : null);
    if (message === null) throw new RecordMissing(this.stream, sequence);
    return message.data;
  }

  private ends(): Promise<Ends> {
    return twice(() => this.endsOnce());
  }

  private async endsOnce(): Promise<Ends> {
    this.ensured ??= this.ensure().catch((error: unknown) => {
      this.ensured = undefined;
      throw new BusError('UNAVAILABLE', `stream ${this.stream}: ${String(error)}`, { cause: error });
    });
    await this.ensured;
    const manager = await this.manager();
    const { state, created } = await manager.streams.info(this.stream);
    const begunAt = Date.parse(created);
    this.lastSeen = state.last_seq;
    if (state.messages === 0) {
      return { first: 0, next: 0, begunAt, firstSequence: 1, lastSequence: state.last_seq, lastEpoch: 0 };
    }
    const [first, last] = await Promise.all([
      this.record(manager, state.first_seq),
      this.record(manager, state.last_seq),
    ]);
    return {
      first: recordFirst(first),
      next: recordEnd(last),
      begunAt,
      firstSequence: state.first_seq,
      lastSequence: state.last_seq,
      lastEpoch: recordEpoch(last),
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

class RecordMissing extends BusError {
  constructor(stream: string, sequence: number) {
    super('UNAVAILABLE', `stream ${stream}: record ${sequence} is not there`);
  }
}

/** Reads once more when a record was not there: a trim has crossed the first time. */
async function twice<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RecordMissing) return read();
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return (error as { code?: number }).code === 404 || (error as { status?: number }).status === 404;
}
