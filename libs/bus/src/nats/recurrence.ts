import type { Clock } from '@iec104mm2ss/runtime';

const FIRST_MS = 3_000;
const LONGEST_MS = 300_000;

/** When what goes on and on is worth saying: at once, and then at intervals that double, from 3 s to 5 minutes. */
export class Recurrence {
  private said: string | undefined;
  private dueAt = 0;
  private intervalMs = FIRST_MS;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Whether `what` is to be said now; if so, it counts as said. Something else begins anew. */
  isDue(what: string): boolean {
    const now = this.clock.now();
    if (what === this.said && now < this.dueAt) return false;
    this.intervalMs = what === this.said ? Math.min(2 * this.intervalMs, LONGEST_MS) : FIRST_MS;
    this.said = what;
    this.dueAt = now + this.intervalMs;
    return true;
  }
}
