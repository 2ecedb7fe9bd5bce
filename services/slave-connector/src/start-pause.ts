/** Pause before an RTU that stops data transfer again and again is started again: the second time, at most. */
export const FIRST_START_PAUSE_MS = 1_000;
export const MAX_START_PAUSE_MS = 15_000;
/** Data transfer that has lasted so long is in order. */
export const STEADY_MS = 10_000;

/**
 * When an RTU that has stopped data transfer by itself is started again: at once, and later and later when it goes on doing so.
 * Others may be starting it (a redundancy group lets one connection be active), and two who insist keep each other from it.
 */
export class StartPause {
  /** STARTDT act is not sent before. */
  notBefore = -Infinity;
  private stops = 0;
  private startedAt = 0;

  started(now: number): void {
    this.startedAt = now;
  }

  stoppedByItself(now: number): void {
    this.stops = now - this.startedAt >= STEADY_MS ? 1 : this.stops + 1;
    if (this.stops > 1)
      this.notBefore = now + Math.min(FIRST_START_PAUSE_MS * 2 ** (this.stops - 2), MAX_START_PAUSE_MS);
  }
}
