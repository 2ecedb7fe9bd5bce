import { type ApduRun, BusError, type EventLog, type LogWriter } from '@iec104mm2ss/bus';
import type { Clock } from '@iec104mm2ss/runtime';
import { LogOrdinals } from './log-ordinals.js';

/** Records that are looked at in one go to tell ours from others'. */
const RECORDS_OF_A_READ = 64;

/** How long to wait before a log that refused is opened again. */
export const REOPEN_PAUSE_MS = 500;

/** What one socket read brought; `first` is the ordinal of its first ASDU. */
export interface OrdinalRun extends ApduRun {
  readonly first: number;
}

export interface EventWriterOptions {
  readonly log: EventLog;
  /** `buffsize`. */
  readonly capacity: number;
  readonly clock: Clock;
  /** False while somebody else may own the log: it is not opened then, as that would end the other's writer. */
  readonly mayOpen: () => boolean;
}

export interface EventWriterEvents {
  /** A later generation begins, and nothing has been appended to it yet: what is said of it now goes before its events. */
  onNextGeneration(): void;
  /** The log can be written (again). The generation is a new one, and positions may have moved. */
  onOpened(): void;
  /** More is stored. */
  onStored(): void;
  /** The log cannot be written; it is being opened again. */
  onTrouble(error: BusError): void;
  /** The log came back without so many ASDUs that the RTU has no longer, and that no master is known to have. */
  onLost(count: number): void;
}

/**
 * Appends what the RTU sends to the group's event log, in order, and holds back what the log cannot take.
 *
 * The log is full when it has `capacity` ASDUs that no master has acknowledged: what comes then waits here, is not
 * acknowledged to the RTU, and so closes the RTU's window. What is not both stored and released (acknowledged to the RTU) is
 * kept: when the log refuses it, or comes back without it, it is appended again.
 *
 * Everything is told in ordinals (see LogOrdinals), which stay what they are whatever happens to the log.
 */
export class EventWriter {
  private readonly log: EventLog;
  private readonly capacity: number;
  private readonly clock: Clock;
  private readonly mayOpen: () => boolean;
  private readonly ordinals = new LogOrdinals();
  private writer: LogWriter | undefined;
  /** Tells the writer in use from earlier ones, which have nothing to say any more. */
  private opening: { failed: boolean } | undefined;
  private retry: unknown;
  private stopped = false;

  /** The next ASDU to come, and the first one that is not in the log yet because it is full. */
  private taken = 0;
  private appendedEnd = 0;
  private storedEnd = 0;
  private released = 0;
  /** Acknowledged by a master, as far as the router has said. */
  private confirmedEnd: number | undefined;
  private kept: OrdinalRun[] = [];
  private waiting: OrdinalRun[] = [];

  private opened = false;
  private openedAt = 0;
  /** Where the log ended when it was opened first. */
  private begunAt = 0;
  private currentGeneration = 0;
  private lostCount: number | undefined;
  /** The most ASDUs that no master had acknowledged at one time, those that wait here among them. */
  highWater = 0;
  private epoch = 0;
  private fullCount = 0;

  constructor(
    options: EventWriterOptions,
    private readonly events: EventWriterEvents,
  ) {
    ({ log: this.log, capacity: this.capacity, clock: this.clock, mayOpen: this.mayOpen } = options);
  }

  /** Opens the log, however long it takes: `onOpened` is called then. */
  open(): void {
    this.clock.clearTimer(this.retry);
    void this.attempt();
  }

  close(): void {
    this.stopped = true;
    this.clock.clearTimer(this.retry);
    this.writer?.close();
    this.writer = undefined;
  }

  /** False while the log cannot be written. */
  get ready(): boolean {
    return this.writer !== undefined;
  }
  /** Largest link epoch in the log when it was opened. */
  get lastEpoch(): number {
    return this.epoch;
  }
  /** Where the log goes on; undefined before it was opened for the first time. */
  get place(): { readonly generation: number; readonly position: number } | undefined {
    if (!this.opened) return undefined;
    return { generation: this.currentGeneration, position: this.positionOf(this.appendedEnd) };
  }
  /** What the log had lost of ours when its generation began; undefined for the first one. */
  get lost(): number | undefined {
    return this.lostCount;
  }
  /** Ordinal that the next ASDU from the RTU gets. */
  get next(): number {
    return this.taken;
  }
  /** Everything before this ordinal was given to the log. */
  get appended(): number {
    return this.appendedEnd;
  }
  get stored(): number {
    return this.storedEnd;
  }
  /** Undefined while no router has said anything. */
  get confirmed(): number | undefined {
    return this.confirmedEnd;
  }
  /** ASDUs received and not given to the log. */
  get waitingCount(): number {
    return this.taken - this.appendedEnd;
  }
  get full(): boolean {
    return this.waiting.length > 0;
  }
  /** How often the log was found full or could not be written. */
  get fullTimes(): number {
    return this.fullCount;
  }
  /** What was given to the log and is not known to be stored. */
  get unstored(): readonly OrdinalRun[] {
    return this.kept.filter((run) => endOf(run) > this.storedEnd);
  }

  positionOf(ordinal: number): number {
    return this.ordinals.positionOf(ordinal);
  }
  ordinalOf(position: number): number {
    return this.ordinals.ordinalOf(position);
  }

  /** Takes `count` APDUs of one socket read, `octets[start..end)`, which must stay unchanged. */
  write(epoch: number, octets: Uint8Array, start: number, end: number, count: number, receivedAt: number): void {
    const run: OrdinalRun = { first: this.taken, epoch, octets, start, end, count, receivedAt };
    this.taken += count;
    this.highWater = Math.max(this.highWater, this.taken - (this.confirmedEnd ?? this.begunAt));
    if (this.waiting.length === 0 && this.fits(count)) this.append(run);
    else {
      if (this.waiting.length === 0) this.fullCount++;
      this.waiting.push(run);
    }
  }

  /**
   * The router says that masters have acknowledged everything before `position`: there may be room again. Of another
   * generation than ours it says nothing about what we have appended.
   */
  confirm(position: number, generation: number): void {
    if (!this.opened) return;
    const valid = generation === this.currentGeneration ? position : Math.min(position, this.openedAt);
    const ordinal = Math.min(this.ordinalOf(valid), this.appendedEnd);
    if (this.confirmedEnd !== undefined && ordinal <= this.confirmedEnd) return;
    this.confirmedEnd = ordinal;
    this.appendWaiting();
  }

  /** Everything before `ordinal` is acknowledged to the RTU, which has it no longer. */
  release(ordinal: number): void {
    if (ordinal <= this.released) return;
    this.released = ordinal;
    this.forgetSafe();
  }

  /**
   * The link is gone, and the RTU will repeat what was not acknowledged to it: forgets what of that was not given to the log. What
   * was acknowledged the RTU has no longer: it waits on.
   */
  dropWaiting(): void {
    this.waiting = this.waiting.filter((run) => run.first < this.released);
    const last = this.waiting.at(-1);
    this.taken = last === undefined ? this.appendedEnd : endOf(last);
  }

  /** ASDUs that are acknowledged to the RTU and not known to be stored: lost if this ends now. */
  get acknowledgedUnstored(): number {
    return Math.max(0, this.released - this.storedEnd);
  }

  private fits(count: number): boolean {
    if (this.writer === undefined) return false;
    const unconfirmed = this.appendedEnd - (this.confirmedEnd ?? 0);
    // A read larger than the whole log still has to pass once the log is empty.
    return unconfirmed + count <= this.capacity || unconfirmed <= 0;
  }

  private append(run: OrdinalRun): void {
    this.kept.push(run);
    this.appendedEnd = endOf(run);
    (this.writer as LogWriter).append(run);
  }

  private appendWaiting(): void {
    while (this.waiting.length > 0 && this.fits((this.waiting[0] as OrdinalRun).count)) {
      this.append(this.waiting.shift() as OrdinalRun);
    }
  }

  private forgetSafe(): void {
    const safe = Math.min(this.storedEnd, this.released);
    let count = 0;
    while (count < this.kept.length && endOf(this.kept[count] as OrdinalRun) <= safe) count++;
    if (count === this.kept.length) this.kept.length = 0;
    else if (count > 0) this.kept.splice(0, count);
  }

  private async attempt(): Promise<void> {
    if (this.stopped) return;
    if (!this.mayOpen()) {
      this.retryLater();
      return;
    }
    const opening = { failed: false };
    this.opening = opening;
    let writer: LogWriter | undefined;
    let valid: number;
    try {
      writer = await this.log.openWriter({
        onStored: (position) => {
          if (opening === this.opening) this.onStored(position);
        },
        onRefused: (_position, error) => {
          if (opening === this.opening) this.onRefused(opening, error);
        },
      });
      // How much of what we appended is still there; everything else is somebody else's.
      const place = { generation: this.currentGeneration, position: this.positionOf(this.appendedEnd) };
      valid = this.opened ? await this.ownUpTo(await this.log.validUpTo(place)) : writer.next;
      if (opening.failed) throw new BusError('REFUSED', 'another writer opened the log');
    } catch (error) {
      writer?.close();
      if (this.stopped) return;
      const trouble = error instanceof BusError ? error : new BusError('UNAVAILABLE', String(error), { cause: error });
      this.events.onTrouble(trouble);
      this.retryLater();
      return;
    }
    if (this.stopped) writer.close();
    else this.begin(writer, Math.min(valid, writer.next));
  }

  /**
   * How much before `valid` is ours. What was not confirmed may be another writer's: one that was held up may have appended
   * in our place, with an earlier generation.
   */
  private async ownUpTo(valid: number): Promise<number> {
    let own = this.positionOf(this.storedEnd);
    while (own < valid) {
      const records = await this.log.read(own, RECORDS_OF_A_READ);
      for (const { first, end, generation } of records) {
        if (first !== own || generation !== this.currentGeneration) return own;
        own = end;
      }
      if (records.length === 0) return own;
    }
    return valid;
  }

  private retryLater(): void {
    this.retry = this.clock.setTimer(() => void this.attempt(), REOPEN_PAUSE_MS);
  }

  /** @param valid everything of ours before this position is still in the log */
  private begin(writer: LogWriter, valid: number): void {
    this.writer = writer;
    this.currentGeneration = writer.generation;
    this.openedAt = writer.next;
    this.epoch = Math.max(this.epoch, writer.lastEpoch);
    let again: readonly OrdinalRun[] = [];
    if (this.opened) again = this.goOn(writer, this.ordinalOf(valid));
    else {
      this.opened = true;
      this.begunAt = writer.next;
      this.taken = this.appendedEnd = this.storedEnd = this.released = writer.next;
    }
    for (const run of again) if (this.writer === writer) writer.append(run);
    this.appendWaiting();
    this.events.onOpened();
  }

  /** Returns what has to be appended again. */
  private goOn(writer: LogWriter, valid: number): readonly OrdinalRun[] {
    // What an earlier writer sent may have been stored although its confirmation was lost.
    const again = this.kept.filter((run) => endOf(run) > valid);
    const from = again[0]?.first ?? this.appendedEnd;
    this.lostCount = Math.max(0, from - valid);
    const lost = from - Math.max(valid, this.confirmedEnd ?? this.begunAt);
    if (lost > 0) this.events.onLost(lost);
    this.ordinals.place(from, writer.next);
    if (this.confirmedEnd !== undefined) this.confirmedEnd = Math.min(this.confirmedEnd, from);
    const more = from > this.storedEnd;
    this.storedEnd = from;
    this.forgetSafe();
    this.events.onNextGeneration();
    if (more) this.events.onStored();
    return again;
  }

  private onStored(position: number): void {
    const ordinal = Math.min(this.ordinalOf(position), this.appendedEnd);
    if (this.writer === undefined || ordinal <= this.storedEnd) return;
    this.storedEnd = ordinal;
    this.forgetSafe();
    this.events.onStored();
  }

  private onRefused(opening: { failed: boolean }, error: BusError): void {
    if (this.stopped) return;
    opening.failed = true;
    if (this.writer === undefined) return;
    this.writer = undefined;
    this.fullCount++;
    this.events.onTrouble(error);
    this.retryLater();
  }
}

function endOf({ first, count }: OrdinalRun): number {
  return first + count;
}
