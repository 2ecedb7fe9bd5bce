import { describe, expect, it } from 'vitest';
import { BrokerBus, MemoryBus } from '@iec104mm2ss/bus';
import { SYSTEM_CLOCK, systemRuntime } from '@iec104mm2ss/runtime';
import { describeBusContract } from './bus-contract.js';
import { FakeServer } from './fake-broker.js';
import { FakeClock } from './fake-clock.js';

const makeMemoryBus = () => {
  const bus = new MemoryBus();
  return Promise.resolve({ bus, stop: () => bus.close() });
};

describeBusContract('memory', makeMemoryBus, { describe, it });

const makeFakes = () => {
  const server = new FakeServer();
  const connect = (instance: string): BrokerBus =>
    new BrokerBus(server.connect(SYSTEM_CLOCK), { runtime: { ...systemRuntime(), instance }, replicas: 1 });
  const [bus, second] = [connect('one'), connect('two')];
  return Promise.resolve({ bus, second, stop: async () => void (await Promise.all([bus.close(), second.close()])) });
};

describeBusContract('on a broker', makeFakes, { describe, it });

describe('the fake clock', () => {
  it('fires what it passes, in order', () => {
    const clock = new FakeClock(10);
    const fired: string[] = [];
    clock.setTimer(() => {
      fired.push(`b ${clock.now()}`);
      clock.setTimer(() => fired.push(`c ${clock.now()}`), 5);
    }, 20);
    clock.setTimer(() => fired.push(`a ${clock.now()}`), 10);
    clock.clearTimer(clock.setTimer(() => fired.push('never'), 1));
    clock.advance(24);
    expect(fired).toEqual(['a 20', 'b 30']);
    clock.runUntil(100);
    expect(fired).toEqual(['a 20', 'b 30', 'c 35']);
    expect(clock.now()).toBe(100);
    expect(clock.pending).toBe(0);
  });
});
