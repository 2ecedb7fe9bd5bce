import type { Bus, Lease } from './bus.js';

/** What a group has one of at a time. */
export type GroupRole = 'connector' | 'router';

/** Key of the lease that says who is it for a group. */
export function leaseKey(role: GroupRole, group: string): string {
  return `${role}.${group}`;
}

/** A lease from the moment it is acquired until it is lost. */
export interface HeldLease {
  readonly fence: number;
  /** See Lease.certain; false for ever once it is lost. */
  readonly certain: boolean;
  /** See Lease.heldUp. */
  readonly heldUp: boolean;
  /** Called when it is certain again. One listener. */
  onCertain(listener: () => void): void;
}

export interface GroupLeaseEvents<T> {
  /** The group is ours: returns what serves it. */
  begin(group: string, lease: HeldLease): T;
  /** It is ours no longer. */
  end(group: string, serving: T, reason: string): void;
}

/** The groups that this process serves in one role: those whose leases it holds, each with what serves it. */
export class GroupLeases<T> {
  private readonly leases = new Map<string, Lease>();
  private readonly serving = new Map<string, T>();

  /** @param pool members of it share the groups evenly; undefined: the first to come keeps a group, others stand by */
  constructor(
    private readonly bus: Bus,
    private readonly role: GroupRole,
    private readonly pool: string | undefined,
    private readonly events: GroupLeaseEvents<T>,
  ) {}

  /** Wants the group from now on. */
  want(group: string): void {
    let onCertain: () => void = () => undefined;
    const lease = this.bus.lease({
      key: leaseKey(this.role, group),
      ...(this.pool === undefined ? {} : { pool: this.pool }),
      onAcquired: (fence) => {
        onCertain = () => undefined;
        const held: HeldLease = {
          fence,
          get certain() {
            return lease.fence === fence && lease.certain;
          },
          get heldUp() {
            return lease.heldUp;
          },
          onCertain: (listener) => {
            onCertain = listener;
          },
        };
        this.serving.set(group, this.events.begin(group, held));
      },
      onLost: (reason) => this.end(group, reason),
    });
    lease.onCertain(() => onCertain());
    this.leases.set(group, lease);
  }

  /** Gives the group back, and does not want it any more. */
  async forget(group: string): Promise<void> {
    const lease = this.leases.get(group);
    this.leases.delete(group);
    await lease?.release();
    this.end(group, 'released');
  }

  get(group: string): T | undefined {
    return this.serving.get(group);
  }

  /** What serves the groups that are ours. */
  all(): T[] {
    return [...this.serving.values()];
  }

  /** Gives everything back. */
  async release(): Promise<void> {
    await Promise.all([...this.leases.values()].map((lease) => lease.release()));
    for (const group of [...this.serving.keys()]) this.end(group, 'released');
    this.leases.clear();
  }

  private end(group: string, reason: string): void {
    const serving = this.serving.get(group);
    if (serving === undefined) return;
    this.serving.delete(group);
    this.events.end(group, serving, reason);
  }
}
