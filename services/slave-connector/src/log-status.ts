import type { EventWriter } from './event-writer.js';

/** What status and metrics show of the event log; undefined is what is not known (yet). */
export interface LogStatus {
  /** Where the log goes on. */
  readonly next: number | undefined;
  readonly generation: number | undefined;
  /** Everything before this position is acknowledged by a master. */
  readonly confirmed: number | undefined;
  /** ASDUs that are not. */
  readonly unconfirmed: number | undefined;
  readonly stored: number | undefined;
  /** ASDUs received that the log cannot take. */
  readonly waiting: number;
  readonly full: boolean;
  readonly fullTimes: number;
  /** The most that was not acknowledged by a master at one time. */
  readonly highWater: number;
}

export function logStatus(writer: EventWriter): LogStatus {
  const { place, confirmed, stored, full, fullTimes, highWater, waitingCount, appended } = writer;
  return {
    next: place?.position,
    generation: place?.generation,
    confirmed: confirmed === undefined ? undefined : writer.positionOf(confirmed),
    unconfirmed: confirmed === undefined ? undefined : appended - confirmed,
    stored: place === undefined ? undefined : writer.positionOf(stored),
    waiting: waitingCount,
    full,
    fullTimes,
    highWater,
  };
}
