import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GroupSubjects } from '@iec104mm2ss/bus';
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
});
