import { type Bus, receive, type Subscription } from '@iec104mm2ss/bus';
import { decodeListener } from '@iec104mm2ss/wire';

/** A gateway that listens has so long to say so after another has said that it cannot. */
export const ANSWER_MS = 1_000;
/** For how long the RTU is left to others: the first time, at most. */
export const FIRST_RELEASE_MS = 5_000;
export const MAX_RELEASE_MS = 30_000;

/**
 * Whether there is a port by which masters can come. An RTU has few places; one that is kept connected by a process which cannot
 * listen, as another one has the port (a second `run` of the same file), is lost to everybody.
 */
export class ListenerWatch {
  private readonly subscription: Subscription;
  /** Nobody has said since that it listens. */
  private deadline = Infinity;
  private reason = '';
  private releases = 0;

  /** @param onNobody no gateway can listen: the RTU is to be left to others for so long */
  constructor(
    bus: Bus,
    subject: string,
    private readonly now: () => number,
    private readonly onNobody: (reason: string, pauseMs: number) => void,
    private readonly onDeadlineMoved: () => void,
  ) {
    this.subscription = receive(bus, subject, decodeListener, ({ listening, reason, gateway }) => {
      if (listening) this.heardListening();
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
    if (inUse) return;
    const pauseMs = Math.min(FIRST_RELEASE_MS * 2 ** this.releases++, MAX_RELEASE_MS);
    this.onNobody(this.reason, pauseMs);
  }

  private heardListening(): void {
    this.deadline = Infinity;
    this.releases = 0;
  }

  private heardFailure(reason: string): void {
    if (this.deadline !== Infinity) return;
    this.reason = reason;
    this.deadline = this.now() + ANSWER_MS;
    this.onDeadlineMoved();
  }
}
