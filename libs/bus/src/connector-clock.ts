import type { Clock } from '@iec104mm2ss/runtime';

/** Two good clocks drift apart by less than this fraction; what was heard longer ago counts as so much earlier. */
const DRIFT = 0.0005;

/**
 * What a router or a gateway knows of the connector's clock, from its `.state`. Every estimate is at most the true time, so
 * a deadline computed with it errs on the early side.
 */
export class ConnectorClock {
  private fence = 0;
  /** Connector's time less ours, as far as known. */
  private offset = -Infinity;
  private heardAt = 0;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /**
   * The connector with this lease fence said, a moment ago at most, that its clock shows `time`. The fence has been checked
   * (FenceGuard).
   */
  heard(fence: number, time: number): void {
    const now = this.clock.now();
    const known = fence === this.fence ? this.offset - (now - this.heardAt) * DRIFT : -Infinity;
    this.fence = fence;
    this.offset = Math.max(known, time - now);
    this.heardAt = now;
  }

  /** Fence of the connector whose clock this is; 0: none was heard. */
  get connectorFence(): number {
    return this.fence;
  }

  /** The connector's time, or earlier; undefined when it was never heard. */
  now(): number | undefined {
    if (this.fence === 0) return undefined;
    const now = this.clock.now();
    return now + this.offset - (now - this.heardAt) * DRIFT;
  }

  /** How long until `deadline` of this connector's clock, or longer; undefined for another connector's. */
  remaining(fence: number, deadline: number): number | undefined {
    const now = fence === this.fence ? this.now() : undefined;
    return now === undefined ? undefined : deadline - now;
  }
}
