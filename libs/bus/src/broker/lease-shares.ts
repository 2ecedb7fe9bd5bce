import type { BrokerLease } from './broker-lease.js';
import type { Member } from './presence.js';

/** Leases of a pool handed over at a time, so that a takeover is no burst. */
const HANDED_OVER = 4;

/** What each member of a pool should hold: between `floor` and `ceil`. */
export interface Share {
  readonly held: number;
  readonly floor: number;
  readonly ceil: number;
}

/** @param mine the leases of the pool that this process wants; @param others the other members that live */
export function shareOf(mine: readonly BrokerLease[], others: readonly Member[]): Share {
  const held = mine.filter(({ state }) => state === 'held' || state === 'changing').length;
  const each = mine.length / (others.length + 1);
  return { held, floor: Math.floor(each), ceil: Math.ceil(each) };
}

/** The leases to give back now, because other members have less than their share. */
export function surplusOf(
  mine: readonly BrokerLease[],
  others: readonly Member[],
  now: number,
  random: () => number,
): readonly BrokerLease[] {
  const { held, floor } = shareOf(mine, others);
  if (held <= floor) return [];
  const missing = others.reduce((sum, member) => sum + Math.max(0, floor - member.held), 0);
  const movable = mine.filter(
    (lease) => lease.state === 'held' && !lease.doubtful && !lease.reading && now >= lease.keptUntil,
  );
  const chosen: BrokerLease[] = [];
  for (let count = Math.min(held - floor, missing, movable.length, HANDED_OVER); count > 0; count--) {
    chosen.push(...movable.splice(Math.floor(random() * movable.length), 1));
  }
  return chosen;
}
