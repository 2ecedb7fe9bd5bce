import type { Clock } from '@iec104mm2ss/runtime';
import { type LogPlace, rtuLinkUp, STATE_PERIOD_MS, type StateMessage } from '@iec104mm2ss/wire';

/** A connector that has not been heard for so long is not counted on. */
export const RTU_SILENCE_MS = 5 * STATE_PERIOD_MS;

/** What a statement of the connector means beside its words. */
export interface RtuChange {
  /** Another connector, or the same one with a lease of its own again. */
  readonly connector: boolean;
  /** The link, or the connector, is another one than before: it has not heard what is safe. */
  readonly link: boolean;
  /** Why the RTU counts as lost. Its masters are to get what was received before `end`. */
  readonly lost?: { readonly reason: string; readonly end: LogPlace };
}

/**
 * What is known of the RTU link of one group, from the `.state` of the holder of its connector's lease.
 *
 * The RTU is lost when the connector that had the link says so, or has another link. A connector that takes over gets the
 * hold time to open its own, which the gateways watch over: masters do not notice that.
 */
export class RtuLink {
  private last: StateMessage | undefined;
  private heardAt = -Infinity;
  /** Connector and epoch of the link that is up. */
  private up = false;
  private connector = '';
  private epoch = 0;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  heard(state: StateMessage): RtuChange {
    const before = this.last;
    this.last = state;
    this.heardAt = this.clock.now();
    const change = {
      connector: before !== undefined && before.fence !== state.fence,
      link: before === undefined || before.fence !== state.fence || before.epoch !== state.epoch,
    };
    const reason = this.lostBy(state);
    if (rtuLinkUp(state.state)) {
      this.up = true;
      this.connector = state.connector;
      this.epoch = state.epoch;
    } else if (reason !== undefined) this.up = false;
    if (reason === undefined) return change;
    return { ...change, lost: { reason, end: { generation: state.generation, position: state.next } } };
  }

  /** What the connector said last; undefined when that is long ago. */
  get state(): StateMessage | undefined {
    return this.clock.now() - this.heardAt < RTU_SILENCE_MS ? this.last : undefined;
  }

  /** IP address of the RTU; null while there is no link. */
  get address(): string | null {
    const { state } = this;
    return state !== undefined && rtuLinkUp(state.state) ? state.address : null;
  }

  private lostBy(state: StateMessage): string | undefined {
    if (!this.up || this.connector !== state.connector) return undefined;
    if (!rtuLinkUp(state.state)) return `the RTU link is down (${state.reason})`;
    return this.epoch === state.epoch ? undefined : 'the RTU was connected anew';
  }
}
