import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { oneGroup } from './scene.ts';
import { System } from './system.ts';

/** Groups whose RTU is never there: owning them costs nothing else. */
const GROUPS = Array.from({ length: 6 }, () => ({ hosts: '127.0.0.2:9' }));
/** Twice what it takes at most: the machine may be busy. */
const TAKEOVER_MS = 15_000;

async function spread(system: System): Promise<number[]> {
  const owned = [...(await system.ownership()).values()];
  const all = owned.flat();
  if (new Set(all).size !== all.length) return [];
  return owned.map(({ length }) => length).sort();
}

describe.skipIf(!hasNats)('routers', () => {
  it('share the groups evenly, and anew when one comes, goes or dies', async () => {
    const system = await System.start(GROUPS, { routers: 2, gateways: 0, connectors: 0, untilListening: false });
    await until('3 and 3', async () => String(await spread(system)) === '3,3');
    await system.startPart('router3');
    await until('2, 2 and 2', async () => String(await spread(system)) === '2,2,2');

    const leaving = system.part('router1');
    leaving.kill('SIGTERM');
    expect(await leaving.exited).toBe(0);
    await until('3 and 3 again', async () => String(await spread(system)) === '3,3');

    const dying = system.part('router2');
    dying.kill('SIGKILL');
    await dying.exited;
    const tookMs = await until('the last one has all', async () => String(await spread(system)) === '6');
    expect(tookMs).toBeLessThan(TAKEOVER_MS);
  });
});

describe.skipIf(!hasNats)('connectors', () => {
  it('of one group: the second stands by, takes over, and the RTU never has two connections', async () => {
    const { system, rtu, mostConnections, master, ledger } = await oneGroup({}, { connectors: 2, routers: 1 });
    const serving = { msg: 'this connector serves the group' };
    const active = system.connectors.filter((part) => part.find(serving) !== undefined);
    expect(active).toHaveLength(1);
    const standby = system.connectors.find((part) => part !== active[0]);
    const one = master(1);
    await one.connect();
    await system.started(1);
    rtu.startEvents(200);
    await until('events', () => ledger.total > 200);
    active[0]?.kill('SIGTERM');
    expect(await active[0]?.exited).toBe(0);
    await standby?.logged(serving);
    const before = ledger.total;
    await until('more events', () => one.newest > before + 200);
    rtu.stopEvents();
    await one.hasAll();
    expect(one.account()).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
    expect(one.disconnections).toBe(0);
    expect(rtu.counts.connections).toBe(2);
    expect(mostConnections()).toBe(1);
  });
});
