import { BusError, encodeLogRecord, type EventLog, type LogWriter, recordEnd, recordFirst } from '@iec104mm2ss/bus';

/** How long to wait before a log that refused is opened again. */
export const REOPEN_PAUSE_MS = 500;

interface WaitingRun {
  readonly epoch: number;
  readonly octets: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly count: number;
  readonly receivedAt: number;
}

export interface EventWriterEvents {
  /** All before `position` is stored. */
  onStored(position: number): void;
  /** The log could not be written; it is being opened again. */
  onTrouble(error: BusError): void;
  /** The log no longer continues where this writer was: what it had not stored has to come from the RTU again. */
  onReset(): void;
}

/**
 * Appends what the RTU sends to the group's event log, in order, and holds back what the log cannot take.
 *
 * The log is full when it has `capacity` ASDUs that no master has acknowledged: what comes then waits here, is not
 * acknowledged to the RTU, and so closes the RTU's window. What the bus has not stored yet is kept for appending again.
 */
export class EventWriter {
  /** Position the next ASDU from the RTU gets, waiting ones counted. */
  private assigned = 0;
  private confirmed = 0;
  private stored = 0;
  private writer: LogWriter | undefined;
  private unstored: Uint8Array[] = [];
  private waiting: WaitingRun[] = [];
  private waitingAsdus = 0;
  private reopening: NodeJS.Timeout | undefined;
  private stopped = false;
  private opened = false;
  private fullCount = 0;
  /** Counts the writers opened: an earlier one has nothing to say any more. */
  private generation = 0;

  constructor(
    private readonly log: EventLog,
    private readonly capacity: number,
    private readonly events: EventWriterEvents,
  ) {}

  /** Opens the log; resolves when it can be written. Retries for ever. */
  async open(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.openOnce();
        return;
      } catch (error) {
        const trouble =
          error instanceof BusError ? error : new BusError('UNAVAILABLE', String(error), { cause: error });
        this.events.onTrouble(trouble);
        await new Promise((resolve) => setTimeout(resolve, REOPEN_PAUSE_MS));
      }
    }
  }

  /** Link epoch of the last record an earlier connector wrote. */
  get lastEpoch(): number {
    return this.writer?.lastEpoch ?? 0;
  }
  /** False while the log cannot be written. */
  get ready(): boolean {
    return this.writer !== undefined;
  }
  /** Position the next ASDU from the RTU gets. */
  get next(): number {
    return this.assigned;
  }
  get storedPosition(): number {
    return this.stored;
  }
  get confirmedPosition(): number {
    return this.confirmed;
  }
  /** ASDUs received and not yet in the log. */
  get waitingCount(): number {
    return this.waitingAsdus;
  }
  get full(): boolean {
    return this.waiting.length > 0;
  }
  /** How often the log was found full or unreachable. */
  get fullTimes(): number {
    return this.fullCount;
  }

  /** Takes `count` APDUs of one socket read. The octets must stay unchanged. */
  write(epoch: number, octets: Uint8Array, start: number, end: number, count: number, receivedAt: number): void {
    this.assigned += count;
    if (this.waiting.length === 0 && this.fits(count)) {
      this.append({ epoch, octets, start, end, count, receivedAt });
      return;
    }
    if (this.waiting.length === 0) this.fullCount++;
    this.waiting.push({ epoch, octets, start, end, count, receivedAt });
    this.waitingAsdus += count;
  }

  /** A master has acknowledged everything before `position`: there may be room again. */
  confirm(position: number): void {
    if (position <= this.confirmed) return;
    this.confirmed = position;
    this.appendWaiting();
  }

  /**
   * The link is gone, and the RTU will repeat what was not acknowledged to it: forgets what is not in the log yet.
   * Returns the position the log ends at.
   */
  dropWaiting(): number {
    this.waiting = [];
    this.waitingAsdus = 0;
    this.assigned = this.unstored.length > 0 ? recordEnd(this.unstored.at(-1) as Uint8Array) : this.logEnd();
    return this.assigned;
  }

  close(): void {
    this.stopped = true;
    clearTimeout(this.reopening);
    this.writer?.close();
  }

  private logEnd(): number {
    return this.writer?.next ?? this.stored;
  }

  private fits(count: number): boolean {
    if (this.writer === undefined) return false;
    const unconfirmed = this.logEnd() - this.confirmed;
    // A read larger than the whole log still has to pass once the log is empty.
    return unconfirmed + count <= this.capacity || unconfirmed <= 0;
  }

  private append(run: WaitingRun): void {
    const writer = this.writer as LogWriter;
    const record = encodeLogRecord(run.epoch, writer.next, run.count, run.receivedAt, run.octets, run.start, run.end);
    this.unstored.push(record);
    writer.append(record);
  }

  private appendWaiting(): void {
    while (this.waiting.length > 0) {
      const run = this.waiting[0] as WaitingRun;
      if (!this.fits(run.count)) return;
      this.waiting.shift();
      this.waitingAsdus -= run.count;
      this.append(run);
    }
  }

  private async openOnce(): Promise<void> {
    const generation = ++this.generation;
    const writer = await this.log.openWriter({
      onStored: (position) => {
        if (generation === this.generation) this.onStored(position);
      },
      onRefused: (_position, error) => {
        if (generation === this.generation) this.onRefused(error);
      },
    });
    if (this.stopped) {
      writer.close();
      return;
    }
    const { next } = writer;
    // What the earlier writer sent may have been stored although its confirmation was lost.
    const again = this.unstored.filter((record) => recordEnd(record) > next);
    const sentEnd = this.unstored.length > 0 ? recordEnd(this.unstored.at(-1) as Uint8Array) : this.stored;
    const continues =
      next >= this.stored && next === (again.length > 0 ? recordFirst(again[0] as Uint8Array) : sentEnd);
    const first = !this.opened;
    this.opened = true;
    this.writer = writer;
    if (!continues && !first) {
      // Another log, or another writer in between: positions known so far mean nothing in it.
      this.unstored = [];
      this.stored = next;
      this.confirmed = Math.min(this.confirmed, next);
      this.events.onReset();
      this.assigned = next + this.waitingAsdus;
      this.appendWaiting();
      return;
    }
    this.unstored = again;
    if (again.length === 0 && this.waiting.length === 0) this.assigned = next;
    // A copy: what is stored at once leaves `unstored`.
    const records = [...again];
    this.onStored(next);
    for (const record of records) if (this.writer === writer) writer.append(record);
    this.appendWaiting();
  }

  private onStored(position: number): void {
    if (position <= this.stored) return;
    this.stored = position;
    let stored = 0;
    while (stored < this.unstored.length && recordEnd(this.unstored[stored] as Uint8Array) <= position) stored++;
    if (stored === this.unstored.length) this.unstored.length = 0;
    else if (stored > 0) this.unstored.splice(0, stored);
    this.events.onStored(position);
  }

  private onRefused(error: BusError): void {
    if (this.writer === undefined || this.stopped) return;
    this.writer = undefined;
    this.fullCount++;
    this.events.onTrouble(error);
    this.reopening = setTimeout(() => void this.open(), REOPEN_PAUSE_MS);
  }
}
