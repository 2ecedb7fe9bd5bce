import pLimit from 'p-limit';
import type { Lease, LeaseOptions } from '../bus.js';
import { Soon } from '../soon.js';
import { BrokerLease, type LeaseManager } from './broker-lease.js';
import { FreeLeases, NOBODYS_MS } from './free-leases.js';
import { surplusOf } from './lease-shares.js';
import { LeaseReturns } from './lease-returns.js';
import { isConflict } from './lease-store.js';
import { LeaseTrouble } from './lease-trouble.js';
import type { LeaseWorld } from './lease-world.js';
import { HELD_UP_MS } from './loop-watch.js';

/**
 * How often an entry is read without a reason, about, beside others and where nobody else is heard; and how often at most
 * because of what was heard.
 */
const READ_AGAIN_MS = 5_000;
const READ_AGAIN_ALONE_MS = 10_000;
const READ_PAUSE_MS = 1_000;
/** A holder that was held up says that it lives before it writes its entry: that is read so much later. */
const WRITTEN_MS = 500;
/**
 * Leases that are looked at, and as many that are verified, at a time. More would wait in the server's queue: what takes longer than
 * HELD_UP_MS was in vain, so that a process with a thousand leases would never have any.
 */
const AT_ONCE = 16;
/** Such a one is not handed over for so long: nobody else seems to want it. */
const KEPT_MS = 300_000;

/**
 * Exclusive ownership: an entry per lease in a bucket, written only when it changes hands, so a lease that is held costs
 * next to nothing.
 *
 * A contender takes a lease when its entry names nobody, or somebody that was silent for SILENCE_MS while the entry stayed
 * as it was. A holder reads the entry again when somebody else may have taken it: when somebody says so, after the
 * connection was lost, every few seconds. When this process was held up it also writes its entry once more, so that who was
 * about to take the lease fails and waits for another SILENCE_MS. What is heard decides nothing: it only makes us read.
 */
export class Leases implements LeaseManager {
  /** By key. Only the first of several in this process is active. */
  private readonly leases = new Map<string, BrokerLease[]>();
  private readonly returns: LeaseReturns;
  private readonly free: FreeLeases;
  private readonly trouble: LeaseTrouble;
  private stopped = false;
  private readonly ticking: Soon;
  private readonly looking = pLimit(AT_ONCE);
  private readonly verifying = pLimit(AT_ONCE);

  constructor(private readonly world: LeaseWorld) {
    this.trouble = new LeaseTrouble(world);
    this.returns = new LeaseReturns(world, (what, error) => this.trouble.report(what, error));
    this.free = new FreeLeases(world);
    this.ticking = new Soon(world.clock, () => this.tick());
    world.contenders.onMoved((key, at) => this.onMoved(key, at));
    world.contenders.onGone((instance) => this.onGone(instance));
  }

  add(options: LeaseOptions): Lease {
    const { key, pool } = options;
    const lease = new BrokerLease(options, this);
    const same = this.leases.get(key);
    if (same === undefined) this.leases.set(key, [lease]);
    else same.push(lease);
    this.world.contenders.join(key, pool, () => (pool === undefined ? this.heldOf(key) : this.heldIn(pool)));
    this.ticking.want();
    return lease;
  }

  /** Whether this process holds the lease or would take it. */
  wants(key: string): boolean {
    return this.leases.has(key);
  }

  /** How many leases of a pool are held. */
  heldIn(pool: string): number {
    return this.inPool(pool).filter(({ state }) => state === 'held').length;
  }

  /** This process holds the lease, and nobody else can have taken it. */
  isCertain(key: string): boolean {
    return this.leases.get(key)?.[0]?.certain === true;
  }

  /** To be called every BEACON_MS. */
  tick(): void {
    const { contenders, clock, random } = this.world;
    if (this.stopped || !this.world.connected()) return;
    for (const lease of this.active()) this.attend(lease);
    for (const pool of contenders.pools) {
      const surplus = surplusOf(this.inPool(pool), contenders.membersOf(pool), clock.now(), random);
      for (const lease of surplus) lease.change = this.handOver(lease);
    }
  }

  /** This process did not run (`heldUp`), or was cut off, for so long that others may have taken what it holds. */
  mayBeReplaced(heldUp: boolean): void {
    for (const lease of this.active()) {
      lease.doubt(heldUp);
      if (lease.state === 'held') this.attend(lease);
    }
  }

  /** The connection came back. */
  reconnected(): void {
    for (const lease of this.active()) {
      lease.doubt(false);
      lease.stale = true;
      lease.readAt = -Infinity;
    }
    this.tick();
  }

  stop(): void {
    this.stopped = true;
    this.returns.stop();
  }

  lookAtLoop(): void {
    this.world.lookAtLoop();
  }

  async release(lease: BrokerLease): Promise<void> {
    const { key, state, options } = lease;
    if (state === 'released') return;
    lease.state = 'released';
    const rest = (this.leases.get(key) ?? []).filter((each) => each !== lease);
    if (rest.length > 0) this.leases.set(key, rest);
    else this.leases.delete(key);
    if (state === 'held') this.callback(lease, () => options.onLost('released'));
    // Who is writing our entry gives it back.
    await (state === 'changing' ? lease.change.catch(() => undefined) : this.returns.giveBack(lease));
    if (rest.length > 0) this.tick();
    else if (!this.leases.has(key)) this.world.contenders.leave(key, options.pool);
  }

  private active(): BrokerLease[] {
    return [...this.leases.values()].map(([first]) => first as BrokerLease);
  }

  private inPool(pool: string): BrokerLease[] {
    return this.active().filter(({ options }) => options.pool === pool);
  }

  private heldOf(key: string): number {
    return this.leases.get(key)?.[0]?.state === 'held' ? 1 : 0;
  }

  /** Somebody says that it has taken (`holds`) or left a lease. */
  private onMoved(key: string, { instance, holds }: { readonly instance: string; readonly holds: boolean }): void {
    const lease = this.leases.get(key)?.[0];
    if (lease === undefined) return;
    const isHolder = lease.stored?.entry?.holder === instance;
    if (holds && isHolder) return this.heard(lease);
    if (!holds && !isHolder) return;
    lease.stale = true;
    if (!holds && lease.state === 'wanted') lease.readAt = -Infinity;
    this.attend(lease);
  }

  /**
   * The holder of a lease says so. If it was silent it has written its entry anew, or will in a moment: that counts from when we
   * know of it, so we had better know before it is silent again.
   */
  private heard(lease: BrokerLease): void {
    const now = this.world.clock.now();
    if (now - lease.heardAt > HELD_UP_MS) lease.readAgainAt = Math.min(lease.readAgainAt, now + WRITTEN_MS);
    lease.heardAt = now;
  }

  private onGone(instance: string): void {
    for (const lease of this.active()) if (lease.stored?.entry?.holder === instance) this.attend(lease);
  }

  /** Begins what is to be done with a lease, as soon as it has its turn. */
  private attend(lease: BrokerLease): void {
    const due = this.due(lease);
    if (due === undefined || lease.waiting) return;
    lease.waiting = true;
    const inTurn = due === 'verify' ? this.verifying : this.looking;
    void inTurn(async () => {
      lease.waiting = false;
      // It may have become another thing meanwhile, or nothing.
      if (this.due(lease) !== due) this.attend(lease);
      else if (due === 'verify') await this.verify(lease);
      else await this.look(lease);
    });
  }

  private due(lease: BrokerLease): 'look' | 'verify' | undefined {
    if (this.stopped || lease.reading || !this.world.connected()) return undefined;
    const now = this.world.clock.now();
    const read = now >= (lease.stale ? lease.readAt + READ_PAUSE_MS : lease.readAgainAt);
    if (lease.state === 'held') return read || lease.doubtful ? 'verify' : undefined;
    return lease.state === 'wanted' && (read || this.mayTake(lease)) ? 'look' : undefined;
  }

  /** Reads the entry of a lease that we do not hold, and takes it if we may. */
  private async look(lease: BrokerLease): Promise<void> {
    try {
      await this.read(lease);
      if (this.stopped || lease.state !== 'wanted') return;
      // Its holder writes it anew if it hears of that. Those of no pool hear nothing that is not said all the time.
      const { key, pool } = lease.options;
      if (pool !== undefined && lease.stored?.entry === undefined) this.world.contenders.tell(key, pool, true);
      // It changed hands while it was read.
      if (lease.stale) return this.attend(lease);
      if (!this.mayTake(lease)) return;
      lease.change = this.take(lease);
      await lease.change;
    } catch (error) {
      this.failed(lease, error);
    }
  }

  private async read(lease: BrokerLease): Promise<void> {
    const { clock, random, store, contenders } = this.world;
    lease.reading = true;
    lease.stale = false;
    lease.readAt = clock.now();
    try {
      lease.saw(await store.read(lease.key), clock.now());
    } finally {
      lease.reading = false;
      const alone = lease.state === 'held' && contenders.isAlone(lease.key, lease.options.pool);
      const pauseMs = alone ? READ_AGAIN_ALONE_MS : READ_AGAIN_MS;
      lease.readAgainAt = clock.now() + pauseMs * (0.75 + random() / 2);
    }
  }

  private mayTake(lease: BrokerLease): boolean {
    // If this process did not run it could hear nobody.
    this.lookAtLoop();
    const { pool } = lease.options;
    return this.free.mayTake(lease, () => (pool === undefined ? [] : this.inPool(pool)));
  }

  private async take(lease: BrokerLease): Promise<void> {
    const { store, instance, contenders, clock } = this.world;
    const { key, options, stored } = lease;
    const startedAt = clock.now();
    const clear = lease.beginClearing();
    lease.state = 'changing';
    lease.claimed = store.nextFence(key);
    if (this.free.freeFor(lease) >= NOBODYS_MS) lease.keptUntil = startedAt + KEPT_MS;
    try {
      await store.swap(key, { holder: instance, fence: lease.claimed }, stored?.revision ?? 0);
    } catch (error) {
      if (lease.released) await this.returns.giveBack(lease);
      else lease.state = 'wanted';
      throw error;
    }
    if (lease.released) return this.returns.giveBack(lease);
    lease.stale = true;
    this.lookAtLoop();
    clear();
    if (lease.doubtful || clock.now() - startedAt > HELD_UP_MS) {
      // It was ours when it was written, and may have been taken since: the entry is read first.
      lease.state = 'wanted';
      lease.readAt = -Infinity;
      return;
    }
    lease.state = 'held';
    contenders.tell(key, options.pool, true);
    this.callback(lease, () => options.onAcquired(lease.claimed));
  }

  /** Reads the entry of a lease that we hold: is it still ours? */
  private async verify(lease: BrokerLease): Promise<void> {
    if (lease.reading) return;
    const { store, instance, contenders } = this.world;
    const { key, options, claimed } = lease;
    try {
      await this.read(lease);
      if (lease.fence !== claimed) return;
      const own = { holder: instance, fence: claimed };
      // One that cannot be read names nobody else: it is written anew, unless somebody has taken the lease meanwhile.
      const { entry = own, revision } = lease.stored ?? { revision: 0 };
      if (entry.holder !== instance || entry.fence !== claimed) {
        return this.lose(lease, `taken over by ${entry.holder ?? 'nobody'} with fence ${entry.fence}`);
      }
      if (!lease.doubtful && entry !== own) return;
      lease.reading = true;
      const clear = lease.beginClearing();
      const startedAt = this.world.clock.now();
      // Who hears us does not take it; who was about to take it fails, for its revision is another one then.
      contenders.tell(key, options.pool, true);
      await store.swap(key, entry, revision);
      lease.stale = true;
      this.lookAtLoop();
      if (lease.fence === claimed && this.world.clock.now() - startedAt <= HELD_UP_MS) clear();
    } catch (error) {
      this.failed(lease, error);
    } finally {
      lease.reading = false;
    }
  }

  private lose(lease: BrokerLease, reason: string): void {
    lease.state = 'wanted';
    this.world.contenders.tell(lease.key, lease.options.pool, false);
    this.callback(lease, () => lease.options.onLost(reason));
  }

  private async handOver(lease: BrokerLease): Promise<void> {
    lease.state = 'changing';
    this.callback(lease, () => lease.options.onLost('handed over to share the load'));
    await this.returns.giveBack(lease);
    if (lease.released) return;
    lease.state = 'wanted';
    lease.stale = true;
  }

  private failed(lease: BrokerLease, error: unknown): void {
    lease.stale = true;
    if (!this.stopped && !isConflict(error)) this.trouble.report(`lease ${lease.key}`, error);
  }

  /** What a lease calls back may throw: that stops nothing here. */
  private callback(lease: BrokerLease, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.world.trouble(`lease ${lease.key}: ${String(error)}`);
    }
  }
}
