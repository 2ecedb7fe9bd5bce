import type { Clock } from '@iec104mm2ss/runtime';
import { decodeLogRecord, type LogPlace, type LogRecord, WireError } from '@iec104mm2ss/wire';
import type { StoredLog } from './stored-log.js';
import { STORE_TIMEOUT_MS } from './log-writer.js';

/** Pauses before the stored log is read again: for what should soon be stored, and after an error. */
const NOT_STORED_YET_MS = 20;
const UNREADABLE_MS = 200;
/** Records read at a time. */
const BATCH = 64;
/** Live records kept while the stored log is read. What does not fit is read from there. */
const MAX_HELD = 256;
const MAX_HELD_OCTETS = 1_048_576;
/** Generation of records that an earlier release wrote: they belong to the one before them. */
const NONE = 0;

export interface FollowerWorld {
  readonly clock: Clock;
  readonly log: Pick<StoredLog, 'readAfter'>;
  /** Gives a record to whoever follows. */
  deliver(record: LogRecord): void;
  /** A live record was not understood. */
  unreadable(error: WireError): void;
  /** The stored log cannot be read at this moment. */
  failed(error: unknown): void;
}

/**
 * Reads a log as it grows. Live records come from the subject itself, which is faster than asking the server, but says
 * nothing of what is stored: a server may fail before it stores them, and it refuses those of a writer that has been
 * replaced. So one is delivered only when it is of the generation that we read and nothing is missing in front of it. The
 * stored log decides on everything else: it is read from where what we have delivered still holds.
 */
export class LogFollower {
  private generation: number;
  private expected: number;
  /** Live records that came while the stored log was read. */
  private held: LogRecord[] = [];
  private heldOctets = 0;
  /** Counts records. */
  private delivered = 0;
  private reading = false;
  private again = false;
  private stopped = false;
  private pausing: unknown;

  constructor(
    private readonly world: FollowerWorld,
    from: LogPlace,
  ) {
    this.generation = from.generation;
    this.expected = from.position;
  }

  /** Where it is: everything before was delivered. */
  private get place(): LogPlace {
    return { generation: this.generation, position: this.expected };
  }

  /** Whether `record` of the stored log has not been delivered. */
  isBefore({ end, generation }: LogRecord): boolean {
    return end > this.expected || generation > this.generation;
  }

  stop(): void {
    this.stopped = true;
    this.release();
    if (this.pausing !== undefined) this.world.clock.clearTimer(this.pausing);
  }

  /** Reads the stored log from where we are to its end. To be called first when live records are subscribed to. */
  catchUp(): void {
    this.again = true;
    if (!this.reading && !this.stopped) void this.run();
  }

  onLive(octets: Uint8Array): void {
    if (this.stopped) return;
    const record = decodeLogRecord(octets);
    if (record instanceof WireError) {
      this.world.unreadable(record);
      this.catchUp();
    } else if (!this.reading && this.continues(record)) this.deliver(record);
    else if (!this.isKnown(record)) {
      this.hold(record);
      // While the log is read they come all the time, and go on from what was read.
      if (!this.reading) this.catchUp();
    }
  }

  private continues({ generation, first }: LogRecord): boolean {
    return generation === this.generation && first <= this.expected;
  }

  private isKnown({ generation, end }: LogRecord): boolean {
    return end <= this.expected && (generation === this.generation || generation === NONE);
  }

  private hold(record: LogRecord): void {
    this.held.push(record);
    this.heldOctets += record.octets.length;
    if (this.held.length <= MAX_HELD && this.heldOctets <= MAX_HELD_OCTETS) return;
    this.release();
    this.again = true;
  }

  private release(): void {
    this.held = [];
    this.heldOctets = 0;
  }

  private async run(): Promise<void> {
    const { clock } = this.world;
    this.reading = true;
    let progressAt = clock.now();
    while (this.again && !this.stopped) {
      this.again = false;
      try {
        const before = this.delivered;
        await this.readToEnd();
        this.deliverHeld();
        if (this.delivered > before) progressAt = clock.now();
        if (this.held.length === 0) continue;
        // What was never stored does not come; what the log gets instead comes by itself.
        if (clock.now() - progressAt > STORE_TIMEOUT_MS) this.release();
        else await this.pause(NOT_STORED_YET_MS);
      } catch (error) {
        this.world.failed(error);
        await this.pause(UNREADABLE_MS);
        progressAt = clock.now();
      }
    }
    this.reading = false;
  }

  /** Waits, then the log is read again. */
  private async pause(ms: number): Promise<void> {
    this.again = true;
    if (this.stopped) return;
    await new Promise<void>((resolve) => (this.pausing = this.world.clock.setTimer(resolve, ms)));
    this.pausing = undefined;
  }

  private async readToEnd(): Promise<void> {
    for (;;) {
      const records = await this.world.log.readAfter(this.place, BATCH);
      if (this.stopped) return;
      // Fewer than asked for: this was its end. What was stored meanwhile comes live, too.
      if (this.deliverStored(records) && records.length < BATCH) return;
    }
  }

  /** Delivers records as they are stored, from where what we have still holds. Returns whether it delivered all of them. */
  private deliverStored(records: readonly LogRecord[]): boolean {
    const generation = records[0]?.generation ?? NONE;
    for (const record of records) {
      // Where another generation begins is asked for once more: the log may have lost its end while it was read.
      if (record.generation > generation) return false;
      this.deliver(record);
    }
    return true;
  }

  private deliverHeld(): void {
    const held = this.held.sort((a, b) => a.generation - b.generation || a.first - b.first);
    this.release();
    for (const record of held) {
      if (this.continues(record)) this.deliver(record);
      // One of an earlier generation has been read, or it was refused.
      else if (!this.isKnown(record) && (record.generation >= this.generation || record.generation === NONE)) {
        this.hold(record);
      }
    }
  }

  private deliver(record: LogRecord): void {
    if (this.stopped || this.isKnown(record)) return;
    const generation = Math.max(this.generation, record.generation);
    this.generation = generation;
    this.expected = record.end;
    this.delivered++;
    this.world.deliver(record.generation === generation ? record : { ...record, generation });
  }
}
