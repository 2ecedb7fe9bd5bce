import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasNats, startNatsProcess } from './nats-server.ts';
import { until } from './ports.ts';
import { oneGroup } from './scene.ts';

const RATE_PER_SECOND = 200;
/** So many events a master may have that it has not acknowledged, w of the link: they come again. */
const UNACKNOWLEDGED = 8;

async function storeFolder(): Promise<string> {
  const store = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-store-'));
  onTestFinished(() => rm(store, { recursive: true, force: true }));
  return store;
}

describe.skipIf(!hasNats)('a nats-server that comes back without its store', () => {
  it('disturbs no master that had acknowledged everything, and all goes on by itself', async () => {
    const store = await storeFolder();
    const nats = await startNatsProcess(['--store_dir', store]);
    const { system, rtu, ledger, master } = await oneGroup({ masters: 'A=127.0.0.11;B=127.0.0.12' }, { nats });
    const masters = [master(1, 0, { reconnect: true }), master(2, 1, { reconnect: true })];
    for (const each of masters) await each.connect();
    await system.started(2);
    rtu.startEvents(RATE_PER_SECOND);
    await until('events', () => masters.every((each) => each.distinct > 5 * RATE_PER_SECOND));
    // What only the server had is lost.
    rtu.stopEvents();
    for (const each of masters) await each.hasAll();

    await nats.kill();
    rtu.startEvents(RATE_PER_SECOND);
    await rm(store, { recursive: true });
    await nats.restart();
    const atRestart = ledger.total;
    await until('live events again', () => masters.every((each) => each.newest > atRestart + RATE_PER_SECOND), 30_000);
    rtu.stopEvents();
    for (const each of masters) {
      await each.hasAll();
      expect(each.account()).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
      expect(each.disconnections).toBe(0);
      expect((await each.simulator.command('single 5000 on')).result).toBe('positive');
    }
  });
});

describe.skipIf(!hasNats)('a nats-server that comes back with an older copy of its store', () => {
  it('loses nothing of masters that are there, and tells those that were away what they lost', async () => {
    const store = await storeFolder();
    const copy = join(await storeFolder(), 'copy');
    const nats = await startNatsProcess(['--store_dir', store]);
    const names = 'A=127.0.0.11;C=127.0.0.13';
    const { system, rtu, ledger, master } = await oneGroup({ masters: names }, { nats });
    const here = [master(1, 0), master(2, 1)];
    const away = master(3, 1);
    for (const each of [...here, away]) await each.connect();
    await system.started(3);
    rtu.burst(200);
    for (const each of [...here, away]) await each.hasAll();
    await away.close();

    await nats.kill();
    await cp(store, copy, { recursive: true });
    await nats.restart();
    await system.listening();
    // These are in no copy, and C is not there: they are lost for it.
    rtu.burst(300);
    for (const each of here) await each.hasAll();
    await until('all is acknowledged to the RTU', () => rtu.buffered === 0);

    await nats.kill();
    await rm(store, { recursive: true });
    await rename(copy, store);
    await nats.restart();
    // Positions of before are given out again.
    rtu.burst(250);
    for (const each of here) {
      await each.hasAll();
      const account = each.account();
      expect(account).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
      expect(account.repeats).toBeLessThanOrEqual(UNACKNOWLEDGED);
      expect(each.disconnections).toBe(0);
      expect((await each.simulator.command('single 5000 on')).result).toBe('positive');
    }
    await away.connect();
    rtu.burst(50);
    await until('C has what came since', () => away.newest === ledger.total - 1);
    const account = away.account();
    expect(account).toMatchObject({ missing: 300, unknown: 0 });
    expect(account.gaps.length).toBeLessThanOrEqual(1);
    expect(await (await system.owner()).metric('mm2ss_named_master_events_lost_total')).toBe(300);
  });
});
