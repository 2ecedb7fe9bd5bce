import type { Clock } from '@iec104mm2ss/runtime';

/** What lies further back than this is given up: a computer that slept does not make up for its night. */
const LONGEST_CATCH_UP_MS = 5_000;

/**
 * Says when events are due so that their mean rate is exact: each due time is counted from the start, not from the event
 * before, so late timers do not add up.
 */
export class EventPace {
  private readonly intervalMs: number;
  private startedAt: number;
  private done = 0;
  private timer: unknown;

  /**
   * @param perSecond above 0
   * @param onDue called once per event with the time (of `clock`) at which it was due, never in the future
   */
  constructor(
    private readonly clock: Clock,
    readonly perSecond: number,
    private readonly onDue: (dueAt: number) => void,
  ) {
    if (!(perSecond > 0) || !Number.isFinite(perSecond)) {
      throw new RangeError(`a rate must be above 0 a second, not ${perSecond}`);
    }
    this.intervalMs = 1000 / perSecond;
    this.startedAt = clock.now();
    this.arm(this.startedAt);
  }

  stop(): void {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private readonly fire = (): void => {
    this.timer = undefined;
    const now = this.clock.now();
    const lateMs = now - this.dueAt();
    if (lateMs > LONGEST_CATCH_UP_MS) this.startedAt += lateMs - LONGEST_CATCH_UP_MS;
    // Armed first, so that a stop() from within onDue holds.
    const due = Math.floor((now - this.startedAt) / this.intervalMs) - this.done;
    const firstDueAt = this.dueAt();
    this.done += Math.max(due, 0);
    this.arm(now);
    for (let i = 0; i < due && this.timer !== undefined; i++) this.onDue(firstDueAt + i * this.intervalMs);
  };

  private dueAt(): number {
    return this.startedAt + (this.done + 1) * this.intervalMs;
  }

  private arm(now: number): void {
    this.timer = this.clock.setTimer(this.fire, Math.max(Math.ceil(this.dueAt() - now), 1));
    // Events alone do not keep a process alive: the listener does.
    (this.timer as Partial<NodeJS.Timeout>).unref?.();
  }
}
