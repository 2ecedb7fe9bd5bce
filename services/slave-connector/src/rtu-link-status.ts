import type { Clock } from '@iec104mm2ss/runtime';
import type { RtuState } from '@iec104mm2ss/wire';

/** From which states each state may be entered. */
const ALLOWED: Readonly<Record<RtuState, readonly RtuState[]>> = {
  disconnected: ['connecting', 'connected', 'starting', 'started', 'stopping'],
  connecting: ['disconnected'],
  // From started: the RTU stopped by itself.
  connected: ['connecting', 'stopping', 'started'],
  starting: ['connected'],
  // From connected: the RTU started by itself.
  started: ['starting', 'connected'],
  stopping: ['started'],
};

/** What state the link to the RTU is in, since when and why. */
export class RtuLinkStatus {
  state: RtuState = 'disconnected';
  /** ms since 1970-01-01 UTC. */
  since: number;
  reason = 'not started';

  constructor(private readonly clock: Pick<Clock, 'wallMs'>) {
    this.since = clock.wallMs();
  }

  /** @returns the state before */
  enter(to: RtuState, reason: string): RtuState {
    const from = this.state;
    if (!ALLOWED[to].includes(from)) throw new Error(`RTU link state ${from} -> ${to} (${reason}) is not allowed`);
    this.state = to;
    this.since = this.clock.wallMs();
    this.reason = reason;
    return from;
  }
}
