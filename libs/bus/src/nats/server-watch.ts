import type { Clock } from '@iec104mm2ss/runtime';

/**
 * A server that has been silent for this long is asked whether it is there. Routers say something every second, so where parts
 * work together nothing has to be asked, and an idle process is not woken for it.
 */
export const QUIET_MS = 1_200;
/** A server that leaves so many questions unanswered is given up: 3.6 s after the path to it was cut without a word. */
const UNANSWERED = 2;
/** So many after it was given up again and again: it works on what we asked before, and each connection makes that more. */
const MOST_UNANSWERED = 24;

/** Notices that the server says nothing any more: it hangs, or the path to it was cut without a word. */
export class ServerWatch {
  private heardAt = 0;
  private unanswered = 0;
  /** Doubled each time it is given up, until it answers or is heard in time. */
  private patience = UNANSWERED;
  private timer: unknown;

  /**
   * @param ping asks the server; resolves when it has answered
   * @param giveUp called when it has not answered for too long: another connection is to be made
   */
  constructor(
    private readonly clock: Pick<Clock, 'now' | 'setTimer' | 'clearTimer'>,
    private readonly ping: () => Promise<void>,
    private readonly giveUp: () => void,
  ) {}

  /** To be called when a connection was made. */
  start(): void {
    this.stop();
    this.heard();
    this.arm(QUIET_MS);
  }

  stop(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  /** To be called for everything that comes from the server. */
  heard(): void {
    this.heardAt = this.clock.now();
    this.unanswered = 0;
  }

  private arm(delayMs: number): void {
    this.timer = this.clock.setTimer(() => this.look(), delayMs, true);
  }

  private look(): void {
    this.timer = undefined;
    const silentMs = this.clock.now() - this.heardAt;
    if (silentMs < QUIET_MS) {
      this.patience = UNANSWERED;
      this.arm(QUIET_MS - silentMs);
      return;
    }
    if (this.unanswered >= this.patience) {
      this.patience = Math.min(2 * this.patience, MOST_UNANSWERED);
      this.giveUp();
      return;
    }
    this.unanswered++;
    this.arm(QUIET_MS);
    // It rejects when the connection is lost, which is noticed elsewhere.
    this.ping().then(
      () => {
        this.heard();
        this.patience = UNANSWERED;
      },
      () => undefined,
    );
  }
}
