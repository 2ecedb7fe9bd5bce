import type { GroupConfig, Limits } from '@iec104mm2ss/config';
import { sourceOf } from '@iec104mm2ss/observability';
import { type Clock, TokenBuckets } from '@iec104mm2ss/runtime';
import { Turns } from './turns.js';

/** Sources that are remembered; the one that was heard of longest ago is forgotten. */
export const MAX_SOURCES = 4_096;
/** All masters of a group may be behind one address, each with a connection that ended and one that it opens anew. */
const CONNECTIONS_PER_PLACE = 2;

/** What all groups of a process share: how fast connections of one source may come, and how many are looked at together. */
export class ConnectionLimits {
  /** Those that are let in: their handshake with TLS, if any, and what waits for the router's word. */
  readonly admissions: Turns;
  /** By group and source. */
  private readonly sources = new TokenBuckets(MAX_SOURCES);

  constructor(
    readonly limits: Limits,
    private readonly clock: Clock,
  ) {
    this.admissions = new Turns(clock, limits.admissions, limits.waiting);
  }

  /** Sources that are remembered. */
  get size(): number {
    return this.sources.size;
  }

  /** One more connection of `peer` (`address:port`); false: too many came within a short time. */
  mayConnect({ id, maxConnections }: Pick<GroupConfig, 'id' | 'maxConnections'>, peer: string): boolean {
    const now = this.clock.now();
    const key = `${id} ${sourceOf(peer)}`;
    const burst = Math.max(this.limits['connect-burst'], CONNECTIONS_PER_PLACE * maxConnections);
    return this.sources.of(key, this.limits.connects, burst, now).take(1, now) > 0;
  }
}
