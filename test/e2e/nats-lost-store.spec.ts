import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasNats, startNatsProcess } from './nats-server.ts';
import { until } from './ports.ts';
import { oneGroup } from './scene.ts';

const RATE_PER_SECOND = 200;

describe.skipIf(!hasNats)('a nats-server that comes back without its store', () => {
  it('disturbs no master that had acknowledged everything, and all goes on by itself', async () => {
    const store = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-store-'));
    onTestFinished(() => rm(store, { recursive: true, force: true }));
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
