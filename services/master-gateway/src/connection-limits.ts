import type { GroupConfig, Limits } from '@iec104mm2ss/config';
import { sourceOf } from '@iec104mm2ss/observability';
import { type Clock, TokenBucket } from '@iec104mm2ss/runtime';
import { Turns } from './turns.js';

/** Sources that are remembered; the one that was heard of longest ago is forgotten. */
export const MAX_SOURCES = 4_096;
/** All masters of a group may be behind one address, each with a connection that ended and one that it opens anew. */
const CONNECTIONS_PER_PLACE = 2;

/** What all groups of a process share: how fast connections of one source may come, and how many are looked at together. */
export class ConnectionLimits {
  /** Those that are let in: their handshake with TLS, if any, and what waits for the router's word. */
  readonly admissions: Turns;
  /** By group and source; the one that was heard of longest ago first. */
  private readonly sources = new Map<string, TokenBucket>();

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
    const bucket = this.sources.get(key) ?? new TokenBucket(this.limits.connects, burst, now);
    this.sources.delete(key);
    this.sources.set(key, bucket);
    if (this.sources.size > MAX_SOURCES) this.sources.delete(this.sources.keys().next().value as string);
    return bucket.take(1, now) > 0;
  }
}
