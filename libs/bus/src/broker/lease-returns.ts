import type { Clock } from '@iec104mm2ss/runtime';
import pLimit from 'p-limit';
import type { BrokerLease } from './broker-lease.js';
import type { LeaseContenders } from './lease-contenders.js';
import { isConflict, type LeaseStore } from './lease-store.js';

/** Pause before a lease that could not be given back is given back again. */
const AGAIN_MS = 500;
/** Leases that are given back at a time: with more the last ones would not be answered in time. */
const AT_ONCE = 16;

export interface ReturnsWorld {
  readonly clock: Clock;
  readonly instance: string;
  readonly store: LeaseStore;
  readonly contenders: LeaseContenders;
}

/** Gives back leases that this process has, or may have: until their entries say so. */
export class LeaseReturns {
  private readonly timers = new Set<unknown>();
  private readonly limit = pLimit(AT_ONCE);
  private stopped = false;

  constructor(
    private readonly world: ReturnsWorld,
    private readonly failed: (what: string, error: unknown) => void,
  ) {}

  /** Resolves after the first attempt; others follow by themselves while there is need. */
  giveBack(lease: BrokerLease): Promise<void> {
    return this.limit(() => this.attempt(lease));
  }

  private async attempt(lease: BrokerLease): Promise<void> {
    const { store, instance, contenders } = this.world;
    const { key, claimed, options } = lease;
    if (claimed === 0) return;
    try {
      const { entry, revision } = await store.read(key);
      if (entry?.holder !== instance || entry.fence !== claimed) return;
      await store.swap(key, { holder: null, fence: claimed }, revision);
      contenders.tell(key, options.pool, false);
    } catch (error) {
      if (this.stopped) return;
      if (!isConflict(error)) this.failed(`lease ${key} was not given back`, error);
      this.later(() => void this.giveBack(lease));
    }
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) this.world.clock.clearTimer(timer);
    this.timers.clear();
  }

  private later(again: () => void): void {
    const timer = this.world.clock.setTimer(() => {
      this.timers.delete(timer);
      again();
    }, AGAIN_MS);
    this.timers.add(timer);
  }
}
