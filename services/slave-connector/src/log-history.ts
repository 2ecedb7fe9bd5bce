import type { EventLog } from '@iec104mm2ss/bus';
import { apduEnd, APCI_OCTETS, forEachApdu } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import type { EventWriter, OrdinalRun } from './event-writer.js';
import type { LoggedAsdu } from './repeat-filter.js';

/** The log is read in pieces of so many ASDUs, the newest first. */
const PIECE_ASDUS = 128;
/** A connection is not held up longer than this for a slow log: what was read by then is all that is recognised. */
export const HISTORY_READ_MS = 1_000;

interface PlacedAsdu {
  readonly position: number;
  readonly asdu: Uint8Array;
}

/**
 * Reads the last `count` ASDUs given to the log, fewer when it has no more or is slow: those that it has stored, and those
 * that the writer is still storing.
 */
export class HistoryReading {
  private stored: PlacedAsdu[] = [];
  private timer: unknown;
  private over = false;
  private finish = (): void => undefined;

  constructor(
    private readonly log: Pick<EventLog, 'read'>,
    private readonly writer: EventWriter,
    private readonly clock: Clock,
    private readonly count: number,
  ) {}

  /** To be called once. Rejects with BusError when the log cannot be read. */
  async read(): Promise<LoggedAsdu[]> {
    const { writer } = this;
    const from = Math.max(0, writer.appended - this.count);
    const unstored = writer.unstored.flatMap(asdusOf).filter(({ ordinal }) => ordinal >= from);
    const end = writer.positionOf(Math.min(writer.stored, unstored[0]?.ordinal ?? Infinity));
    const inTime = new Promise<void>((resolve) => (this.finish = resolve));
    this.timer = this.clock.setTimer(() => this.stop(), HISTORY_READ_MS);
    try {
      await Promise.race([this.readBackwards(writer.positionOf(from), end), inTime]);
    } finally {
      this.stop();
    }
    const stored = this.stored.map(({ position, asdu }) => ({ ordinal: writer.ordinalOf(position), asdu }));
    return [...stored, ...unstored];
  }

  /** Ends it with what has been read so far. */
  stop(): void {
    this.over = true;
    this.clock.clearTimer(this.timer);
    this.finish();
  }

  private async readBackwards(from: number, to: number): Promise<void> {
    for (let end = to; end > from && !this.over;) {
      const start = Math.max(from, end - PIECE_ASDUS);
      const piece = await this.readPiece(start, end);
      if (this.over) return;
      this.stored = [...piece, ...this.stored];
      // The log begins here.
      if (piece[0]?.position !== start) return;
      end = start;
    }
  }

  private async readPiece(from: number, end: number): Promise<PlacedAsdu[]> {
    const asdus: PlacedAsdu[] = [];
    for (const { first, octets, apdusAt } of await this.log.read(from, end - from)) {
      let position = first;
      for (let at = apdusAt; at < octets.length; position++) {
        const next = apduEnd(octets, at);
        if (position >= from && position < end) asdus.push({ position, asdu: octets.subarray(at + APCI_OCTETS, next) });
        at = next;
      }
    }
    return asdus;
  }
}

function asdusOf({ first, octets, start, end }: OrdinalRun): LoggedAsdu[] {
  const asdus: LoggedAsdu[] = [];
  forEachApdu(octets, start, end, (at, next, index) => {
    asdus.push({ ordinal: first + index, asdu: octets.subarray(at + APCI_OCTETS, next) });
  });
  return asdus;
}
