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

/** Sends what an RTU said, in its order and with its pauses. Resolves to the number of ASDUs sent. */
export async function replay(
  rtu: Pick<RtuSimulator, 'publish'>,
  { asdus }: CapturedRtu,
  { clock, speed = 1, stop }: ReplayOptions,
): Promise<number> {
  const beganAt = clock.now();
  const first = asdus[0]?.timeMs ?? 0;
  let sent = 0;
  for (const { timeMs, asdu } of asdus) {
    const waitMs = (timeMs - first) / speed - (clock.now() - beganAt);
    if (waitMs > 0) await pause(clock, waitMs, stop);
    if (stop.aborted) break;
    rtu.publish(asdu);
    sent++;
  }
  return sent;
}
