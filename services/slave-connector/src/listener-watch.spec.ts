import { FakeClock, RecordingBus } from '@iec104mm2ss/testing';
import { encodeListener } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { ANSWER_MS, ListenerWatch, RELEASE_MS } from './listener-watch.js';

const SUBJECT = 'iec104.v1.1.listener';

let clock: FakeClock;
let bus: RecordingBus;
let watch: ListenerWatch;
let told: string[];

beforeEach(() => {
  clock = new FakeClock();
  bus = new RecordingBus({ clock });
  told = [];
  watch = new ListenerWatch(bus, SUBJECT, () => clock.now(), {
    leave: (reason, pauseMs) => told.push(`leave ${pauseMs}: ${reason}`),
    comeBack: () => told.push('come back'),
    onDeadlineMoved: () => undefined,
  });
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
  it('is left to others while no gateway can listen, until one can', () => {
    for (let i = 0; i < 3; i++) {
      says('a', false);
      expect(watch.nextDeadline()).toBe(clock.now() + ANSWER_MS);
      pass(ANSWER_MS);
    }
    const leave = `leave ${RELEASE_MS}: EADDRINUSE at a`;
    expect(told).toEqual([leave, leave, leave]);
    expect(watch.nextDeadline()).toBe(Infinity);
    says('a', true);
    says('a', true);
    expect(told.slice(3)).toEqual(['come back']);
  });

  it('is kept when another gateway can listen', () => {
    says('a', false);
    says('b', true);
    pass(ANSWER_MS);
    expect(told).toEqual([]);
  });

  it('is kept while masters are served, by gateways that say nothing too', () => {
    says('a', false);
    pass(ANSWER_MS, true);
    says('a', true);
    expect(told).toEqual([]);
  });

  it('is not left for what is not understood', () => {
    bus.publish(SUBJECT, Buffer.from('{"v":2}'));
    clock.flush();
    expect(watch.nextDeadline()).toBe(Infinity);
  });
});
