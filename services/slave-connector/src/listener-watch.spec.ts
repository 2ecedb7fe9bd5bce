import { FakeClock, RecordingBus } from '@iec104mm2ss/testing';
import { encodeListener } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { ANSWER_MS, FIRST_RELEASE_MS, ListenerWatch, MAX_RELEASE_MS } from './listener-watch.js';

const SUBJECT = 'iec104.v1.1.listener';

let clock: FakeClock;
let bus: RecordingBus;
let watch: ListenerWatch;
let released: [string, number][];

beforeEach(() => {
  clock = new FakeClock();
  bus = new RecordingBus({ clock });
  released = [];
  watch = new ListenerWatch(
    bus,
    SUBJECT,
    () => clock.now(),
    (reason, pauseMs) => released.push([reason, pauseMs]),
    () => undefined,
  );
});

function says(gateway: string, listening: boolean): void {
  bus.publish(SUBJECT, encodeListener({ group: '1', gateway, listening, reason: listening ? '' : 'EADDRINUSE' }));
  clock.flush();
}

function pass(ms: number, inUse = false): void {
  clock.advance(ms);
  watch.onDeadline(clock.now(), inUse);
}

describe('an RTU', () => {
  it('is left to others when no gateway can listen, longer and longer', () => {
    for (let i = 0; i < 5; i++) {
      says('a', false);
      expect(watch.nextDeadline()).toBe(clock.now() + ANSWER_MS);
      pass(ANSWER_MS);
    }
    expect(released[0]).toEqual(['EADDRINUSE at a', FIRST_RELEASE_MS]);
    expect(released.map(([, pauseMs]) => pauseMs)).toEqual([5_000, 10_000, 20_000, MAX_RELEASE_MS, MAX_RELEASE_MS]);
    expect(watch.nextDeadline()).toBe(Infinity);
  });

  it('is kept when another gateway listens', () => {
    says('a', false);
    says('b', true);
    pass(ANSWER_MS);
    expect(released).toEqual([]);
  });

  it('is kept while masters are served, by gateways that say nothing too', () => {
    says('a', false);
    pass(ANSWER_MS, true);
    expect(released).toEqual([]);
  });

  it('is given the first pause again after somebody has listened', () => {
    for (const listens of [false, false, true, false]) {
      says('a', listens);
      pass(ANSWER_MS);
    }
    expect(released.map(([, pauseMs]) => pauseMs)).toEqual([5_000, 10_000, 5_000]);
  });

  it('is not released by what is not understood', () => {
    bus.publish(SUBJECT, Buffer.from('{"v":2}'));
    clock.flush();
    expect(watch.nextDeadline()).toBe(Infinity);
  });
});
