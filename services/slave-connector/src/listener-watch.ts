import { type Bus, checkSender, receiveFromGateways, type Subscription } from '@iec104mm2ss/bus';
import { decodeListener } from '@iec104mm2ss/wire';

/** A gateway that can listen has so long to say so after another has said that it cannot. */
export const ANSWER_MS = 1_000;
/** So long after the last word of a gateway that cannot listen the RTU is tried all the same: there may be nobody to speak. */
export const RELEASE_MS = 30_000;

export interface ListenerWatchEvents {
  /** No gateway can listen: the RTU is to be left to others for so long, unless there is more news. */
  leave(reason: string, pauseMs: number): void;
  /** A gateway can listen, for which an RTU that was left to others was waiting. */
  comeBack(): void;
  onDeadlineMoved(): void;
}

/**
 * Whether there is a port by which masters can come. An RTU has few places; one that is kept connected by a process which cannot
 * listen, as another one has the port (a second `run` of the same file), is lost to everybody.
 */
export class ListenerWatch {
  private readonly subscription: Subscription;
  /** Nobody has said since that it can listen. */
  private deadline = Infinity;
  private reason = '';
  private left = false;

  constructor(
    bus: Bus,
    subject: string,
    private readonly now: () => number,
    private readonly events: ListenerWatchEvents,
  ) {
    this.subscription = receiveFromGateways(bus, subject, decodeListener, ({ listening, reason, gateway }, by) => {
      if (!checkSender(bus.drops, subject, by, gateway, 'speaks for')) return;
      if (listening) this.heardFree();
      else this.heardFailure(`${reason} at ${gateway}`);
    });
  }

  stop(): void {
    this.subscription.unsubscribe();
  }

  nextDeadline(): number {
    return this.deadline;
  }

  /** @param inUse masters are being served, by whatever gateway */
  onDeadline(now: number, inUse: boolean): void {
    if (this.deadline > now) return;
    this.deadline = Infinity;
    this.left = !inUse;
    if (this.left) this.events.leave(this.reason, RELEASE_MS);
  }

  private heardFree(): void {
    this.deadline = Infinity;
    if (!this.left) return;
    this.left = false;
    this.events.comeBack();
  }

  private heardFailure(reason: string): void {
    if (this.deadline !== Infinity) return;
    this.reason = reason;
    this.deadline = this.now() + ANSWER_MS;
    this.events.onDeadlineMoved();
  }
}
