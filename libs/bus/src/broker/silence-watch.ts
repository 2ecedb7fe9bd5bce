import type { Clock } from '@iec104mm2ss/runtime';
import { BEACON_MS, SILENCE_MS } from '@iec104mm2ss/wire';

/**
 * A process that has heard nothing for longer than this may have been cut off for so long that others have replaced it: our
 * last beacon that came through is up to BEACON_MS older. Routers state something every second, and members of a pool are heard
 * every BEACON_MS, so a process that works with them is not silent for so long.
 */
export const UNHEARD_MS = SILENCE_MS - BEACON_MS;

/**
 * Notices that the way to the server was cut and is open again although no connection was lost: what was on its way comes
 * now, and may be meant for the one that we were. Who is alone hears nobody for long: a silence matters only when something
 * comes that we may act on.
 */
export class SilenceWatch {
  private heardAt: number;
  private wasSilent = false;

  /** @param onHeardAgain called before the first message after a silence is handled that we may act on */
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly onHeardAgain: () => void,
  ) {
    this.heardAt = clock.now();
  }

  /** To be called for each message, before it is handled. */
  heard(): void {
    const now = this.clock.now();
    this.wasSilent ||= now - this.heardAt > UNHEARD_MS;
    this.heardAt = now;
  }

  /** To be called for each message that we may act on, before it is handled. */
  mayAct(): void {
    this.heard();
    if (!this.wasSilent) return;
    this.wasSilent = false;
    this.onHeardAgain();
  }
}
