import { type Bus, Pacer } from '@iec104mm2ss/bus';
import type { DeadlineScheduler, Scheduled } from '@iec104mm2ss/transport';
import { type Ack, encodeAcks } from '@iec104mm2ss/wire';
import type { MasterSession } from './master-session.js';

/** Reports what the masters of one group have acknowledged, all sessions in one message, at the end of a turn. */
export class AcknowledgementReport implements Scheduled {
  private readonly sessions = new Set<MasterSession>();
  private readonly pacer: Pacer;

  /** @param gapMs shortest time between two reports, see `reportGapMs` */
  constructor(
    private readonly bus: Bus,
    private readonly subject: string,
    private readonly scheduler: DeadlineScheduler,
    gapMs: number,
  ) {
    this.pacer = new Pacer(scheduler.clock, gapMs, () => this.publish());
  }

  /** The master of `session` has acknowledged more. */
  add(session: MasterSession): void {
    if (this.sessions.size === 0) this.scheduler.flushSoon(this);
    this.sessions.add(session);
  }

  /** Reports what is not reported yet. */
  publish(): void {
    this.pacer.stop();
    if (this.sessions.size === 0) return;
    const acks: Ack[] = [];
    for (const { acknowledged } of this.sessions) acks.push(acknowledged);
    this.sessions.clear();
    this.bus.publish(this.subject, encodeAcks(acks));
  }

  nextDeadline(): number {
    return Infinity;
  }

  onDeadline(): void {
    // It has none.
  }

  flush(): void {
    if (this.sessions.size > 0) this.pacer.soon();
  }
}
