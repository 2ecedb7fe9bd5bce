import { type Clock, randomId } from '@iec104mm2ss/runtime';
import type { LogPlace, LogRecord, WireError } from '@iec104mm2ss/wire';
import type { Broker, StreamOptions } from '../broker.js';
import type { EventLog, LogExtent, LogWriter, LogWriterEvents, Subscription } from '../bus.js';
import type { DropCounter } from '../drop-counter.js';
import { logStreamName } from '../stored-names.js';
import { GroupSubjects } from '../subjects.js';
import { LogFollower } from './log-follower.js';
import { BrokerLogWriter } from './log-writer.js';
import { StoredLog } from './stored-log.js';
import type { StoringBroker } from './watched-broker.js';

/**
 * Records that are kept, in parts of `capacity`: what is not confirmed, what masters that are away have not fetched, and once
 * more for those that are fetching it. There is room beyond, as trimming is lazy.
 */
const KEPT_CAPACITIES = 3;
const SLACK_RECORDS = 65_536;
/** The largest record: a socket read of 64 KiB and its preamble. */
const MAX_RECORD_OCTETS = 0x20000;
/** Trimming waits for this many positions, or this long. */
const TRIM_POSITIONS = 8_192;
const TRIM_MS = 30_000;
/**
 * The end of a log that is followed is looked at when no record has come for so long: a live record may be lost, and no other
 * come after it. While others come they show what is missing in front of them.
 */
const LOOK_MS = 5_000;
/** What was stored when the log was looked at has come live within this time, or it was lost. */
const LIVE_MS = 250;
/** Generation of a position where none was met yet. */
const ANY = Number.MAX_SAFE_INTEGER;
/** Ids of records only tell each which one it follows. */
const IDS_REMEMBERED_MS = 1_000;
/** How often at most it is reported what is wrong. */
const REPORT_MS = 10_000;

export interface EventLogWorld {
  readonly broker: Pick<Broker, 'connected' | 'subscribe'>;
  readonly stores: StoringBroker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly drops: DropCounter;
  readonly replicas: number;
  /** See BrokerBusOptions. */
  readonly trimMs?: number | undefined;
  trouble(message: string): void;
}

/**
 * The event log of a group as a stream: file storage, refuse-new. Only one writer's records fit, because each names the
 * sequence it follows; so a record appended again after a fault, or by a writer that was replaced, is refused and never
 * stored twice. The newest record is never trimmed: it knows where positions go on.
 */
export class BrokerEventLog implements EventLog {
  private readonly subject: string;
  private readonly stored: StoredLog;
  private readonly followers = new Map<LogFollower, Subscription>();
  private writer: BrokerLogWriter | undefined;
  private ownGeneration = 0;
  /** The newest generation met here. */
  private generationSeen = 0;
  private trimWanted: LogPlace = { generation: 0, position: 0 };
  private trimmed = 0;
  private trimming = false;
  private trimTimer: unknown;
  private lookTimer: unknown;
  private deliveredAt = -Infinity;
  private reportedAt = -Infinity;
  private stopped = false;

  constructor(
    private readonly world: EventLogWorld,
    private readonly group: string,
    capacity: number,
  ) {
    this.subject = new GroupSubjects(group).log;
    const stream = logStream(group, capacity, world.replicas);
    this.stored = new StoredLog(world.stores, world.clock, stream, (sequence, reason) =>
      this.onSkipped(sequence, reason),
    );
  }

  /** It is meant to hold so many ASDUs from now on. */
  resize(capacity: number): void {
    this.stored.resize(maxMessagesOf(capacity));
  }

  async extent(): Promise<LogExtent> {
    const end = await this.stored.end();
    const { record } = end;
    if (record === undefined) return { first: 0, next: 0, generation: 0 };
    this.saw(record.generation);
    const first = (await this.stored.first(end)) ?? record.end;
    return { first, next: record.end, generation: record.generation };
  }

  async openWriter(events: LogWriterEvents): Promise<LogWriter> {
    this.writer?.close();
    const { stores, clock, random } = this.world;
    const { state, record } = await this.stored.end();
    this.saw(record?.generation ?? 0);
    const wallMs = Math.max(1, Math.floor(clock.wallMs()));
    // A log that was lost is begun anew, maybe by a process whose clock is behind: larger than all that is remembered here.
    this.ownGeneration = Math.max(this.generationSeen + 1, this.ownGeneration + 1, wallMs);
    const end = {
      writer: randomId({ random }).toString(36),
      next: record?.end ?? 0,
      lastSequence: state.last,
      lastEpoch: record?.epoch ?? 0,
      generation: this.ownGeneration,
    };
    // Somebody may have opened another one while we asked.
    this.writer?.close();
    this.writer = new BrokerLogWriter(stores, clock, this.subject, end, events);
    return this.writer;
  }

  validUpTo(place: LogPlace): Promise<number> {
    return this.stored.validUpTo(place);
  }

  follow(from: LogPlace, handler: (record: LogRecord) => void): Subscription {
    const { broker, clock, drops } = this.world;
    const deliver = (record: LogRecord): void => {
      this.saw(record.generation);
      this.deliveredAt = clock.now();
      try {
        handler(record);
      } catch (error) {
        drops.add(this.subject, 'HANDLER', String(error));
      }
    };
    const follower = new LogFollower(
      {
        clock,
        log: this.stored,
        deliver,
        unreadable: ({ code, message }) => drops.add(this.subject, code, message),
        failed: (error) => this.report('cannot be read', error),
      },
      from,
    );
    const subscription = broker.subscribe(this.subject, ({ data }) => follower.onLive(data));
    this.followers.set(follower, subscription);
    follower.catchUp();
    if (this.lookTimer === undefined) this.lookLater();
    return { unsubscribe: () => this.unfollow(follower) };
  }

  async read(from: number, maxRecords: number): Promise<LogRecord[]> {
    const records = await this.stored.read(from, maxRecords);
    this.saw(records.at(-1)?.generation ?? 0);
    return records;
  }

  trim(position: number, generation = this.generationSeen === 0 ? ANY : this.generationSeen): void {
    const wanted = this.trimWanted;
    const isOlder = generation < wanted.generation && wanted.generation !== ANY;
    if (this.stopped || isOlder || (generation === wanted.generation && position <= wanted.position)) return;
    if (generation !== wanted.generation) this.trimmed = Math.min(this.trimmed, position);
    this.trimWanted = { generation, position };
    if (position - this.trimmed >= TRIM_POSITIONS) void this.trimNow();
    else
      this.trimTimer ??= this.world.clock.setTimer(() => void this.trimNow(), this.about(this.world.trimMs ?? TRIM_MS));
  }

  /** The connection came back: what was sent before may be lost, what was published meanwhile was missed. */
  reconnected(): void {
    this.stored.reconnected();
    this.writer?.fail('the connection was lost');
    for (const follower of this.followers.keys()) follower.catchUp();
  }

  stop(): void {
    const { clock } = this.world;
    this.stopped = true;
    clock.clearTimer(this.trimTimer);
    clock.clearTimer(this.lookTimer);
    this.writer?.close();
    for (const follower of [...this.followers.keys()]) this.unfollow(follower);
  }

  private unfollow(follower: LogFollower): void {
    follower.stop();
    this.followers.get(follower)?.unsubscribe();
    this.followers.delete(follower);
  }

  /** Whether there is more than the followers have: while events flow there always is, for a moment. */
  private async lookAtEnd(): Promise<void> {
    const { broker, clock } = this.world;
    const sinceMs = clock.now() - this.deliveredAt;
    if (sinceMs < LOOK_MS) return this.lookLater(LOOK_MS - sinceMs);
    let end: LogRecord | undefined;
    try {
      if (broker.connected && this.followers.size > 0) end = (await this.stored.end()).record;
    } catch (error) {
      this.report('cannot be read', error);
    }
    const isBehind = (follower: LogFollower): boolean => end !== undefined && follower.isBefore(end);
    const behind = [...this.followers.keys()].filter(isBehind);
    if (behind.length === 0) return this.lookLater();
    this.lookLater(LIVE_MS, () => {
      for (const follower of behind) if (isBehind(follower)) follower.catchUp();
      this.lookLater();
    });
  }

  private lookLater(delayMs = LOOK_MS, look = (): void => void this.lookAtEnd()): void {
    const isWanted = !this.stopped && this.followers.size > 0;
    this.lookTimer = isWanted ? this.world.clock.setTimer(look, delayMs) : undefined;
  }

  private async trimNow(): Promise<void> {
    this.world.clock.clearTimer(this.trimTimer);
    this.trimTimer = undefined;
    if (this.trimming || this.stopped) return;
    this.trimming = true;
    const wanted = this.trimWanted;
    try {
      await this.stored.trim(wanted);
      this.trimmed = wanted.position;
    } catch {
      // The next trim does it: nothing is lost by keeping more.
    }
    this.trimming = false;
  }

  /** A period that is not the same for all groups: what they do at the same moment waits for each other at the server. */
  private about(periodMs: number): number {
    return periodMs * (0.75 + this.world.random() / 2);
  }

  private saw(generation: number): void {
    if (generation > this.generationSeen) this.generationSeen = generation;
  }

  private onSkipped(sequence: number, reason: WireError | undefined): void {
    const why = reason?.message ?? 'the server does not have it any more';
    this.world.drops.add(this.subject, reason?.code ?? 'MISSING', `message ${sequence} of its stream: ${why}`);
    this.report(`message ${sequence} is skipped`, why);
  }

  private report(what: string, error: unknown): void {
    const now = this.world.clock.now();
    if (this.stopped || now - this.reportedAt < REPORT_MS) return;
    this.reportedAt = now;
    const why = error instanceof Error ? error.message : String(error);
    this.world.trouble(`the event log of group ${this.group}: ${what}: ${why}`);
  }
}

function maxMessagesOf(capacity: number): number {
  return KEPT_CAPACITIES * capacity + SLACK_RECORDS;
}

/** The stream of a group's log. */
export function logStream(group: string, capacity: number, replicas: number): StreamOptions {
  return {
    name: logStreamName(group),
    subject: new GroupSubjects(group).log,
    maxMessages: maxMessagesOf(capacity),
    maxMessageOctets: MAX_RECORD_OCTETS,
    discard: 'new',
    idsRememberedMs: IDS_REMEMBERED_MS,
    replicas,
    description: 'iec104mm2ss event log',
  };
}
