import { type Clock, every, type Stoppable } from './clock.js';

/** How often it is noted that the process runs, and how late that may be on a busy machine. */
const NOTE_MS = 250;
const LATE_MS = 250;
/** What waited in the sockets has been read this long after they were served again. */
export const READ_MS = 100;

/**
 * Notices that this process did not run (suspended, throttled, busy with something else). What lies in its sockets may have
 * waited as long, and nothing tells since when.
 */
export class RunWatch implements Stoppable {
  private ranAt: number;
  /** Since when it had not run; undefined when what waited meanwhile has been read. */
  private heldUpSince: number | undefined;
  private readonly notes: Stoppable;
  private timer: unknown;
  private stopped = false;

  /** @param onHeldUp called when it runs again after `ms` */
  constructor(
    private readonly clock: Clock,
    private readonly onHeldUp: (ms: number) => void,
  ) {
    this.ranAt = clock.now();
    this.notes = every(clock, NOTE_MS, () => this.note());
  }

  /** How long what is read now may have waited, ms; 0 while the process runs as it should. */
  get waitedMs(): number {
    const now = this.clock.now();
    // Sockets may be read before any timer is called.
    if (now - this.ranAt > NOTE_MS + LATE_MS) return now - this.ranAt;
    return this.heldUpSince === undefined ? 0 : now - this.heldUpSince;
  }

  stop(): void {
    this.stopped = true;
    this.notes.stop();
    this.clock.clearTimer(this.timer);
  }

  private note(): void {
    const { clock, ranAt } = this;
    const now = clock.now();
    this.ranAt = now;
    if (now - ranAt <= NOTE_MS + LATE_MS) return;
    this.heldUpSince ??= ranAt;
    clock.clearTimer(this.timer);
    clock.soon(() => this.forgetLater());
    this.onHeldUp(now - ranAt);
  }

  /** The sockets were served once. */
  private forgetLater(): void {
    if (this.stopped) return;
    this.timer = this.clock.setTimer(() => (this.heldUpSince = undefined), READ_MS);
  }
}
