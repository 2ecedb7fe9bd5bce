import type { Clock } from '@iec104mm2ss/runtime';
import { decodeLogRecord, type LogPlace, type LogRecord, WireError } from '@iec104mm2ss/wire';
import type { Broker, StreamOptions, StreamState } from '../broker.js';
import { BusError } from '../bus.js';

/** Records asked for at a time. */
const BATCH = 64;
/** Readers that go on where they were need not search: as many as a group may have masters. */
const READS_REMEMBERED = 256;
/** Messages that hold no record and were reported. */
const SKIPPED_REMEMBERED = 1_024;

/** The newest end of a log, as it is stored. */
export interface LogEnd {
  readonly state: StreamState;
  /** The newest record; undefined when there is none. */
  readonly record: LogRecord | undefined;
}

interface Found {
  readonly sequence: number;
  readonly record: LogRecord;
}

/** Called once for each message that holds no record, or that the server does not have though it has later ones. */
export type SkipListener = (sequence: number, reason: WireError | undefined) => void;

/**
 * The records of a group's log as its stream holds them: positions and generations never decrease along it. A message that
 * does not decode is skipped wherever it is met, so it is a gap between the positions around it.
 */
export class StoredLog {
  private ensured: Promise<unknown> | undefined;
  /** What those are waiting for who have asked for the state in this turn. */
  private asking: Promise<StreamState> | undefined;
  /** By position: sequence of the record that begins there, where reads have ended. */
  private readonly sequences = new Map<number, number>();
  private readonly skipped = new Set<number>();
  /** The newest sequence seen. */
  private lastSeen = 0;

  constructor(
    private readonly broker: Pick<Broker, 'ensureStream' | 'streamState' | 'streamMessage' | 'purge'>,
    private readonly clock: Pick<Clock, 'endOfTurn'>,
    private stream: StreamOptions,
    private readonly onSkipped: SkipListener,
  ) {}

  /** The server may be another one, or have lost its store. */
  reconnected(): void {
    this.ensured = undefined;
    this.sequences.clear();
    this.skipped.clear();
  }

  /** The stream has room for so many messages from now on. */
  resize(maxMessages: number): void {
    if (maxMessages === this.stream.maxMessages) return;
    this.stream = { ...this.stream, maxMessages };
    this.ensured = undefined;
  }

  async end(): Promise<LogEnd> {
    const state = await this.state();
    return { state, record: state.messages === 0 ? undefined : await this.newest(state) };
  }

  /** Position of the oldest record; undefined when there is none. */
  async first({ state }: LogEnd): Promise<number | undefined> {
    return (await this.readable(state.first, state.last))?.record.first;
  }

  /** Up to which position what was known at `place` still holds. */
  async validUpTo(place: LogPlace): Promise<number> {
    return this.validAt(place, await this.end());
  }

  private async validAt({ generation, position }: LogPlace, { state, record }: LogEnd): Promise<number> {
    const valid = Math.min(position, record?.end ?? 0);
    if (record === undefined || record.generation <= generation) return valid;
    const later = await this.findNear(state, (each) => each.generation > generation);
    return Math.min(valid, later?.record.first ?? valid);
  }

  /**
   * As `read`, from where what was known at `place` still holds. The newest record comes with the question for that: where it is
   * all there is, or there is nothing, nothing else is asked. Followers do that when a generation begins, all in the same moment.
   */
  async readAfter(place: LogPlace, maxRecords: number): Promise<LogRecord[]> {
    const end = await this.end();
    const { record: newest } = end;
    const from = await this.validAt(place, end);
    if (newest === undefined || newest.end <= from) return [];
    return newest.first <= from ? [newest] : this.read(from, maxRecords);
  }

  /** Up to `maxRecords` records in order, beginning with the one that holds `from` (or the oldest kept after it). */
  async read(from: number, maxRecords: number): Promise<LogRecord[]> {
    const known = this.sequences.get(from);
    if (known !== undefined && known <= this.lastSeen) {
      // It may have been trimmed meanwhile, or belong to a log that is no more.
      const records = await this.records(known, maxRecords).catch(() => []);
      const [first] = records;
      if (first !== undefined && first.first <= from && first.end > from) return records;
    }
    const start = await this.find(await this.state(), (record) => record.end > from);
    return start === undefined ? [] : this.records(start.sequence, maxRecords);
  }

  /** Removes records that lie wholly before `place`, but not the newest one: it knows where positions go on. */
  async trim(place: LogPlace): Promise<void> {
    const end = await this.end();
    const { state, record: newest } = end;
    if (newest === undefined) return;
    // Records of a later generation at these positions were not meant, and stay.
    const position = await this.validAt(place, end);
    const kept = await this.find(state, (record) => record.end > position || record.end === newest.end);
    if (kept !== undefined && kept.sequence > state.first) await this.broker.purge(this.stream.name, kept.sequence);
  }

  private async state(): Promise<StreamState> {
    this.ensured ??= this.broker.ensureStream(this.stream);
    try {
      await this.ensured;
      const state = await this.ask();
      this.lastSeen = state.last;
      return state;
    } catch (error) {
      // Somebody may have removed the stream: the next one makes sure of it again.
      this.ensured = undefined;
      throw error;
    }
  }

  /** One question for all who ask in the same turn: none of them can have heard anything that the answer does not know. */
  private ask(): Promise<StreamState> {
    if (this.asking !== undefined) return this.asking;
    const asking = this.broker.streamState(this.stream.name);
    const over = (): void => {
      if (this.asking === asking) this.asking = undefined;
    };
    this.asking = asking;
    asking.then(over, over);
    this.clock.endOfTurn(over);
    return asking;
  }

  private async newest(state: StreamState): Promise<LogRecord | undefined> {
    for (let last = state.last; last >= state.first;) {
      // Nearly always the last one is a record.
      const start = last === state.last ? last : Math.max(state.first, last - BATCH + 1);
      const record = (await this.batch(start, last)).at(-1);
      if (record !== undefined) return record;
      last = start - 1;
    }
    return undefined;
  }

  /** The records from message `start` on; remembers where the next read goes on. */
  private async records(start: number, maxRecords: number): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    let at = start;
    while (records.length < maxRecords && at <= this.lastSeen) {
      const last = Math.min(this.lastSeen, at + Math.min(BATCH, maxRecords - records.length) - 1);
      records.push(...(await this.batch(at, last)));
      at = last + 1;
    }
    const final = records.at(-1);
    if (final !== undefined) {
      this.sequences.delete(final.end);
      this.sequences.set(final.end, at);
      const [oldest] = this.sequences.keys();
      if (this.sequences.size > READS_REMEMBERED) this.sequences.delete(oldest as number);
    }
    return records;
  }

  /** The records among the messages `start` to `last`. */
  private async batch(start: number, last: number): Promise<LogRecord[]> {
    const sequences = Array.from({ length: last - start + 1 }, (_, index) => start + index);
    const messages = await Promise.all(sequences.map((each) => this.broker.streamMessage(this.stream.name, each)));
    if (messages.includes(undefined)) await this.explainMissing(start, messages);
    return messages
      .map((octets, index) => (octets === undefined ? undefined : this.decode(start + index, octets)))
      .filter((record) => record !== undefined);
  }

  /**
   * Some messages were not there: fine if they were trimmed meanwhile. If the server has later ones they are lost.
   *
   * @throws when the stream has become shorter
   */
  private async explainMissing(start: number, messages: readonly (Uint8Array | undefined)[]): Promise<void> {
    const { first, last } = await this.state();
    messages.forEach((octets, index) => {
      const sequence = start + index;
      if (octets !== undefined || sequence < first) return;
      if (sequence > last) throw new BusError('UNAVAILABLE', `${this.stream.name} has lost its end, at ${sequence}`);
      this.skip(sequence, undefined);
    });
  }

  private decode(sequence: number, octets: Uint8Array): LogRecord | undefined {
    const record = decodeLogRecord(octets);
    if (!(record instanceof WireError)) return record;
    this.skip(sequence, record);
    return undefined;
  }

  private skip(sequence: number, reason: WireError | undefined): void {
    if (this.skipped.has(sequence)) return;
    this.skipped.add(sequence);
    const [oldest] = this.skipped;
    if (this.skipped.size > SKIPPED_REMEMBERED) this.skipped.delete(oldest as number);
    this.onSkipped(sequence, reason);
  }

  /** The first record for which `matches` is true, which it must be for all after it too. */
  private async find(state: StreamState, matches: (record: LogRecord) => boolean): Promise<Found | undefined> {
    if (state.messages === 0) return undefined;
    let low = state.first;
    let high = state.last + 1;
    let found: Found | undefined;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const probe = await this.readable(middle, high - 1);
      if (probe === undefined) high = middle;
      else if (matches(probe.record)) {
        found = probe;
        high = middle;
      } else low = probe.sequence + 1;
    }
    return found;
  }

  /** As `find`, quickly where the end of the log is near: another generation has nearly always just begun. */
  private async findNear(state: StreamState, matches: (record: LogRecord) => boolean): Promise<Found | undefined> {
    let { first } = state;
    for (let span = 1; span <= state.last - state.first; span *= 2) {
      const probe = await this.readable(state.last - span, state.last);
      if (probe === undefined || matches(probe.record)) continue;
      first = probe.sequence + 1;
      break;
    }
    return this.find({ ...state, first }, matches);
  }

  /** The first of the messages `start` to `last` that is a record. */
  private async readable(start: number, last: number): Promise<Found | undefined> {
    for (let sequence = start; sequence <= last; sequence++) {
      const octets = await this.broker.streamMessage(this.stream.name, sequence);
      const record = octets === undefined ? undefined : this.decode(sequence, octets);
      if (record !== undefined) return { sequence, record };
    }
    return undefined;
  }
}
