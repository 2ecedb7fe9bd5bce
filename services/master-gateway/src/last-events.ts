import { LAST_EVENTS_MS } from '@iec104mm2ss/wire';
import type { Loss } from './connector-view.js';
import type { MasterSession } from './master-session.js';

/** How often it is looked at which masters have all. */
const LOOK_MS = 20;

/**
 * The RTU is lost, and its masters get what was received from it, and what becomes of their commands, before they are
 * disconnected: each as soon as it has all, LAST_EVENTS_MS later at the latest.
 */
export class LastEvents {
  /** When `look` has to be called next. */
  lookAt: number;
  private readonly until: number;

  constructor(
    private readonly loss: Loss,
    /** Where the log went on when the RTU was lost. */
    private readonly logEnd: { readonly generation: number; readonly next: number },
    now: number,
  ) {
    this.until = now + LAST_EVENTS_MS;
    this.lookAt = now;
  }

  /** Closes the sessions that are done. */
  look(sessions: Iterable<MasterSession>, now: number): void {
    this.lookAt = Math.min(now + LOOK_MS, Math.max(now, this.until));
    const { generation, next } = this.logEnd;
    for (const session of sessions) {
      // A command that the RTU did not get is refused first.
      const isDone = session.pending.size === 0 && session.hasAllBefore(generation, next);
      if (now >= this.until || isDone) {
        session.close(this.loss.code, this.loss.message);
      }
    }
  }
}
