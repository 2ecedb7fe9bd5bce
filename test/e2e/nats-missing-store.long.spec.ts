import { jetstreamManager } from '@nats-io/jetstream';
import { expect, it, onTestFinished } from 'vitest';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { oneGroup } from './scene.ts';
import type { Part } from './part.ts';

const LOG = 'IEC104_LOG_1';
const STATES = 'KV_iec104_state';
const LEASES = 'KV_iec104_leases';
const AUDIT = 'IEC104_AUDIT';

/** What a part says of the group that it misses. */
async function missed(part: Part): Promise<string[]> {
  const { groups } = (await (await fetch(`http://${part.http}/status`)).json()) as Awaited<ReturnType<Part['status']>>;
  return (groups[0]?.trouble ?? []).map(({ what }) => what);
}

const metrics = async (part: Part): Promise<string> => (await fetch(`http://${part.http}/metrics`)).text();
const isReady = async (part: Part): Promise<boolean> => (await fetch(`http://${part.http}/readyz`)).ok;

it.skipIf(!hasNats)(
  'a stream or bucket that somebody removed from a server with users shows in status, metric and readiness, until nats-setup was run again',
  async () => {
    const { system, rtu, master } = await oneGroup({ masters: 'A=127.0.0.11' });
    const one = master(1, 0, { reconnect: true });
    await one.connect();
    await system.started(1);
    rtu.burst(100);
    await one.hasAll();
    const client = await system.users!.rawClient(system.servers[0] as string, 'admin');
    onTestFinished(() => client.close());
    const { streams } = await jetstreamManager(client, { checkAPI: false });
    const router = await system.owner();
    const gateway = system.gateways[0] as Part;
    expect(await missed(gateway)).toEqual([]);

    for (const [store, ready] of [
      [LOG, true],
      [AUDIT, false],
      [STATES, false],
      [LEASES, false],
    ] as const) {
      const metric = `mm2ss_storage_trouble{store="${store}"} 1`;
      await streams.delete(store);
      // Asked anywhere, though nothing happens meanwhile.
      await until(`${store} is missed`, async () => (await missed(gateway)).includes(store), 30_000);
      await until('the router misses it, too', async () => (await metrics(router)).includes(metric), 30_000);
      expect([store, await isReady(router), await isReady(gateway)]).toEqual([store, ready, true]);
      await system.users!.setUp(system.servers);
      await until(`all is there again`, async () => (await missed(gateway)).length === 0, 30_000);
      await until(
        'also by the router',
        async () => !(await metrics(router)).includes('mm2ss_storage_trouble{'),
        30_000,
      );
      rtu.burst(100);
      await one.hasAll();
      await until('commands are executed', async () => {
        return (await one.simulator.command('single 5000 on')).result === 'positive';
      });
    }
    expect(one.account()).toMatchObject({ missing: 0, unknown: 0 });
  },
);
