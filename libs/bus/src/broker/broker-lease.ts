import type { Lease, LeaseOptions } from '../bus.js';
import type { StoredLease } from './lease-store.js';

/**
 * `wanted`: somebody else has it, or nobody. `changing`: our entry is being written. `held`. `released`: not wanted any more.
 */
export type LeaseState = 'wanted' | 'changing' | 'held' | 'released';

export interface LeaseManager {
  /** Notices that this process was held up. */
  lookAtLoop(): void;
  release(lease: BrokerLease): Promise<void>;
}

/** One lease that this process wants, and what it knows of it. */
export class BrokerLease implements Lease {
  state: LeaseState = 'wanted';
  /** Fence of the entry that we wrote last, whether it is known to be stored or not; 0: none. */
  claimed = 0;
  /** Settled when our entry has been written, or not. */
  change: Promise<void> = Promise.resolve();
  /** What is stored, as far as known, and since when this revision of it is known. */
  stored: StoredLease | undefined;
  storedSince = 0;
  /** When the entry was read last, and when it is to be read again without a reason. */
  readAt = -Infinity;
  readAgainAt = -Infinity;
  reading = false;
  /** Something is to be done with it, and has not had its turn. */
  waiting = false;
  /** When its holder, as stored, said last that it has it. */
  heardAt = -Infinity;
  /** Until when it is not handed over to another member of its pool. */
  keptUntil = -Infinity;
  /** There is a reason to read it. */
  stale = true;
  /** How often others may have taken it without our knowing, and up to which of these times that was looked into. */
  private doubts = 0;
  private cleared = 0;
  /** The last of these times at which this process had not run. */
  private heldUpAt = 0;
  private readonly listeners: (() => void)[] = [];

  constructor(
    readonly options: LeaseOptions,
    private readonly manager: LeaseManager,
  ) {}

  get key(): string {
    return this.options.key;
  }

  get fence(): number {
    return this.state === 'held' ? this.claimed : 0;
  }

  get released(): boolean {
    return this.state === 'released';
  }

  get certain(): boolean {
    this.manager.lookAtLoop();
    return this.state === 'held' && !this.doubtful;
  }

  get heldUp(): boolean {
    this.manager.lookAtLoop();
    return this.heldUpAt > this.cleared;
  }

  get doubtful(): boolean {
    return this.doubts !== this.cleared;
  }

  onCertain(listener: () => void): void {
    this.listeners.push(listener);
  }

  release(): Promise<void> {
    return this.manager.release(this);
  }

  /** The entry was read. */
  saw(stored: StoredLease, now: number): void {
    if (this.stored?.revision !== stored.revision) this.storedSince = now;
    this.stored = stored;
  }

  /** @param heldUp this process did not run; else it was cut off from the server */
  doubt(heldUp: boolean): void {
    this.doubts++;
    if (heldUp) this.heldUpAt = this.doubts;
  }

  /** To be called before our entry is written; what it returns is to be called when it is stored. */
  beginClearing(): () => void {
    const { doubts } = this;
    return () => {
      const wasDoubtful = this.doubtful;
      this.cleared = doubts;
      if (wasDoubtful && !this.doubtful && this.state === 'held') for (const listener of this.listeners) listener();
    };
  }
}
