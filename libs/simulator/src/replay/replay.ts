import type { Clock } from '@iec104mm2ss/runtime';
import { pause } from '../fleet/index-run.js';
import type { RtuSimulator } from '../rtu/rtu-simulator.js';
import type { CapturedRtu } from './captured-rtus.js';

export interface ReplayOptions {
  readonly clock: Clock;
  /** 2: twice as fast. Default 1. */
  readonly speed?: number;
  readonly stop: AbortSignal;
}

/** Type IDs from here on answer requests or are of the system; below is process information. */
const FIRST_NOT_PROCESS = 41;

/** Process information of a capture only. */
export function eventsOnly({ asdus, ...rest }: CapturedRtu): CapturedRtu {
  return { ...rest, asdus: asdus.filter(({ asdu }) => (asdu[0] ?? 255) < FIRST_NOT_PROCESS) };
}

/** How many ASDUs of a capture were played, and those of them that no master was there for: they are kept for the next one. */
export interface Replayed {
  readonly played: number;
  readonly withoutMaster: number;
}

/** Plays what an RTU said, in its order and with its pauses. */
export async function replay(
  rtu: Pick<RtuSimulator, 'publish' | 'started'>,
  { asdus }: CapturedRtu,
  { clock, speed = 1, stop }: ReplayOptions,
): Promise<Replayed> {
  const beganAt = clock.now();
  const first = asdus[0]?.timeMs ?? 0;
  let played = 0;
  let withoutMaster = 0;
  for (const { timeMs, asdu } of asdus) {
    const waitMs = (timeMs - first) / speed - (clock.now() - beganAt);
    if (waitMs > 0) await pause(clock, waitMs, stop);
    if (stop.aborted) break;
    if (!rtu.started) withoutMaster++;
    rtu.publish(asdu);
    played++;
  }
  return { played, withoutMaster };
}
