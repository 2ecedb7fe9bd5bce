import { presenceSubject } from '@iec104mm2ss/bus';
import { encodeBeacon } from '@iec104mm2ss/wire';
import { beforeEach, expect, it } from 'vitest';
import { type FakeProcess, FakeProcesses } from './fake-processes.js';

let world: FakeProcesses;
let a: FakeProcess;
let b: FakeProcess;

beforeEach(() => {
  world = new FakeProcesses();
  [a, b] = [world.start('a'), world.start('b')];
});

it('what is published while the server is out of reach is dropped and counted, not sent when it is out of date', async () => {
  const seen: string[] = [];
  b.bus.subscribe('iec104.v1.1.state', ({ data }) => seen.push(Buffer.from(data).toString()));
  a.broker.setConnected(false);
  a.bus.publish('iec104.v1.1.state', Buffer.from('old'));
  a.broker.setConnected(true);
  a.bus.publish('iec104.v1.1.state', Buffer.from('new'));
  await world.settle();
  expect(seen).toEqual(['new']);
  expect(a.bus.drops.all()).toEqual([{ kind: 'state', reason: 'DISCONNECTED', count: 1 }]);
});

it('interest in a family of subjects is asked for once in a while, and found within a second', async () => {
  let probes = 0;
  world.server.fails = (question) => {
    if (question === 'probe') probes++;
    return undefined;
  };
  const family = 'iec104.v1.1.decoded.>';
  expect(a.bus.hasInterest(family)).toBe(true);
  await world.settle();
  for (let i = 0; i < 100; i++) {
    a.bus.hasInterest(family);
    await world.pass(10);
  }
  expect(a.bus.hasInterest(family)).toBe(true);
  await world.settle();
  expect(a.bus.hasInterest(family)).toBe(false);
  expect(probes).toBe(2);
  b.bus.subscribe('iec104.v1.*.decoded.*', () => undefined);
  await world.pass(1_100);
  a.bus.hasInterest(family);
  await world.settle();
  expect(a.bus.hasInterest(family)).toBe(true);
  await world.pass(4_000);
  expect(a.bus.hasInterest(family)).toBe(true);
  expect(probes).toBe(3);
});

it('a bucket is made sure of again when the connection comes back: the server may have lost its store', async () => {
  const store = a.bus.keyValue('iec104_state');
  await store.put('x', Buffer.from('1'));
  world.server.buckets.clear();
  a.broker.setConnected(false);
  await expect(store.get('x')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  a.broker.setConnected(true);
  expect(await store.get('x')).toBeUndefined();
  await store.put('x', Buffer.from('2'));
  expect(Buffer.from((await store.get('x')) ?? []).toString()).toBe('2');
});

it('a listener that throws keeps nobody else from hearing', async () => {
  const heard: string[] = [];
  const failing = (): never => {
    throw new Error('broken');
  };
  a.bus.onConnection(failing);
  a.bus.onConnection((connected) => heard.push(String(connected)));
  a.bus.onMemberGone('pool', failing);
  a.bus.onMemberGone('pool', (instance) => heard.push(instance));
  b.bus.join('pool');
  await world.settle();
  a.broker.setConnected(false);
  a.broker.setConnected(true);
  await b.bus.close();
  await world.settle();
  expect(heard).toEqual(['false', 'true', 'b']);
  expect(a.troubles).toHaveLength(3);
});

it('a closed bus takes nothing more', async () => {
  await a.bus.close();
  a.bus.publish('x', Buffer.from(''));
  a.bus.subscribe('x', () => undefined).unsubscribe();
  await expect(a.bus.request('x', Buffer.from(''), 100)).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(a.bus.keyValue('y').get('x')).rejects.toMatchObject({ code: 'CLOSED' });
});

it('on a bus with names nobody can say that another member is gone', async () => {
  const router = world.start('router/r', 'router');
  const gateway = world.start('gateway1/g', 'gateway1');
  const forger = world.start('gateway2/f', 'gateway2');
  const gone: string[] = [];
  router.bus.onMemberGone('gateway', (instance) => gone.push(instance));
  for (const each of [gateway, forger]) each.bus.join('gateway');
  await world.pass(1_000);
  const own = presenceSubject('gateway.gateway2');
  forger.bus.publish(own, encodeBeacon({ instance: 'gateway1/g', held: 0, leaving: true }));
  forger.bus.publish(presenceSubject('gateway'), encodeBeacon({ instance: 'gateway1/g', held: 0, leaving: true }));
  await world.pass(5_000);
  expect(gone).toEqual([]);
  expect(router.bus.drops.all()).toEqual([{ kind: 'ctl.presence', reason: 'SENDER', count: 1 }]);
  await gateway.bus.close();
  await world.pass(1_000);
  expect(gone).toEqual(['gateway1/g']);
});

it('on a bus with names only who may have a lease raises its fence', async () => {
  const gateway = world.start('gateway1/g', 'gateway1');
  gateway.bus.raiseFence('router.1', 5);
  await world.pass(1_000);
  expect(gateway.troubles).toEqual([expect.stringContaining('the entry of lease router.1 was set back')]);
  expect(await a.bus.leaseEntry('router.1')).toMatchObject({ fence: 0 });
});
