/** How many subscriptions parts make on a real nats-server with users, each of which it compares with all imports of the account. */
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, GroupSubjects, NatsBus, receiveFromGateways } from '@iec104mm2ss/bus';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BusUsers } from './bus-users.ts';
import { hasNats, type NatsServer, startNatsProcess, startNatsServer } from './nats-server.ts';
import { until } from './ports.ts';

const GROUPS = Array.from({ length: 40 }, (_, index) => String(index + 1));
const octets = (text: string): Uint8Array => Buffer.from(text);
const ignore = (): void => undefined;

/** Of a client, as the server counts them. */
function subscriptionsOf(server: NatsServer, instance: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    get(`${server.monitorUrl}/connz?subs=true`, (response) => {
      let text = '';
      response.on('data', (part) => (text += part));
      response.on('end', () => {
        const { connections } = JSON.parse(text) as {
          connections: { name: string; subscriptions_list?: readonly string[] }[];
        };
        resolve(connections.find(({ name }) => name.startsWith(instance))?.subscriptions_list ?? []);
      });
    }).on('error', reject);
  });
}

describe.skipIf(!hasNats)(`with ${GROUPS.length} groups`, () => {
  let directory: string;
  let users: BusUsers;
  let server: NatsServer;
  let router: NatsBus;
  let gateway: NatsBus;
  const buses: Bus[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'mm2ss-e2e-subscriptions-'));
    users = new BusUsers(directory);
    server = await startNatsServer('current', users.asWritten(GROUPS));
    await users.setUp([server.url], 100);
    router = await users.connect([server.url], 'router', false, { role: 'router', allGroups: true });
    gateway = await users.connect([server.url], 'gateway1', false, { role: 'gateway', allGroups: true });
    buses.push(router, gateway);
  });
  afterAll(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const asListed = async (name: string) => [...(await subscriptionsOf(server, `${name}/`))].sort();
  const aboutGroups = async (name: string) =>
    (await asListed(name)).filter((subject) => /^(from\.\*\.)?iec104\.v1\.(\*|\d+)\./.test(subject));

  it('a gateway has one for each kind of what is said about groups, and hears each group that it asked for', async () => {
    const heard: string[] = [];
    for (const group of GROUPS.slice(1)) {
      const { state, owner, listener } = new GroupSubjects(group);
      for (const each of [state, owner]) gateway.subscribe(each, ({ subject }) => heard.push(subject));
      receiveFromGateways(gateway, listener, String, (_text, by) => heard.push(`${listener} of ${by}`));
    }
    await until('the server knows them', async () => (await aboutGroups('gateway1')).length >= 4);
    expect(await aboutGroups('gateway1')).toEqual([
      'from.*.iec104.v1.*.listener.*',
      'from.*.iec104.v1.*.owner',
      'from.*.iec104.v1.*.state',
      'iec104.v1.*.listener.*',
    ]);
    const connectors = await Promise.all(['1', '2'].map((group) => users.connect([server.url], `connector-${group}`)));
    buses.push(...connectors);
    connectors.forEach((bus, index) => bus.publish(new GroupSubjects(String(index + 1)).state, octets('x')));
    router.publish(new GroupSubjects('3').owner, octets('x'));
    const other = await users.connect([server.url], 'gateway2');
    buses.push(other);
    other.publish(new GroupSubjects('3', 'gateway2').listener, octets('x'));
    gateway.publish(new GroupSubjects('3', 'gateway1').listener, octets('x'));
    await until('all are heard', () => heard.length >= 4);
    expect(heard.sort()).toEqual([
      'iec104.v1.2.state',
      'iec104.v1.3.listener of gateway1',
      'iec104.v1.3.listener of gateway2',
      'iec104.v1.3.owner',
    ]);
  });

  it('a router has one for each log besides', async () => {
    for (const group of GROUPS) {
      const { log, state, commandResult, in: sessions, ack } = new GroupSubjects(group);
      for (const each of [log, state, commandResult, `${sessions}.*`, `${ack}.*`]) router.subscribe(each, ignore);
    }
    await until('the server knows them', async () => (await aboutGroups('router')).length >= GROUPS.length + 4);
    expect(await aboutGroups('router')).toHaveLength(GROUPS.length + 4);
  });

  it('questions make none, however many there are, and each gets its own answer', async () => {
    router.subscribe('iec104.v1.*.admit.*', (message) => message.respond(message.data));
    const { admit } = new GroupSubjects('1', 'gateway1');
    await until('the router hears questions', () =>
      gateway.request(admit, octets('?'), 1_000).then(Boolean, () => false),
    );
    const before = await asListed('gateway1');
    const asked = Array.from({ length: 50 }, (_, index) => String(index));
    const answers = asked.map((text) => gateway.request(admit, octets(text), 10_000));
    expect((await Promise.all(answers)).map((answer) => Buffer.from(answer).toString())).toEqual(asked);
    expect(await asListed('gateway1')).toEqual(before);
    expect(before.filter((subject) => subject.startsWith('_INBOX.gateway1.ask.'))).toEqual(['_INBOX.gateway1.ask.*']);
  });

  it('what was asked when the server goes away is given up at once', async () => {
    const own = await startNatsProcess([]);
    const bus = await NatsBus.connect({ servers: [own.url], runtime: systemRuntime(), replicas: 1, listenOnly: true });
    bus.subscribe('a.question', ignore);
    const asking = bus.request('a.question', octets('?'), 60_000);
    asking.catch(ignore);
    await own.kill();
    await expect(asking).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await bus.close();
    await own.stop();
  });
});
