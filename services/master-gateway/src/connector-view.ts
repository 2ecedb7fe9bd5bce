import { rtuLinkUp, STATE_PERIOD_MS, type StateMessage } from '@iec104mm2ss/wire';

/** Why masters have to go. `code` is a stable word for metrics and logs, `message` is for a person. */
export interface Loss {
  readonly code: 'rtu_lost' | 'connector_silent' | 'router_silent';
  readonly message: string;
}

/** After the bus was away, parts get this long to be heard again before they count as silent. */
export const RECONNECT_GRACE_MS = 2_500;

/**
 * What is known of the RTU link of one group, from the `.state` of the holder of its connector's lease.
 *
 * The RTU is lost when the connector that had the link says so, or has another link. A connector that takes over gets the
 * hold time to open its own: masters do not notice that.
 */
export class ConnectorView {
  /** Masters may be connected. */
  up = false;
  private last: StateMessage | undefined;
  private heardAt = -Infinity;
  /** Connector and epoch of the link that is up, and when it was last said to be. */
  private connector = '';
  private epoch = 0;
  private upHeardAt = -Infinity;
  private graceUntil = -Infinity;

  constructor(private readonly holdMs: number) {}

  /** Returns why the RTU counts as lost; undefined: it does not, or was lost before. */
  heard(state: StateMessage, now: number): Loss | undefined {
    this.last = state;
    this.heardAt = now;
    const sameConnector = this.connector === state.connector;
    if (!rtuLinkUp(state.state)) {
      if (!this.up || !sameConnector) return undefined;
      this.up = false;
      return { code: 'rtu_lost', message: `the RTU link is down (${state.reason})` };
    }
    const anew = this.up && sameConnector && this.epoch !== state.epoch;
    this.up = true;
    this.connector = state.connector;
    this.epoch = state.epoch;
    this.upHeardAt = now;
    return anew ? { code: 'rtu_lost', message: 'the RTU was connected anew' } : undefined;
  }

  /** When `silent` has to be called. */
  get deadline(): number {
    return this.up ? Math.max(this.upHeardAt + this.holdMs + STATE_PERIOD_MS, this.graceUntil) : Infinity;
  }

  /** The RTU link has not been said to be up for too long. */
  silent(now: number): Loss | undefined {
    if (this.deadline > now) return undefined;
    this.up = false;
    const seconds = this.holdMs / 1000;
    const state = this.state(now);
    if (state === undefined) {
      return { code: 'connector_silent', message: `no sign of the RTU's connector for ${seconds} s` };
    }
    return { code: 'rtu_lost', message: `no RTU link for ${seconds} s (${state.reason})` };
  }

  /** The connection to the bus is back. */
  reconnected(now: number): void {
    this.graceUntil = now + RECONNECT_GRACE_MS;
  }

  /** What was said last; undefined when that is too long ago. */
  state(now: number): StateMessage | undefined {
    return now < this.heardAt + this.holdMs + STATE_PERIOD_MS ? this.last : undefined;
  }

  /** Where the log went on when the connector was last heard. */
  get logEnd(): { readonly generation: number; readonly next: number } {
    return { generation: this.last?.generation ?? 0, next: this.last?.next ?? 0 };
  }
}
