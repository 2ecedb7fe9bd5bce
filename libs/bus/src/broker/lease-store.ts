import type { Clock } from '@iec104mm2ss/runtime';
import { decodeLeaseEntry, encodeLeaseEntry, type LeaseEntry, WireError } from '@iec104mm2ss/wire';
import type { BrokerBucket } from '../broker.js';
import { BusError } from '../bus.js';

/** 2020-01-01 UTC, s since 1970: keeps fences small. */
const FENCE_EPOCH_S = 1_577_836_800;
/** A clock that is wrong by centuries must leave room for fences to grow. */
const LARGEST_FENCE_BY_CLOCK = 0xf000_0000;
/** No fence is larger than this one, so an entry with it cannot be followed by another. */
const LAST_FENCE = 0xffff_ffff;

/** What is stored of a lease. */
export interface StoredLease {
  /** Undefined when it cannot be read; whoever takes the lease replaces it. */
  readonly entry: LeaseEntry | undefined;
  /** 0: nobody ever held it. */
  readonly revision: number;
}

const NEVER_HELD: LeaseEntry = { holder: null, fence: 0 };

/** The bucket of leases: one small value for each, changed by compare-and-swap only. */
export class LeaseStore {
  /** The largest fence known of each lease: a store that is restored or lost does not know it. */
  private readonly fences = new Map<string, number>();
  /** Entries as they were read or written here last. */
  private readonly entries = new Map<string, LeaseEntry>();
  /** Revisions of entries that were reported as unreadable. */
  private readonly reported = new Map<string, number>();

  constructor(
    private readonly bucket: () => Promise<BrokerBucket>,
    private readonly clock: Pick<Clock, 'wallMs'>,
    private readonly trouble: (message: string) => void,
  ) {}

  async read(key: string): Promise<StoredLease> {
    const stored = await (await this.bucket()).get(key);
    this.entries.delete(key);
    if (stored === undefined) return { entry: NEVER_HELD, revision: 0 };
    const { value, revision } = stored;
    const entry = decodeLeaseEntry(value);
    if (entry instanceof WireError) return this.unreadable(key, revision, entry.message);
    if (entry.fence === LAST_FENCE) return this.unreadable(key, revision, `no fence is larger than ${entry.fence}`);
    this.learn(key, entry.fence);
    this.entries.set(key, entry);
    return { entry, revision };
  }

  /** The entry as it was read or written here last; undefined if it is not known. It may have changed since. */
  known(key: string): LeaseEntry | undefined {
    return this.entries.get(key);
  }

  /** What is stored, for those who obey the holder. Rejects with BusError when it cannot be read. */
  async entry(key: string): Promise<LeaseEntry> {
    const { entry } = await this.read(key);
    if (entry === undefined) throw new BusError('UNAVAILABLE', `the entry of lease ${key} cannot be read`);
    return entry;
  }

  /** Rejects with CONFLICT when it was changed since it was read with `revision`. */
  async swap(key: string, entry: LeaseEntry, revision: number): Promise<void> {
    this.learn(key, entry.fence);
    this.entries.delete(key);
    await (await this.bucket()).swap(key, encodeLeaseEntry(entry), revision);
    this.entries.set(key, entry);
  }

  /** Gives an entry whose fence is not larger than `above` one that is. Rejects with CONFLICT when it was changed meanwhile. */
  async raise(key: string, above: number): Promise<void> {
    const { entry, revision } = await this.read(key);
    const fence = above + 1;
    // There must be room for the one that its holder takes then.
    if (entry === undefined || entry.fence > above || fence + 1 >= LAST_FENCE) return;
    await this.swap(key, { ...entry, fence }, revision);
  }

  /** Larger than every earlier one; wall time sees to that when the store was lost. */
  nextFence(key: string): number {
    const seconds = Math.max(0, Math.floor(this.clock.wallMs() / 1000) - FENCE_EPOCH_S);
    const byClock = Math.min(seconds, LARGEST_FENCE_BY_CLOCK);
    const next = (this.fences.get(key) ?? 0) + 1;
    if (next < LAST_FENCE) return Math.max(next, byClock);
    // A spoilt entry had the largest fence there is: go on with a smaller one.
    this.fences.delete(key);
    return byClock;
  }

  private learn(key: string, fence: number): void {
    if (fence > (this.fences.get(key) ?? 0) && fence < LAST_FENCE) this.fences.set(key, fence);
  }

  private unreadable(key: string, revision: number, reason: string): StoredLease {
    if (this.reported.get(key) !== revision) {
      this.reported.set(key, revision);
      this.trouble(`the entry of lease ${key} is set aside: ${reason}`);
    }
    return { entry: undefined, revision };
  }
}

/** Somebody else was faster: nothing is wrong. */
export function isConflict(error: unknown): boolean {
  return error instanceof BusError && error.code === 'CONFLICT';
}
