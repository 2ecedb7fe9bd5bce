import { connect } from 'node:net';
import { asBuffer } from '@iec104mm2ss/wire';
import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { addressOf, oneGroup } from './scene.ts';
import type { Master } from './stations.ts';
import { GATEWAY_HOSTS } from './system.ts';

/** w: a master acknowledges at the latest after so many. */
const ACKNOWLEDGED_AFTER = 8;
const LOSSLESS = { missing: 0, repeats: 0, gaps: [], unknown: 0 };

const parsed = (data: Uint8Array): unknown => JSON.parse(asBuffer(data).toString());

/** Whether somebody accepts connections. */
function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, localAddress: addressOf(90) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Waits until a connection that was made is, after admission, still there. */
async function staysStarted(master: Master): Promise<boolean> {
  await master.connect().catch(() => undefined);
  return master.simulator.started;
}

describe.skipIf(!hasNats)('separate processes over NATS', () => {
  it.each(['mirror', 'zero'] as const)(
    'give five masters on two gateways every event in order, and answers to who asked only (RTU: OA %s)',
    async (oa) => {
      const { system, rtu, ledger, master } = await oneGroup({}, {}, { oa });
      const masters = [1, 2, 3, 4, 5].map((n) => master(n, n % 2, { oa: n === 3 ? 7 : 0 }));
      await Promise.all(masters.map((each) => each.connect()));
      await system.started(masters.length);
      // Two of them even command the same object.
      for (const [index, ioa] of [5000, 5000, 5001].entries()) masters[index]?.startCommanding(ioa, 10);
      rtu.startEvents(500);
      await until('1,500 events', () => ledger.total >= 1_500);
      await until('commands meanwhile', () => masters.slice(0, 3).every(({ outcomes }) => outcomes.length > 5));
      rtu.stopEvents();
      await Promise.all(masters.map((each) => each.stopCommanding()));
      for (const each of masters) {
        await each.hasAll();
        expect(each.account()).toMatchObject(LOSSLESS);
        expect(each.strays).toBe(0);
        expect(each.outcomes.filter(({ result, terminated }) => result !== 'positive' || !terminated)).toEqual([]);
      }
      expect((await system.masters()).map(({ originatorAddress }) => originatorAddress).sort()).toEqual([
        1, 2, 3, 4, 5,
      ]);
    },
  );

  it('count connections and same addresses over all gateways, and close the listeners when the RTU is down', async () => {
    const { system, rtu, master } = await oneGroup({ 'max conn': 2 });
    const [first, second, third] = [master(1, 0), master(2, 1), master(3, 1)];
    expect(await staysStarted(first)).toBe(true);
    expect(await staysStarted(second)).toBe(true);
    expect(await staysStarted(third)).toBe(false);
    await (await system.owner()).logged({ reason: 'max_connections' });
    await second.close();
    await until('one master is left', async () => (await system.masters()).length === 1);
    const again = master(3, 0);
    expect(await staysStarted(again)).toBe(true);

    await rtu.stop();
    await until('masters are disconnected', () => !first.simulator.connected && !again.simulator.connected);
    for (const host of GATEWAY_HOSTS.slice(0, 2)) {
      await until(`${host} refuses`, async () => !(await accepts(host, system.port)));
    }
    await rtu.start();
    await system.listening();
  });

  it.each(['old', 'new'] as const)('keep the %s connection of an address, also across gateways', async (sameIp) => {
    const { master } = await oneGroup({ 'same ip': sameIp });
    const here = master(1, 0);
    const there = master(1, 1);
    await here.connect();
    const started = await staysStarted(there);
    expect(started).toBe(sameIp === 'new');
    await until('the other is closed', () => here.simulator.connected === (sameIp === 'old'));
  });

  it('publish the decoded feed and audit records', async () => {
    const { system, rtu, master } = await oneGroup();
    const bus = await system.bus();
    const decoded: { position?: number; direction: string; asdu: { type: string } }[] = [];
    const audits: Record<string, unknown>[] = [];
    bus.subscribe('iec104.v1.1.decoded.>', ({ data }) => decoded.push(parsed(data) as (typeof decoded)[number]));
    bus.subscribe('iec104.v1.1.audit', ({ data }) => audits.push(parsed(data) as (typeof audits)[number]));
    const [one] = [master(1)];
    await one?.connect();
    await until('the feed flows', () => {
      rtu.burst(1);
      return decoded.some(({ direction }) => direction === 'monitor');
    });
    const from = decoded.length;
    rtu.burst(200);
    const outcome = await one?.simulator.command('single 5003 on');
    expect(outcome?.result).toBe('positive');
    await until('200 events and the command are decoded', () => {
      return decoded.length >= from + 201 && decoded.some(({ direction }) => direction === 'control');
    });
    const positions = decoded.flatMap(({ position }) => (position === undefined ? [] : [position]));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    await until('an audit record', () => audits.length > 0);
    expect(audits).toEqual([
      expect.objectContaining({ group: '1', type: 'C_SC_NA_1', ioa: 5003, ca: 47, outcome: 'terminated' }),
    ]);
  });

  it('drain a gateway on SIGTERM: it exits with 0, its masters have what they were owed, others notice nothing', async () => {
    const { system, rtu, ledger, master } = await oneGroup({ masters: `A=${addressOf(1)}` });
    const named = master(1, 1);
    const other = master(2, 0);
    await named.connect();
    await other.connect();
    await system.started(2);
    rtu.startEvents(500);
    await until('500 events', () => ledger.total >= 500);
    const gateway = system.part('gateway2');
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toBe(0);
    await until('the master is disconnected', () => !named.simulator.connected);
    await until('its session is gone', async () => (await system.masters()).length === 1);
    await named.moveTo(GATEWAY_HOSTS[0]);
    rtu.stopEvents();
    await named.hasAll();
    await other.hasAll();
    expect(other.account()).toMatchObject(LOSSLESS);
    // The gateway waited for what it had sent to be acknowledged; fewer than w are not, for as long as t2.
    expect(named.account()).toMatchObject({ ...LOSSLESS, repeats: expect.any(Number) });
    expect(named.account().repeats).toBeLessThan(ACKNOWLEDGED_AFTER);
  });

  it('drain a gateway over a time: nobody new, its masters one after the other, served until then, none loses anything', async () => {
    const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
    const masters = numbers.map((n) => `M${n}=${addressOf(n)}`).join(';');
    const environment = { MM2SS_DRAIN_SECONDS: '2' };
    const { system, rtu, ledger, master } = await oneGroup({ masters, 'max conn': 20 }, { environment });
    const all = numbers.map((n) => master(n, 1));
    await Promise.all(all.map((each) => each.connect()));
    await system.started(all.length);
    rtu.startEvents(200);
    await until('200 events', () => ledger.total >= 200);
    const gateway = system.part('gateway2');
    gateway.kill('SIGTERM');
    await gateway.logged({ msg: 'masters are disconnected one after the other', count: 10 });
    const ends = all.map(async (each) => {
      await until('it is disconnected', () => !each.simulator.connected);
      return performance.now();
    });
    const [host, port] = [GATEWAY_HOSTS[1] as string, system.port];
    await until('nobody is let in', async () => !(await accepts(host, port)));
    expect(all.filter(({ simulator }) => simulator.connected).length).toBeGreaterThan(5);
    const at = (await Promise.all(ends)).sort((a, b) => a - b);
    // A tenth of a second each; a machine that is busy does not do so evenly.
    expect((at.at(-1) as number) - (at[0] as number)).toBeGreaterThan(600);
    expect(await gateway.exited).toBe(0);
    await Promise.all(all.map((each) => each.moveTo(GATEWAY_HOSTS[0] as string)));
    rtu.stopEvents();
    for (const each of all) {
      await each.hasAll();
      expect(each.account()).toMatchObject({ ...LOSSLESS, repeats: expect.any(Number) });
      expect(each.account().repeats).toBeLessThan(ACKNOWLEDGED_AFTER);
    }
  });

  it('stop one by one on SIGTERM, each with exit code 0', async () => {
    const { system, master } = await oneGroup();
    await master(1).connect();
    for (const part of [...system.gateways, ...system.routers, ...system.connectors]) {
      part.kill('SIGTERM');
      expect(await part.exited, part.name).toBe(0);
    }
  });
});

describe.skipIf(!hasNats)('mm2ss run --nats', () => {
  it('is the whole system in one process', async () => {
    const { system, rtu, master } = await oneGroup({}, { allInOne: true });
    const masters = [master(1), master(2)];
    await Promise.all(masters.map((each) => each.connect()));
    await system.started(masters.length);
    rtu.burst(500);
    for (const each of masters) {
      await each.hasAll();
      expect(each.account()).toMatchObject(LOSSLESS);
    }
    expect((await masters[0]?.simulator.command('single 5000 on'))?.result).toBe('positive');
    expect((await system.part('run').status()).bus).toMatchObject({ kind: 'nats', connected: true });
    system.part('run').kill('SIGTERM');
    expect(await system.part('run').exited).toBe(0);
  });
});
