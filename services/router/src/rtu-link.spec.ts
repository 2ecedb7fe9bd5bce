import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '@iec104mm2ss/testing';
import type { StateMessage } from '@iec104mm2ss/wire';
import { RTU_SILENCE_MS, type RtuChange, RtuLink } from './rtu-link.js';

let clock: FakeClock;
let link: RtuLink;

beforeEach(() => {
  clock = new FakeClock();
  link = new RtuLink(clock);
});

function heard(changes: Partial<StateMessage>): RtuChange {
  return link.heard({
    v: 2,
    group: '1',
    connector: 'connector-1',
    fence: 1,
    clock: 0,
    state: 'started',
    epoch: 1,
    endpoint: null,
    address: '10.0.0.99',
    since: 0,
    reason: 'why',
    connects: 1,
    next: 40,
    generation: 7,
    ...changes,
  });
}

describe('the RTU', () => {
  it('is lost when the connector that had its link says so', () => {
    expect(heard({}).lost).toBeUndefined();
    expect(heard({ state: 'disconnected' }).lost).toEqual({
      reason: 'the RTU link is down (why)',
      end: { generation: 7, position: 40 },
    });
    expect(heard({ state: 'connecting' }).lost, 'once').toBeUndefined();
  });

  it('is lost when it was connected anew, which nobody said', () => {
    heard({});
    expect(heard({ epoch: 2 }).lost?.reason).toBe('the RTU was connected anew');
    expect(heard({ epoch: 2 }).lost).toBeUndefined();
  });

  it('is not lost because another connector takes over', () => {
    heard({});
    const another = { connector: 'connector-2', fence: 2 };
    expect(heard({ ...another, state: 'connecting', epoch: 1 })).toEqual({ connector: true, link: true });
    expect(heard({ ...another, state: 'started', epoch: 2 }).lost).toBeUndefined();
    expect(heard({ ...another, state: 'disconnected', epoch: 2 }).lost).toBeDefined();
  });

  it('is not lost when it was never there', () => {
    expect(heard({ state: 'disconnected' })).toEqual({ connector: false, link: true });
  });

  it('has an address while its link is up and its connector is heard', () => {
    expect([link.state, link.address]).toEqual([undefined, null]);
    heard({});
    expect(link.address).toBe('10.0.0.99');
    heard({ state: 'connecting' });
    expect(link.address).toBeNull();
    heard({});
    clock.wallOffsetMs += 3_600_000;
    expect(link.address).toBe('10.0.0.99');
    clock.advance(RTU_SILENCE_MS);
    expect([link.state, link.address]).toEqual([undefined, null]);
  });
});
