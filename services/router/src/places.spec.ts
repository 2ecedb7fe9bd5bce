import { describe, expect, it } from 'vitest';
import type { GroupConfig, NamedMaster } from '@iec104mm2ss/config';
import { groupConfig } from '@iec104mm2ss/testing';
import { type Displaced, placeFor, type Refusal } from './places.js';
import { newSession, type Session } from './session.js';

const NOW = 100_000;
const START_MS = 30_000;
const named = (...names: string[]): NamedMaster[] => names.map((name) => ({ name, sources: [], certificateNames: [] }));

let ids = 0;
interface Kind {
  readonly name?: string;
  readonly started?: boolean;
  readonly standby?: boolean;
  /** For how long it has had no data transfer. */
  readonly idleMs?: number;
}
function session(address: string, { name, started = false, standby = false, idleMs = 0 }: Kind = {}): Session {
  const id = ++ids;
  const identity = { id, gateway: 'g', connection: id, address, port: 1, certificateName: null, oa: id, since: 0 };
  const made = newSession({ ...identity, name: name ?? null }, NOW - idleMs);
  return Object.assign(made, { started, standby });
}

const place = (
  config: Partial<GroupConfig>,
  sessions: readonly Session[],
  address = '10.0.0.99',
  name?: string,
): readonly Displaced[] | Refusal => {
  return placeFor(groupConfig(config), { address, name }, sessions, { now: NOW, startMs: START_MS });
};

const text = (outcome: readonly Displaced[] | Refusal): string =>
  'code' in outcome ? outcome.code : outcome.map(({ session: { address }, code }) => `${code} ${address}`).join();

const started = (...addresses: string[]): Session[] => addresses.map((each) => session(each, { started: true }));

describe('the places of a group', () => {
  it('are kept for each of `masters` that is not there, and not for those that are', () => {
    const config = { maxConnections: 4, masters: named('A', 'B') };
    const strangers = started('10.0.0.1', '10.0.0.2');
    expect(text(place(config, strangers))).toBe('reserved');
    expect(text(place(config, strangers, '10.0.0.5', 'A'))).toBe('');
    const withA = [...strangers, session('10.0.0.5', { name: 'A', started: true })];
    expect(text(place(config, withA)), 'the last one is for B').toBe('reserved');
    expect(text(place(config, withA, '10.0.0.6', 'A')), 'a second one of A').toBe('reserved');
    expect(text(place(config, withA, '10.0.0.7', 'B'))).toBe('');
    expect(text(place({ ...config, reserve: 0 }, withA))).toBe('');
    expect(text(place({ ...config, reserve: 2, maxConnections: 6 }, withA, '10.0.0.6', 'A')), 'its redundant one').toBe(
      '',
    );
  });

  it('go to a master whose place a stranger without data transfer has, at once', () => {
    const config = { maxConnections: 2, masters: named('A') };
    const squatters = [session('10.0.0.1'), session('10.0.0.2')];
    expect(text(place(config, squatters, '10.0.0.5', 'A'))).toBe('not_started 10.0.0.1');
    expect(text(place(config, started('10.0.0.1', '10.0.0.2'), '10.0.0.5', 'A'))).toBe('max_connections');
  });

  it('go from one that has not started for long to any newcomer, when they are short', () => {
    const config = { maxConnections: 4 };
    const squatters = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
    const young = squatters.map((each) => session(each, { idleMs: START_MS - 1 }));
    expect(text(place(config, young))).toBe('max_connections');
    const old = squatters.map((each) => session(each, { idleMs: START_MS }));
    expect(text(place(config, old))).toBe('not_started 10.0.0.1');
    expect(text(place({ maxConnections: 5 }, old)), 'they are not short').toBe('');
    expect(text(place(config, old, '10.0.0.3')), 'nobody drives others out').toBe('not_started 10.0.0.3');
    const greedy = [...old.slice(0, 2), session('10.0.0.4', { idleMs: START_MS }), session('10.0.0.4')];
    expect(text(place({ ...config, sameIp: 'old' }, greedy))).toBe('not_started 10.0.0.4');
  });

  it('stay with a connection of `masters` that stands by, however long', () => {
    const config = { maxConnections: 2, masters: named('A') };
    const redundant = [
      session('10.0.0.5', { name: 'A', started: true }),
      session('10.0.0.6', { name: 'A', idleMs: 1e9 }),
    ];
    expect(text(place(config, redundant))).toBe('max_connections');
    const standby = [session('10.0.0.5', { started: true }), session('10.0.0.6', { standby: true, idleMs: 1e9 })];
    expect(text(place({ maxConnections: 2 }, standby))).toBe('max_connections');
  });

  it('are as many for one address as `per source` says', () => {
    const config = { maxConnections: 5, perSource: 2 };
    const two = started('10.0.0.1', '10.0.0.1');
    expect(text(place(config, two, '10.0.0.1'))).toBe('per_source');
    expect(text(place(config, two, '10.0.0.2'))).toBe('');
    const dead = [...started('10.0.0.1'), session('10.0.0.1', { idleMs: START_MS })];
    expect(text(place(config, dead, '10.0.0.1'))).toBe('not_started 10.0.0.1');
  });

  it('that are kept for nobody are for one address of a stranger by half, unless the file says otherwise', () => {
    const config = { maxConnections: 7, masters: named('A') };
    const at = (address: string, count: number): Session[] => started(...Array.from({ length: count }, () => address));
    const three = at('10.0.0.1', 3);
    expect(text(place(config, three.slice(1), '10.0.0.1'))).toBe('');
    expect(text(place(config, three, '10.0.0.1'))).toBe('per_source');
    expect(text(place(config, three, '10.0.0.2')), 'others are not concerned').toBe('');
    expect(text(place(config, three, '10.0.0.1', 'A')), 'nor is a master behind the same address').toBe('');
    const masters = [1, 2, 3].map(() => session('10.0.0.5', { name: 'A', started: true }));
    expect(text(place(config, masters, '10.0.0.5', 'A')), 'nor has a master such a bound').toBe('');
    expect(text(place({ ...config, perSource: 7 }, three, '10.0.0.1'))).toBe('');
    expect(text(place({ ...config, masters: [] }, at('10.0.0.1', 6), '10.0.0.1')), 'without masters').toBe('');
    const dead = [...three.slice(1), session('10.0.0.1', { idleMs: START_MS })];
    expect(text(place(config, dead, '10.0.0.1'))).toBe('not_started 10.0.0.1');
    // However many masters there are one connection is not too many.
    const full = { maxConnections: 2, masters: named('A', 'B'), reserve: 0 };
    expect(text(place(full, [], '10.0.0.1'))).toBe('');
    expect(text(place({ ...full, reserve: 1 }, [], '10.0.0.1'))).toBe('reserved');
  });

  it('are never more than there are, whatever is kept: as many are refused as have none', () => {
    for (let reserve = 0; reserve <= 5; reserve++) {
      const config = { maxConnections: 3, reserve, masters: named('A', 'B', 'C', 'D') };
      const there = ['A', 'B', 'C'].map((name) => session(`10.0.0.${name.charCodeAt(0)}`, { name, started: true }));
      expect(text(place(config, there, '10.0.0.9', 'D'))).toBe('max_connections');
      expect(text(place(config, there.slice(1), '10.0.0.9', 'D'))).toBe('');
    }
  });
});
