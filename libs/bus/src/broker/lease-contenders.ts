import { type Beacon, decodeBeacon, encodeBeacon, WireError } from '@iec104mm2ss/wire';
import type { Subscription } from '../bus.js';
import { leasePresenceSubject, presenceSubject } from '../subjects.js';
import type { Member, PresenceWorld } from './presence.js';
import type { Presences } from './presences.js';

/** Somebody says that it has taken a lease (`holds`) or left it. */
export type MovedListener = (key: string, by: { readonly instance: string; readonly holds: boolean }) => void;

/**
 * Who else wants the leases that this process wants. Those of a pool hear of each other on the pool's subject, and of each
 * lease of the pool only when it changes hands. Those of a lease without a pool have a subject of their own.
 */
export class LeaseContenders {
  /** Pools of the leases that this process wants. */
  readonly pools = new Set<string>();
  private readonly poolSubscriptions: Subscription[] = [];
  private moved: MovedListener = () => undefined;
  private gone: (instance: string) => void = () => undefined;

  constructor(
    private readonly world: PresenceWorld,
    private readonly presences: Presences,
  ) {}

  onMoved(listener: MovedListener): void {
    this.moved = listener;
  }
  /** Called with the instance name of a contender that is gone. */
  onGone(listener: (instance: string) => void): void {
    this.gone = listener;
  }

  /** @param held how many leases this process holds, of the pool or of this key */
  join(key: string, pool: string | undefined, held: () => number): void {
    if (pool !== undefined) return this.joinPool(pool, held);
    const presence = this.presences.ofLease(key);
    if (presence.speaks) return;
    presence.onBeacon((beacon) => this.onBeacon(key, beacon));
    presence.onGone(({ instance }) => this.gone(instance));
    presence.speak(held);
  }

  leave(key: string, pool: string | undefined): void {
    if (pool === undefined) this.presences.forget(key);
  }

  membersOf(pool: string): Member[] {
    return [...this.presences.ofPool(pool).members.values()];
  }

  /** Nobody else has been heard for a while that wants the lease. */
  isAlone(key: string, pool: string | undefined): boolean {
    return pool === undefined && (this.presences.find(key)?.alone ?? true);
  }

  silenceOf(instance: string, key: string, pool: string | undefined): number {
    const presence = pool === undefined ? this.presences.ofLease(key) : this.presences.ofPool(pool);
    return presence.silenceOf(instance);
  }

  /** Tells the others that this process has taken the lease (`holds`) or left it. */
  tell(key: string, pool: string | undefined, holds: boolean): void {
    const { broker, instance } = this.world;
    const presence = pool === undefined ? this.presences.find(key) : this.presences.ofPool(pool);
    if (pool !== undefined || presence === undefined) {
      const beacon = { instance, held: holds ? 1 : 0, leaving: presence === undefined };
      broker.publish(leasePresenceSubject(key, pool), encodeBeacon(beacon));
    }
    presence?.send();
  }

  stop(): void {
    for (const subscription of this.poolSubscriptions) subscription.unsubscribe();
  }

  private joinPool(pool: string, held: () => number): void {
    if (this.pools.has(pool)) return;
    this.pools.add(pool);
    const presence = this.presences.ofPool(pool);
    presence.onGone(({ instance }) => this.gone(instance));
    presence.speak(held);
    const prefix = `${presenceSubject(pool)}.`;
    const subscription = this.world.broker.subscribe(`${prefix}>`, ({ subject, data }) => {
      const beacon = decodeBeacon(data);
      if (beacon instanceof WireError) this.world.drops.add(subject, beacon.code, beacon.message);
      else this.onBeacon(subject.slice(prefix.length), beacon);
    });
    this.poolSubscriptions.push(subscription);
  }

  private onBeacon(key: string, { instance, held, leaving }: Beacon): void {
    if (instance !== this.world.instance) this.moved(key, { instance, holds: held > 0 && !leaving });
  }
}
