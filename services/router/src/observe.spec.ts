import { NO_OBSERVE, type ObserveSetting } from '@iec104mm2ss/config';
import { createLogger } from '@iec104mm2ss/observability';
import { FakeClock, groupConfig } from '@iec104mm2ss/testing';
import type { SavedObserve } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LiveRow } from './live-row.js';
import { ObserveMode } from './observe.js';

const MINUTE_MS = 60_000;
let clock: FakeClock;
let rtu: { up: boolean; heard: boolean };
let trouble: string | undefined;
let changes: number;
let events: { event: string; reason: string }[];
let row: LiveRow;

beforeEach(() => {
  clock = new FakeClock(1_000);
  rtu = { up: true, heard: true };
  trouble = undefined;
  changes = 0;
  events = [];
});

function mode(observe: Partial<ObserveSetting>, saved?: SavedObserve): ObserveMode {
  const write = (line: string): void => {
    const { event, reason } = JSON.parse(line) as { event: string; reason: string };
    events.push({ event, reason });
  };
  const { logger } = createLogger({ level: 'info', destination: { write } });
  row = { config: groupConfig({ observe: { ...NO_OBSERVE, ...observe } }) };
  const time = { synchronisedMs: () => undefined, zoneMs: () => 0, trouble: () => trouble };
  return new ObserveMode({ row, logger, clock, time, rtu: () => rtu, changed: () => changes++ }, saved);
}

function wait(observed: ObserveMode, ms: number): void {
  for (let passed = 0; passed < ms; passed += 1_000) {
    clock.advance(1_000);
    observed.tick();
  }
}

it('what a condition began is over where the file that is in force when it is read has none; what an operator ordered is not', () => {
  const saved = { since: 1, reason: 'before', by: 'condition' } as const;
  const dropped = mode({}, saved);
  dropped.tick();
  expect([dropped.on, dropped.saved]).toEqual([false, undefined]);
  expect(events).toEqual([{ event: 'observe_off', reason: 'the configuration has changed' }]);
  expect(mode(LINK, saved).on).toBe(true);
  expect(mode({}, { ...saved, by: 'operator' }).on).toBe(true);
});

const LINK: Partial<ObserveSetting> = { link: { losses: 3, withinMs: MINUTE_MS } };

describe('observe mode', () => {
  it('begins with the third loss of the link within a minute, and not with losses further apart', () => {
    const observed = mode(LINK);
    for (let loss = 0; loss < 6; loss++) {
      observed.linkLost();
      clock.advance(MINUTE_MS / 2);
    }
    expect(observed.on).toBe(false);
    clock.advance(MINUTE_MS);
    for (let loss = 0; loss < 3; loss++) observed.linkLost();
    expect(observed.on).toBe(true);
    expect(events).toEqual([{ event: 'observe_on', reason: "the RTU's link was lost 3 times in 60 s" }]);
    expect(changes).toBe(1);
    expect(observed.status?.reason).toContain('3 times');
  });

  it('never begins by what the column does not name', () => {
    const observed = mode({});
    for (let loss = 0; loss < 10; loss++) observed.linkLost();
    observed.busLost();
    rtu.heard = false;
    trouble = 'no answer';
    wait(observed, 5_000);
    expect(observed.on).toBe(false);
    expect(observed.status).toBe(undefined);
  });

  it('without release goes on until somebody ends it', () => {
    const observed = mode(LINK);
    for (let loss = 0; loss < 3; loss++) observed.linkLost();
    wait(observed, 60 * MINUTE_MS);
    expect(observed.on).toBe(true);
    expect(observed.order(false, 'me')).toEqual({ ok: true, message: 'observe mode is off' });
    expect(observed.on).toBe(false);
    expect(events.at(-1)).toEqual({ event: 'observe_off', reason: 'ended by me' });
    // Losses of before do not count any more.
    observed.linkLost();
    expect(observed.on).toBe(false);
  });

  it('ends after so many minutes without any of its conditions', () => {
    const observed = mode({ ...LINK, releaseMs: 15 * MINUTE_MS });
    for (let loss = 0; loss < 3; loss++) observed.linkLost();
    wait(observed, 14 * MINUTE_MS);
    observed.linkLost();
    wait(observed, 14 * MINUTE_MS);
    rtu.up = false;
    wait(observed, 20 * MINUTE_MS);
    rtu.up = true;
    wait(observed, 15 * MINUTE_MS - 1_000);
    expect(observed.on).toBe(true);
    wait(observed, 1_000);
    expect(observed.on).toBe(false);
    expect(events.at(-1)).toEqual({ event: 'observe_off', reason: '15 quiet minutes have passed' });
  });

  it.each([
    [
      'bus',
      'the connector of the group is not heard',
      (): void => void (rtu.heard = false),
      (): void => void (rtu.heard = true),
    ],
    [
      'clock',
      'the clock is not synchronised (e)',
      (): void => void (trouble = 'e'),
      (): void => void (trouble = undefined),
    ],
  ] as const)('begins once with %s, so that it can be ended while that lasts', (name, reason, worse, better) => {
    const observed = mode({ [name]: true });
    observed.tick();
    expect(observed.on).toBe(false);
    worse();
    observed.tick();
    expect(events).toEqual([{ event: 'observe_on', reason }]);
    observed.order(false, 'me');
    wait(observed, 5_000);
    expect(observed.on).toBe(false);
    better();
    observed.tick();
    worse();
    observed.tick();
    expect(observed.on).toBe(true);
  });

  it('begins when the connection to the bus was lost', () => {
    const observed = mode({ bus: true });
    observed.busLost();
    expect(observed.on).toBe(true);
  });

  it('with bus does not begin for want of a connector that was never heard', () => {
    rtu.heard = false;
    const observed = mode({ bus: true });
    wait(observed, 60_000);
    expect(observed.on).toBe(false);
  });

  it('that an operator began is ended by nobody else', () => {
    const observed = mode({ ...LINK, releaseMs: MINUTE_MS });
    observed.order(true, 'me');
    wait(observed, 10 * MINUTE_MS);
    row.config = groupConfig();
    observed.reconfigured();
    expect(observed.on).toBe(true);
    expect(observed.saved).toMatchObject({ by: 'operator', reason: 'asked for by me' });
  });

  it('goes on at the next owner, which begins to count its quiet minutes anew', () => {
    const first = mode({ ...LINK, releaseMs: MINUTE_MS });
    for (let loss = 0; loss < 3; loss++) first.linkLost();
    events = [];
    const next = mode({ ...LINK, releaseMs: MINUTE_MS }, first.saved);
    next.tick();
    expect(next.on).toBe(true);
    // It has begun before: nothing new to be told.
    expect(events).toEqual([]);
    wait(next, MINUTE_MS);
    expect(next.on).toBe(false);
  });

  it('by the file begins and ends with the file, and an operator cannot end it', () => {
    const observed = mode({ always: true });
    observed.tick();
    expect(events).toEqual([{ event: 'observe_on', reason: 'observe = Y' }]);
    expect(observed.order(false, 'me')).toMatchObject({ ok: false });
    expect(observed.on).toBe(true);
    row.config = groupConfig();
    observed.reconfigured();
    expect(observed.on).toBe(false);
    expect(events.at(-1)).toEqual({ event: 'observe_off', reason: 'the configuration has changed' });
  });

  it('that a condition began ends when the file has no condition any more', () => {
    const observed = mode(LINK);
    for (let loss = 0; loss < 3; loss++) observed.linkLost();
    row.config = groupConfig();
    observed.reconfigured();
    expect(observed.on).toBe(false);
  });
});
