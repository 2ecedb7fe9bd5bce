import type { Clock } from '@iec104mm2ss/runtime';
import type { LoadProfile } from './load-profile.js';

const TICK_MS = 20;
/** What lies further back than this is given up: a computer that slept does not make up for its night. */
const LONGEST_TICK_MS = 1_000;

/** Says how many events are due, over and over, as a profile has it. */
export class LoadPace {
  private beganAt: number;
  private lastAt: number;
  private done = 0;
  private timer: unknown;

  constructor(
    private readonly clock: Clock,
    readonly profile: LoadProfile,
    private readonly onDue: (count: number) => void,
  ) {
    this.beganAt = clock.now();
    this.lastAt = this.beganAt;
    this.arm();
  }

  stop(): void {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private readonly tick = (): void => {
    const now = this.clock.now();
    this.beganAt += Math.max(now - this.lastAt - LONGEST_TICK_MS, 0);
    this.lastAt = now;
    const due = Math.floor(this.profile.total((now - this.beganAt) / 1000)) - this.done;
    this.done += due;
    // Armed first, so that a stop() from within onDue holds.
    this.arm();
    if (due > 0) this.onDue(due);
  };

  private arm(): void {
    this.timer = this.clock.setTimer(this.tick, TICK_MS, true);
  }
}
