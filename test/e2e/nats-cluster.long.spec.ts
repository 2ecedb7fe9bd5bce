import { setTimeout as delay } from 'node:timers/promises';
import { NatsBus } from '@iec104mm2ss/bus';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RESTART_PAUSE_MS, startScene, underFault, WINDOW } from './fault-scene.ts';
import { NatsCluster } from './nats-cluster.ts';
import { hasNats, startNatsProcess } from './nats-server.ts';
import { until } from './ports.ts';
import { oneGroup } from './scene.ts';
import { refusal, startSingle } from './single-part.ts';

const RATE_PER_SECOND = 200;
/** Servers need 4 to 9 seconds to elect another leader; then the connector looks again. */
const FAILOVER_MS = 25_000;
const REPLICAS_3 = ['--nats-replicas', '3'];
/** The audit, the event log, the leases and what the router keeps. */
const STREAMS = ['IEC104_AUDIT', 'IEC104_LOG_1', 'KV_iec104_leases', 'KV_iec104_state'];

async function copies(nats: NatsCluster): Promise<Record<string, number>> {
  return Object.fromEntries((await nats.streams()).map(({ config }) => [config.name, config.num_replicas]));
}
const everyStream = (replicas: number) => Object.fromEntries(STREAMS.map((name) => [name, replicas]));

describe.skipIf(!hasNats)('a cluster of three servers', () => {
  it('keeps three copies of everything, and loses nothing when the leader of the log is killed', async () => {
    const nats = await NatsCluster.start();
    const { system, rtu, ledger, master } = await oneGroup(
      {},
      { nats, routers: 1, gateways: 1, partArguments: REPLICAS_3 },
    );
    const one = master(1);
    await one.connect();
    await system.started(1);
    expect(await copies(nats)).toEqual(everyStream(3));
    const connector = system.part('connector1.1');
    for (const part of system.parts.values()) {
      expect((await part.status()).groups[0], part.name).toMatchObject({ ack: 'stored', rtu: { state: 'started' } });
    }
    const victim = nats.at((await connector.status()).bus.server);
    await nats.lead('IEC104_LOG_1', victim);
    rtu.startEvents(RATE_PER_SECOND);
    await until('events', () => one.distinct > RATE_PER_SECOND);

    await victim.kill();
    const atKill = ledger.total;
    await connector.logged({ msg: 'bus connected again' });
    await until('events again', () => one.newest > atKill + RATE_PER_SECOND, FAILOVER_MS);
    rtu.stopEvents();
    await one.hasAll();
    const account = one.account();
    expect(account).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
    // Seen, but not stored when the leader died.
    expect(account.repeats).toBeLessThanOrEqual(WINDOW);
    expect((await one.simulator.command('single 5000 on')).result).toBe('positive');
    expect(nats.at((await connector.status()).bus.server)).not.toBe(victim);
    expect(one.disconnections).toBe(0);
    expect(rtu.counts.connections).toBe(1);
  });

  it('is restarted server by server under load, and no master notices', async () => {
    const nats = await NatsCluster.start();
    const scene = await startScene({ nats, partArguments: REPLICAS_3 });
    for (const [index, victim] of nats.servers.entries()) {
      await underFault(`kill -9 server ${index + 1} of the cluster`, scene, async () => {
        await victim.kill();
        await delay(RESTART_PAUSE_MS);
        await victim.restart();
        await until('three copies of all', () => nats.whole(), FAILOVER_MS);
      });
    }
  });

  it('has streams of one copy raised to three, and not lowered again', async () => {
    const nats = await NatsCluster.start();
    const partArguments: string[] = [];
    const { system, rtu, master } = await oneGroup({}, { nats, allInOne: true, partArguments });
    const one = master(1, 0, { reconnect: true });
    await one.connect();
    await system.started(1);
    rtu.burst(100);
    await one.hasAll();
    expect(await copies(nats)).toEqual(everyStream(1));
    await system.part('run').stop();

    partArguments.push(...REPLICAS_3);
    await system.startPart('run');
    await until('three copies of all', () => nats.whole());
    expect(await copies(nats)).toEqual(everyStream(3));
    await system.started(2);
    rtu.burst(100);
    await one.hasAll();
    expect(one.account()).toMatchObject({ missing: 0, gaps: [], unknown: 0 });

    const bus = await NatsBus.connect({ servers: nats.url.split(','), runtime: systemRuntime(), replicas: 1 });
    onTestFinished(() => bus.close());
    // The RTU's end of initialization is one more.
    expect((await bus.eventLog('1').extent()).next).toBe(201);
    expect(await copies(nats)).toEqual(everyStream(3));
  });

  it('is waited for until it is complete, and the reason said', async () => {
    const nats = await NatsCluster.start(2);
    onTestFinished(() => nats.stop());
    const router = await startSingle('router', '--nats', nats.url, ...REPLICAS_3);
    const { reason } = await router.logged({ level: 'warn', msg: 'waiting for NATS' });
    expect(reason).toContain('a cluster needs a majority of its servers');
    await nats.addServer();
    await router.logged({ msg: 'this router owns the group' });
  });
});

describe.skipIf(!hasNats)('a server without a cluster', () => {
  it('is refused when there have to be three copies', async () => {
    const nats = await startNatsProcess([]);
    onTestFinished(() => nats.stop());
    expect(await refusal('--nats', nats.url, ...REPLICAS_3)).toContain('3 replicas need a cluster of 3 servers');
  });
});
