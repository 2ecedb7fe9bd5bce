import type { Clock } from '@iec104mm2ss/runtime';
import type { IoFile, RowFilter, SignalRow } from '../rtu-files/io-file.js';

/** What became of sending an index at one station. */
export interface RunOutcome {
  /**
   * `stopped`: somebody stopped it; `missing`: the station has no row of this index; `offline`: no master was there, or none any more
   * before all was sent.
   */
  readonly result: 'sent' | 'stopped' | 'missing' | 'offline';
  /** Rows sent, and rows whose filter was not met in time. */
  readonly sent: number;
  readonly leftOut: number;
  readonly passes: number;
}

/** What a run needs of its station. */
export interface RunStation {
  readonly io: IoFile;
  readonly rtuNumber: number;
  readonly clock: Clock;
  /** A master has started data transfer. */
  readonly started: boolean;
  sendRow(row: SignalRow): void;
  leftOut(row: SignalRow, reason: string): void;
  /** Resolves when the masters have taken what was sent, but for a few events. */
  room(): Promise<void>;
  /** Resolves true when a master sent what the filter says, false when the time is over or it was stopped. */
  awaitRequest(filter: RowFilter, stop: AbortSignal): Promise<boolean>;
}

/** So many rows are sent before others have their turn. */
const ROWS_A_TURN = 64;
/** A pass in which nothing could be sent is not repeated at once. */
const IDLE_PASS_MS = 50;

/** Rows of `index` that this station sends; of 0: all. */
export function rowsOfIndex({ signals }: IoFile, index: number, rtuNumber: number): SignalRow[] {
  return signals.filter(
    (row) => (index === 0 || row.index === index) && (row.rtuNumber === undefined || row.rtuNumber === rtuNumber),
  );
}

/**
 * Sends the rows of an index in the order of the file, each with the pause behind it, over and over until the duration is over:
 * the pass that is under way is finished. Stopping ends it at once. When the last master leaves, the pass ends; the next one begins
 * when there is one again, until the duration is over.
 */
export async function runIndex(
  station: RunStation,
  index: number,
  durationMs: number,
  stop: AbortSignal,
): Promise<RunOutcome> {
  const rows = rowsOfIndex(station.io, index, station.rtuNumber);
  const counts = { sent: 0, leftOut: 0, passes: 0 };
  if (rows.length === 0) return { result: 'missing', ...counts };
  if (!station.started) return { result: 'offline', ...counts };
  const { clock } = station;
  const endAt = clock.now() + durationMs;
  const mayGoOn = (): boolean => station.started && !isOver(stop);
  let isWhole: boolean;
  do {
    isWhole = true;
    const sentBefore = counts.sent;
    const beganAt = clock.now();
    for (const row of rows) {
      const isDue = row.filter === undefined || (mayGoOn() && (await station.awaitRequest(row.filter, stop)));
      if (!mayGoOn()) {
        isWhole = false;
        break;
      }
      if (isDue) {
        station.sendRow(row);
        if (++counts.sent % ROWS_A_TURN === 0) await turn(clock);
        await station.room();
      } else {
        counts.leftOut++;
        station.leftOut(row, 'its filter was not met in time');
      }
      if (row.waitMs > 0) await pause(clock, row.waitMs, stop);
    }
    counts.passes++;
    const goesOn = clock.now() < endAt && !isOver(stop);
    if (goesOn && counts.sent === sentBefore && clock.now() - beganAt < IDLE_PASS_MS) {
      await pause(clock, IDLE_PASS_MS, stop);
    }
  } while (clock.now() < endAt && !isOver(stop));
  return { result: isOver(stop) ? 'stopped' : isWhole ? 'sent' : 'offline', ...counts };
}

/** In a function, as it changes in what is awaited meanwhile. */
function isOver(stop: AbortSignal): boolean {
  return stop.aborted;
}

function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.soon(resolve));
}

/** Resolves after `ms`, or at once when it is stopped. */
export function pause(clock: Clock, ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clock.clearTimer(timer);
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(end, ms);
    stop.addEventListener('abort', end);
  });
}
