import type { Clock } from '@iec104mm2ss/runtime';
import { BEACON_MS, SILENCE_MS } from '@iec104mm2ss/wire';

/**
 * A process that has not run for longer than this may count as gone elsewhere, or soon. Two beacons less than the silence
 * that counts, for the last two may have been lost.
 */
export const HELD_UP_MS = SILENCE_MS - 2 * BEACON_MS;

/**
 * Notices that this process was held up: suspended, throttled, or busy with something else for too long. Whoever has to be
 * certain asks with `look`, which is right even before any timer could run again.
 */
export class LoopWatch {
  private ranAt: number;

  /** @param onHeldUp called once for each time that it was held up, maybe from inside `look` */
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly onHeldUp: () => void,
  ) {
    this.ranAt = clock.now();
  }

  /** To be called every BEACON_MS, or a little less often. */
  tick(): void {
    this.look();
    this.ranAt = this.clock.now();
  }

  look(): void {
    const now = this.clock.now();
    if (now - this.ranAt <= HELD_UP_MS) return;
    this.ranAt = now;
    this.onHeldUp();
  }
}
