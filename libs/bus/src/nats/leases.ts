import type { KV } from '@nats-io/kv';
import type { Lease, LeaseOptions } from '../bus.js';
import { decodeJson, encodeJson } from '../messages/state-message.js';
import { BEACON_MS, type Presence, SILENCE_MS } from './presence.js';

/** 2020-01-01 UTC, s since 1970: keeps fences small. */
const FENCE_EPOCH_S = 1_577_836_800;

/** What the bucket says of a lease. `fence` only grows. */
interface LeaseEntry {
  readonly holder: string | null;
  readonly fence: number;
}

class NatsLease implements Lease {
  fence = 0;
  wanted = true;
  busy = false;
  /** Its holder was known and is gone: there is no need to wait for it. */
  orphaned = false;
  /** Since when nobody was heard to hold it, monotonic ms. */
  unheldSince: number;

  constructor(
    readonly options: LeaseOptions,
    private readonly leave: (lease: NatsLease) => Promise<void>,
    now: number,
  ) {
    this.unheldSince = now;
  }

  release(): Promise<void> {
    this.wanted = false;
    return this.leave(this);
  }
}

/**
 * Exclusive ownership: a key-value entry per lease, written only when it changes hands (compare and swap on its revision),
 * and the holders' beacons, which say that they live. So a lease costs nothing while it is held.
 *
 * A holder that is silent for SILENCE_MS loses its leases to whoever swaps the entry first. It learns that from the new
 * holder's beacon; until then its messages carry the smaller fence and are refused.
 */
export class Leases {
  private readonly leases = new Map<string, NatsLease>();
  private readonly timer: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly entries: () => Promise<KV>,
    private readonly presence: Presence,
    private readonly isConnected: () => boolean,
    private readonly trouble: (message: string) => void,
  ) {
    this.timer = setInterval(() => this.tick(), BEACON_MS);
    presence.onBeaconOf((member) => {
      for (const [key, fence] of Object.entries(member.claims)) {
        const lease = this.leases.get(key);
        if (lease !== undefined && lease.fence > 0 && fence > lease.fence)
          this.lose(lease, `taken over by ${member.instance}`);
      }
    });
    presence.onGone((member) => {
      for (const key of Object.keys(member.claims)) {
        const lease = this.leases.get(key);
        if (lease !== undefined) lease.orphaned = true;
      }
      this.tick();
    });
  }

  add(options: LeaseOptions): Lease {
    const lease = new NatsLease(options, (leaving) => this.leave(leaving), performance.now());
    this.leases.set(options.key, lease);
    if (options.pool !== undefined) this.presence.pools.add(options.pool);
    setImmediate(() => this.tick());
    return lease;
  }

  /** After a loss of connection: is what we hold still ours? */
  async verify(): Promise<void> {
    for (const lease of this.leases.values()) {
      if (lease.fence === 0) continue;
      const entry = await this.read(lease.options.key);
      if (entry.value.holder !== this.presence.instance || entry.value.fence !== lease.fence) {
        this.lose(lease, 'taken over while the bus could not be reached');
      }
    }
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  private tick(): void {
    if (this.stopped || !this.isConnected()) {
      for (const lease of this.leases.values()) lease.unheldSince = performance.now();
      return;
    }
    const now = performance.now();
    const claimed = new Set<string>();
    for (const member of this.presence.members.values()) for (const key of Object.keys(member.claims)) claimed.add(key);
    for (const lease of this.leases.values()) {
      if (claimed.has(lease.options.key)) {
        lease.unheldSince = now;
        lease.orphaned = false;
      } else if (lease.wanted && lease.fence === 0 && !lease.busy && this.mayTake(lease)) void this.take(lease, now);
    }
    this.giveAway();
  }

  private mayTake({ options: { pool } }: NatsLease): boolean {
    if (pool === undefined) return true;
    const { held, all, members } = this.share(pool);
    return held < Math.ceil(all / members.length);
  }

  /** Gives one lease of a pool back when another member has less than its share. */
  private giveAway(): void {
    for (const pool of this.presence.pools) {
      const { held, all, members } = this.share(pool);
      const share = Math.floor(all / members.length);
      if (all === 0 || held <= share) continue;
      const poor = [...this.presence.members.values()].some(
        (member) => member.pools.includes(pool) && this.countClaims(member.claims, pool) < share,
      );
      if (!poor) continue;
      const lease = [...this.leases.values()].find(
        ({ options, fence, busy }) => options.pool === pool && fence > 0 && !busy,
      );
      if (lease !== undefined) void this.giveBack(lease, 'handed over to share the load');
    }
  }

  private share(pool: string): { held: number; all: number; members: string[] } {
    const mine = [...this.leases.values()].filter(({ options }) => options.pool === pool);
    return {
      held: mine.filter(({ fence, busy }) => fence > 0 || busy).length,
      all: mine.length,
      members: this.presence.livingIn(pool),
    };
  }

  private countClaims(claims: Readonly<Record<string, number>>, pool: string): number {
    return Object.keys(claims).filter((key) => this.leases.get(key)?.options.pool === pool).length;
  }

  private async take(lease: NatsLease, now: number): Promise<void> {
    lease.busy = true;
    try {
      const { key } = lease.options;
      const { value, revision } = await this.read(key);
      const free = value.holder === null || value.holder === this.presence.instance;
      // A holder that has not been heard yet gets the time to be.
      if (!free && now - lease.unheldSince < SILENCE_MS && !lease.orphaned) return;
      const entry: LeaseEntry = { holder: this.presence.instance, fence: fenceAfter(value.fence) };
      // Revision 0: nobody ever held it.
      const entries = await this.entries();
      if (revision === 0) await entries.create(key, encodeJson(entry));
      else await entries.update(key, encodeJson(entry), revision);
      if (this.stopped || !lease.wanted) return;
      lease.fence = entry.fence;
      this.presence.claims.set(key, entry.fence);
      this.presence.send();
      lease.options.onAcquired(entry.fence);
    } catch (error) {
      // Somebody else was faster, or the server is away: the next tick looks again.
      if (!isWrongRevision(error)) this.trouble(`lease ${lease.options.key} not taken: ${String(error)}`);
    } finally {
      lease.busy = false;
    }
  }

  private async read(key: string): Promise<{ value: LeaseEntry; revision: number }> {
    const entry = await (await this.entries()).get(key);
    const value = entry === null ? undefined : decodeJson<LeaseEntry>(entry.value);
    return { value: value ?? { holder: null, fence: 0 }, revision: entry?.revision ?? 0 };
  }

  private async leave(lease: NatsLease): Promise<void> {
    this.leases.delete(lease.options.key);
    if (lease.fence > 0) await this.giveBack(lease, 'released');
  }

  private async giveBack(lease: NatsLease, reason: string): Promise<void> {
    const { fence, options } = lease;
    lease.busy = true;
    try {
      this.lose(lease, reason);
      const { value, revision } = await this.read(options.key);
      if (value.holder !== this.presence.instance || value.fence !== fence) return;
      const entry: LeaseEntry = { holder: null, fence };
      await (await this.entries()).update(options.key, encodeJson(entry), revision);
    } catch (error) {
      // The others take the lease when they miss our beacon.
      this.trouble(`lease ${options.key} not given back: ${String(error)}`);
    } finally {
      lease.busy = false;
      this.presence.send();
    }
  }

  private lose(lease: NatsLease, reason: string): void {
    if (lease.fence === 0) return;
    lease.fence = 0;
    lease.unheldSince = performance.now();
    this.presence.claims.delete(lease.options.key);
    lease.options.onLost(reason);
  }
}

/** Larger than every earlier one; the clock sees to that when a server has lost its store, and the earlier one with it. */
function fenceAfter(earlier: number): number {
  return Math.max(earlier + 1, Math.floor(Date.now() / 1000) - FENCE_EPOCH_S);
}

/** The server's "wrong last sequence": the entry was changed since it was read. */
function isWrongRevision(error: unknown): boolean {
  return WRONG_LAST_SEQUENCE.includes((error as { code?: number }).code);
}

/** Of a single server, and of a cluster in which two wrote at once. */
const WRONG_LAST_SEQUENCE: readonly (number | undefined)[] = [10071, 10164];
