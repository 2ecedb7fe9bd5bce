import type { Clock } from '@iec104mm2ss/runtime';
import { SILENCE_MS } from '@iec104mm2ss/wire';
import type { BrokerLease } from './broker-lease.js';
import type { LeaseContenders } from './lease-contenders.js';
import { shareOf } from './lease-shares.js';
import type { Member } from './presence.js';

/** A lease of a pool that nobody has taken for this long is taken by who has his share already. */
export const NOBODYS_MS = 3 * SILENCE_MS;

/** Which leases nobody has, as far as this process knows: it may try to take those. */
export class FreeLeases {
  constructor(
    private readonly world: {
      readonly clock: Pick<Clock, 'now'>;
      readonly instance: string;
      readonly contenders: Pick<LeaseContenders, 'silenceOf' | 'membersOf'>;
    },
  ) {}

  /** @param mine the leases of its pool that this process wants */
  mayTake(lease: BrokerLease, mine: () => readonly BrokerLease[]): boolean {
    const { stored, options } = lease;
    if (stored === undefined || lease.stale) return false;
    const freeFor = this.freeFor(lease);
    if (freeFor < 0) return false;
    if (options.pool === undefined || freeFor >= NOBODYS_MS) return true;
    const { held, ceil } = shareOf(mine(), this.others(options.pool, stored.entry?.holder));
    return held < ceil;
  }

  /** Those who may take it, too: who has just come must not take it yet from a holder that is silent, and gets a share later. */
  private others(pool: string, holder: string | null | undefined): Member[] {
    const { instance, contenders, clock } = this.world;
    const members = contenders.membersOf(pool);
    if (holder === null || holder === instance) return members;
    return members.filter(({ since }) => clock.now() - since >= SILENCE_MS);
  }

  /** For how long nobody is known to have it, ms; negative when somebody has it, or may have it. */
  freeFor({ key, options, stored, storedSince }: BrokerLease): number {
    const { instance, contenders, clock } = this.world;
    const known = clock.now() - storedSince;
    const holder = stored?.entry === undefined ? undefined : stored.entry.holder;
    // Our own: we wrote it, and did not learn that it was stored.
    if (holder === null || holder === instance) return known;
    // One that cannot be read names somebody whom we do not know.
    const silence = holder === undefined ? known : contenders.silenceOf(holder, key, options.pool);
    return Math.min(silence, known) - SILENCE_MS;
  }
}
