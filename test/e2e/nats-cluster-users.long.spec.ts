import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BusUser, GroupSubjects, permissionsOf } from '@iec104mm2ss/bus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BusUsers } from './bus-users.ts';
import { NatsCluster } from './nats-cluster.ts';
import { hasNats, SYNC_ALWAYS } from './nats-server.ts';
import { until } from './ports.ts';

const GROUP = new GroupSubjects('1');
const OWN = new GroupSubjects('1', 'gateway1');

describe.skipIf(!hasNats)('a cluster of three servers with users', () => {
  it('leads messages, questions, answers and what is stored from account to account, whoever is at which server', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mm2ss-e2e-cluster-users-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const users = new BusUsers(directory);
    const file = join(directory, 'cluster.conf');
    writeFileSync(file, `${SYNC_ALWAYS}${users.asWritten(['1'])}`);
    const nats = await NatsCluster.start(3, ['--config', file]);
    onTestFinished(() => nats.stop());
    const [one, two, three] = nats.servers.map(({ url }) => url) as [string, string, string];
    await users.setUp([one, two, three], 100, 3);
    const connector = await users.connect([one], 'connector-1');
    const router = await users.connect([two], 'router');
    const gateway = await users.connect([three], 'gateway1');
    onTestFinished(async () => void (await Promise.all([connector, router, gateway].map((bus) => bus.close()))));

    // What a connector stores is confirmed to it, and a router hears it.
    let [logged, stored] = [0, 0];
    router.subscribe(GROUP.log, () => logged++);
    const log = connector.eventLog('1', { capacity: 100 });
    const writer = await log.openWriter({ onStored: (position) => (stored = position), onRefused: () => undefined });
    const octets = Buffer.from('680e0800040001010300 2f00010000 01'.replaceAll(' ', ''), 'hex');
    await until('an event is stored and heard', () => {
      if (stored === 0 && logged === 0) {
        writer.append({ epoch: 1, count: 1, receivedAt: 1, octets, start: 0, end: octets.length });
      }
      return stored > 0 && logged > 0;
    });

    // Leases are taken, and read by others.
    const lease = connector.lease({ key: 'connector.1', onAcquired: () => undefined, onLost: () => undefined });
    await until('the lease is taken', () => lease.fence !== undefined && lease.fence > 0);
    expect(await gateway.leaseEntry('connector.1')).toMatchObject({ fence: lease.fence });

    // A gateway asks a router, a router a connector; nobody answering is an answer.
    await expect(gateway.request(OWN.admit, Buffer.from('?'), 2_000)).rejects.toMatchObject({ code: 'NO_RESPONDERS' });
    router.subscribe('iec104.v1.*.admit.*', (message) => message.respond(Buffer.from(message.subject)));
    connector.subscribe(GROUP.commandQuery, (message) => message.respond(Buffer.from('done')));
    let admitted = '';
    await until('the gateway is answered', async () => {
      admitted = String(Buffer.from(await gateway.request(OWN.admit, Buffer.from('?'), 2_000).catch(() => '')));
      return admitted !== '';
    });
    expect(admitted).toBe(OWN.admit);
    await until('the router is answered', async () => {
      const answer = await router.request(GROUP.commandQuery, Buffer.from('?'), 2_000).catch(() => '');
      return String(Buffer.from(answer)) === 'done';
    });

    // What is for the masters reaches gateways, once.
    const heard: string[] = [];
    gateway.subscribe(GROUP.out, ({ subject, data }) => void heard.push(`${subject} ${String(Buffer.from(data))}`));
    let sent = 0;
    await until('a message to gateways is heard', () => {
      router.publish(GROUP.out, Buffer.from(String(sent++)));
      return heard.length > 0;
    });
    router.publish(GROUP.out, Buffer.from('last'));
    await until('all are heard', () => heard.at(-1) === `${GROUP.out} last`);
    expect(new Set(heard).size).toBe(heard.length);
  });

  it('hands no answer of JetStream to others on what the asker may not say himself, whoever is at which server', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mm2ss-e2e-cluster-answers-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const users = new BusUsers(directory);
    const file = join(directory, 'cluster.conf');
    writeFileSync(file, `${SYNC_ALWAYS}${users.asWritten(['1', '2'])}`);
    const nats = await NatsCluster.start(3, ['--config', file]);
    onTestFinished(() => nats.stop());
    const urls = nats.servers.map(({ url }) => url);
    await users.setUp(urls, 100, 3);
    const names = ['router', 'gateway1', 'connector-2'];
    const [connector, ...others] = await Promise.all(
      ['connector-1', ...names].map((name, index) => users.rawClient(urls[index % 3] as string, name)),
    );
    if (connector === undefined) throw new Error('nobody asks');
    onTestFinished(async () => void (await Promise.all([connector, ...others].map((client) => client.close()))));
    // Who hears anything of connector 1, or speaks to connector 2, hears what has this subject.
    const heard: string[] = [];
    for (const [index, client] of others.entries()) {
      const { subscribe } = permissionsOf(users.users().find(({ name }) => name === names[index]) as BusUser, {
        groups: ['1', '2'],
        httpControl: false,
      });
      for (const subject of subscribe.flatMap((each) => [each, `from.*.${each}`])) {
        client.subscribe(subject, {
          callback: (_error, message) => void heard.push(`${names[index]}: ${message.subject} ${message.string()}`),
        });
      }
    }
    const reaches = (text: string): Promise<unknown> =>
      until(`${text} is heard`, () => {
        connector.publish('iec104.v1.1.state', text);
        return heard.some((each) => each.startsWith('gateway1') && each.endsWith(text));
      });
    await reaches('first');
    const replies = ['log', 'state', 'cmd.result', 'cmd', 'owner', 'confirmed', 'out'].map(
      (kind) => `iec104.v1.2.${kind}`,
    );
    for (const reply of [...replies, 'iec104.v1.1.in.gateway1', 'iec104.v1.1.owner', 'iec104.v1.ctl.restart'])
      for (const stream of ['IEC104_LOG_1', 'KV_iec104_leases'])
        connector.publish(`iec104.js.STREAM.INFO.${stream}`, '', { reply });
    // An answer that it may lead where it is heard, after all of them: so they have been given.
    const answered = connector.subscribe('_INBOX.connector-1.last', { max: 1 });
    connector.publish('iec104.js.STREAM.INFO.IEC104_LOG_1', '', { reply: '_INBOX.connector-1.last' });
    for await (const answer of answered) expect(answer.string()).toContain('IEC104_LOG_1');
    await reaches('last');
    expect(heard.filter((each) => !each.endsWith('first') && !each.endsWith('last'))).toEqual([]);
  });
});
