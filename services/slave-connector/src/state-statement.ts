import { Beat } from '@iec104mm2ss/runtime';
import { encodeState, STATE_PERIOD_MS, type StateMessage } from '@iec104mm2ss/wire';

/** What is stated; undefined while there is nothing to say. */
export type StatedState = Omit<StateMessage, 'v'>;

/** States what this connector has, on every change and every STATE_PERIOD_MS. */
export class StateStatement {
  private dueAt = Infinity;
  private stopped = false;
  private readonly beat: Beat;

  constructor(
    group: string,
    private readonly now: () => number,
    private readonly compose: () => StatedState | undefined,
    private readonly publish: (message: Buffer) => void,
    private readonly onDeadlineMoved: () => void,
  ) {
    this.beat = new Beat(STATE_PERIOD_MS, group);
  }

  /** States it now, and from now on. */
  state(): void {
    if (this.stopped) return;
    this.dueAt = this.beat.after(this.now());
    this.onDeadlineMoved();
    const state = this.compose();
    if (state !== undefined) this.publish(encodeState(state));
  }

  /** Says nothing more. */
  stop(): void {
    this.stopped = true;
    this.dueAt = Infinity;
  }

  nextDeadline(): number {
    return this.dueAt;
  }

  onDeadline(now: number): void {
    if (this.dueAt <= now) this.state();
  }
}
