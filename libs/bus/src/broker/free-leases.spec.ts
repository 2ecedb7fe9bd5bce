import { SILENCE_MS } from '@iec104mm2ss/wire';
import { describe, expect, it } from 'vitest';
import { BrokerLease } from './broker-lease.js';
import { FreeLeases, NOBODYS_MS } from './free-leases.js';
import type { Member } from './presence.js';

const POOL = 'router';
const NOW = 1_000_000;
const LONG_AGO = NOW - 60_000;
const manager = { lookAtLoop: () => undefined, release: () => Promise.resolve() };

/** A lease of the pool that this process has, or that `holder` had: null, which has given it back. */
function lease(holder: string | null, state: 'held' | 'wanted'): BrokerLease {
  const made = new BrokerLease(
    { key: `of ${holder}`, pool: POOL, onAcquired: () => undefined, onLost: () => undefined },
    manager,
  );
  // That it was given back is news.
  made.saw({ entry: { holder, fence: 1 }, revision: 1 }, holder === null ? NOW : LONG_AGO);
  made.stale = false;
  made.state = state;
  return made;
}

const member = (since: number): Member => ({ instance: 'other', held: 1, heardAt: NOW, since });

/** Whether `own`, which has one lease of two, takes the other one, whose holder was heard last `silentMs` ago. */
function takes(silentMs: number, members: readonly Member[], holder: string | null = 'dead'): boolean {
  const contenders = { silenceOf: () => silentMs, membersOf: () => [...members] };
  const free = new FreeLeases({ clock: { now: () => NOW }, instance: 'own', contenders });
  const [mine, wanted] = [lease('own', 'held'), lease(holder, 'wanted')];
  return free.mayTake(wanted, () => [mine, wanted]);
}

describe('a lease of a pool whose holder is silent', () => {
  it('is taken by the last member as soon as the silence counts', () => {
    expect(takes(SILENCE_MS - 1, [])).toBe(false);
    expect(takes(SILENCE_MS, [])).toBe(true);
  });

  it('is left to a member that has less than its share, until nobody has taken it', () => {
    const others = [member(LONG_AGO)];
    expect(takes(SILENCE_MS, others)).toBe(false);
    expect(takes(SILENCE_MS + NOBODYS_MS - 1, others)).toBe(false);
    expect(takes(SILENCE_MS + NOBODYS_MS, others)).toBe(true);
  });

  it('is not kept for one that has just come, and could not take it yet', () => {
    expect(takes(SILENCE_MS, [member(NOW - SILENCE_MS + 1)])).toBe(true);
    expect(takes(SILENCE_MS, [member(NOW - SILENCE_MS)])).toBe(false);
  });
});

it('a lease that was given back is taken at once, but left to one that has just come', () => {
  expect(takes(0, [], null)).toBe(true);
  expect(takes(0, [member(NOW)], null)).toBe(false);
});
