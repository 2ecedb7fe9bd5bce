import { expect, it } from 'vitest';
import { WireError } from '@iec104mm2ss/wire';
import { MemoryBus } from './memory/memory-bus.js';
import { admissionPatterns, gatewayPatterns, receiveFromGateways } from './receive-from-gateways.js';
import { checkSender } from './senders.js';
import { GroupSubjects } from './subjects.js';

const decode = (data: Uint8Array): string | WireError =>
  data.length === 0 ? new WireError('LENGTH', 'empty') : Buffer.from(data).toString();

it('on a bus with names every gateway speaks on its own subject, and nobody is heard without', () => {
  const bus = new MemoryBus({ name: 'router' });
  const heard: unknown[] = [];
  const all = new GroupSubjects('1');
  const subscription = receiveFromGateways(bus, all.in, decode, (value, by) => heard.push([by, value]));
  bus.publish(new GroupSubjects('1', 'gateway1').in, Buffer.from('a'));
  bus.publish(new GroupSubjects('2', 'gateway1').in, Buffer.from('other group'));
  bus.publish(all.in, Buffer.from('nobody'));
  bus.publish(new GroupSubjects('1', 'gateway2').in, Buffer.from(''));
  expect(heard).toEqual([['gateway1', 'a']]);
  expect(bus.drops.all()).toEqual([{ kind: 'in', reason: 'LENGTH', count: 1 }]);
  subscription.unsubscribe();
  bus.publish(new GroupSubjects('1', 'gateway1').in, Buffer.from('b'));
  expect(heard).toHaveLength(1);
});

it('where nobody has a name gateways of this release and of the one before are heard', () => {
  expect(gatewayPatterns({ name: undefined, kind: 'nats' }, 'x.in')).toEqual(['x.in', 'x.in.*']);
  expect(admissionPatterns({ name: undefined, kind: 'nats' })).toEqual(['iec104.v1.ctl.admit', 'iec104.v1.*.admit.*']);
  expect(new GroupSubjects('1').in).toBe('iec104.v1.1.in');
  expect(new GroupSubjects('1').admit).toBe('iec104.v1.ctl.admit');
  expect(new GroupSubjects('1').outTo(5)).toBe('iec104.v1.1.out.5');
});

it('subjects of a gateway with a name, and of what is for its sessions', () => {
  const own = new GroupSubjects('1', 'gateway1');
  expect([own.in, own.ack, own.listener, own.admit]).toEqual([
    'iec104.v1.1.in.gateway1',
    'iec104.v1.1.ack.gateway1',
    'iec104.v1.1.listener.gateway1',
    'iec104.v1.1.admit.gateway1',
  ]);
  expect(own.outTo(5)).toBe('iec104.v1.1.out.gateway1.5');
  expect(new GroupSubjects('1').outTo(5, 'gateway1')).toBe(own.outTo(5));
  expect(own.out).toBe('iec104.v1.1.out');
});

it.each([
  ['gateway1', 'gateway1/host-1-aa', true],
  ['gateway1', 'gateway2/host-1-aa', false],
  ['gateway1', 'gateway10/host-1-aa', false],
  ['gateway1', 'host-1-aa', false],
  [undefined, 'gateway1/host-1-aa', false],
  [undefined, 'host-1-aa', true],
])('%s may speak of %s: %s', (by, instance, may) => {
  const { drops } = new MemoryBus();
  expect(checkSender(drops, 'iec104.v1.1.in', by, instance, 'speaks for')).toBe(may);
  expect(drops.all()).toHaveLength(may ? 0 : 1);
});
