import { beforeEach, describe, expect, it } from 'vitest';
import type { Subscription } from '../bus.js';
import type { BusRole } from './auth/bus-user.js';
import { Hearing } from './hearing.js';

/** What is subscribed at the server; `say` delivers as the server does. */
const atServer = new Map<string, Set<(message: { subject: string }) => void>>();
function listen(pattern: string, handler: (message: { subject: string }) => void): Subscription {
  const handlers = atServer.get(pattern) ?? new Set();
  atServer.set(pattern, handlers.add(handler));
  return {
    unsubscribe: () => {
      handlers.delete(handler);
      if (handlers.size === 0) atServer.delete(pattern);
    },
  };
}
function say(subject: string): void {
  for (const [pattern, handlers] of atServer) {
    const matches = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('>', '.+')}$`);
    if (matches.test(subject)) for (const handler of handlers) handler({ subject });
  }
}
const patterns = (): string[] => [...atServer.keys()].sort();
const hearing = (role: BusRole | undefined, allGroups = true, name: string = role ?? 'one') =>
  new Hearing(listen, { name, role, allGroups });
beforeEach(() => atServer.clear());

const GROUPS = ['7', '8', '120'];

describe('a gateway for all groups', () => {
  it('hears the states of all of them by one subscription, and hands on those that were asked for', () => {
    const heard: string[] = [];
    const gateway = hearing('gateway');
    for (const group of ['7', '8']) gateway.subscribe(`iec104.v1.${group}.state`, ({ subject }) => heard.push(subject));
    expect(patterns()).toEqual(['from.*.iec104.v1.*.state']);
    for (const group of GROUPS) say(`from.connector-${group}.iec104.v1.${group}.state`);
    expect(heard).toEqual(['from.connector-7.iec104.v1.7.state', 'from.connector-8.iec104.v1.8.state']);
  });

  it('hears what its equals may say from them, too', () => {
    const heard: string[] = [];
    hearing('gateway').subscribe('iec104.v1.7.listener.*', ({ subject }) => heard.push(subject));
    expect(patterns()).toEqual(['from.*.iec104.v1.*.listener.*', 'iec104.v1.*.listener.*']);
    say('iec104.v1.7.listener.gateway');
    say('from.west.iec104.v1.7.listener.west');
    say('from.west.iec104.v1.8.listener.west');
    expect(heard).toEqual(['iec104.v1.7.listener.gateway', 'from.west.iec104.v1.7.listener.west']);
  });

  it('hears no more of a group when it has unsubscribed, and goes on with what others of it hear', () => {
    const heard: string[] = [];
    const gateway = hearing('gateway');
    const [first, second] = ['first', 'second'].map((each) =>
      gateway.subscribe('iec104.v1.7.owner', () => heard.push(each)),
    );
    say('from.router.iec104.v1.7.owner');
    first?.unsubscribe();
    say('from.router.iec104.v1.7.owner');
    second?.unsubscribe();
    say('from.router.iec104.v1.7.owner');
    gateway.subscribe('iec104.v1.7.owner', () => heard.push('third'));
    second?.unsubscribe();
    say('from.router.iec104.v1.7.owner');
    expect(heard).toEqual(['first', 'second', 'second', 'third']);
  });

  it('hears events and what is for a session only where it asks for them', () => {
    const gateway = hearing('gateway');
    const subscriptions = ['7.out', '7.out.gateway.5'].map((what) =>
      gateway.subscribe(`iec104.v1.${what}`, () => undefined),
    );
    expect(patterns()).toEqual(['from.*.iec104.v1.7.out', 'from.*.iec104.v1.7.out.gateway.5']);
    for (const subscription of subscriptions) subscription.unsubscribe();
    expect(patterns()).toEqual([]);
  });
});

it('a gateway for some groups asks for each, as it may hear no others', () => {
  hearing('gateway', false).subscribe('iec104.v1.7.state', () => undefined);
  expect(patterns()).toEqual(['from.*.iec104.v1.7.state']);
});

it('a router hears the logs of the groups that it owns, and all else of groups at once', () => {
  const router = hearing('router');
  for (const group of GROUPS)
    for (const kind of ['log', 'state', 'cmd.result', 'in.*', 'ack.*'])
      router.subscribe(`iec104.v1.${group}.${kind}`, () => undefined);
  expect(patterns()).toEqual(
    [...['*.ack.*', '*.cmd.result', '*.in.*', '*.state'], ...GROUPS.map((group) => `${group}.log`)]
      .map((what) => `from.*.iec104.v1.${what}`)
      .sort(),
  );
});

it('a connector hears of its own groups only, and its standbys', () => {
  const connector = hearing('connector', false, 'connector-7');
  for (const what of ['7.cmd', 'ctl.presence.lease.connector.7', 'ctl.status'])
    connector.subscribe(`iec104.v1.${what}`, () => undefined);
  expect(patterns()).toEqual([
    'from.*.iec104.v1.7.cmd',
    'from.*.iec104.v1.ctl.presence.lease.connector.7',
    'from.*.iec104.v1.ctl.status',
    'iec104.v1.ctl.presence.lease.connector.7',
    'iec104.v1.ctl.status',
  ]);
});

it.each<[string, BusRole | undefined]>([
  ['run', 'router'],
  ['anybody', undefined],
])('%s, whose equals may be any part, hears everything from them as well', (name, role) => {
  hearing(role, true, name).subscribe('iec104.v1.7.log', () => undefined);
  expect(patterns()).toEqual(['from.*.iec104.v1.7.log', 'iec104.v1.7.log']);
});
