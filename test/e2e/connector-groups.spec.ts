import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import { freePort, until } from './ports.ts';
import { Master, startRtu } from './stations.ts';
import { groupOf, System } from './system.ts';
import { refusal, startSingle } from './single-part.ts';

/** Longer than an order to end takes, while the server is held up. */
const AT_ONCE_MS = 5_000;

describe.skipIf(!hasNats)('one connector process with several groups', () => {
  it('serves those it is told to, each with its own RTU; a second process stands by; SIGHUP ends nobody', async () => {
    const stations = [await startRtu(), await startRtu(), await startRtu()];
    const rtus = stations.map(({ rtu }) => rtu);
    const columns = rtus.map(({ address }) => ({ hosts: `${address.host}:${address.port}` }));
    const system = await System.start(columns, {
      routers: 1,
      gateways: 1,
      connectors: 2,
      selection: ['1', '3-20'],
      untilListening: false,
    });
    const gateway = system.part('gateway1');
    const connectors = [system.part('connector.1'), system.part('connector.2')] as const;
    await until('listeners of groups 1 and 3', async () =>
      (await Promise.all(['1', '3'].map((id) => groupOf(gateway, id)))).every(({ listener }) => listener.open === true),
    );
    expect((await groupOf(gateway, '2')).listener.open).toBe(false);
    expect(rtus.map(({ connections }) => connections.length)).toEqual([1, 0, 1]);
    const served = connectors.map(({ lines }) =>
      lines.filter(({ msg }) => msg === 'this connector serves the group').map(({ group }) => group),
    );
    expect(served.flat().sort()).toEqual(['1', '3']);
    for (const { log } of connectors) expect(log).not.toContain('has no group');

    // Each master gets what its own RTU says.
    for (const index of [0, 2]) {
      const { ledger } = stations[index] as (typeof stations)[number];
      const port = system.ports[index] as number;
      const master = new Master(`${index}`, `127.0.0.${11 + index}`, ledger, '127.0.0.1', port);
      await master.connect();
      expect((await master.simulator.command('single 5000 on')).result).toBe('positive');
      rtus[index]?.burst(50);
      await until('its own events', () => ledger.total >= 50 && master.distinct === ledger.total);
      expect(master.account()).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
    }

    const parts = [...system.parts.values()];
    for (const part of parts) part.kill('SIGHUP');
    for (const part of parts) await part.logged({ msg: 'the configuration file is the one in force' });
    expect(rtus.map(({ connections }) => connections.length)).toEqual([1, 0, 1]);

    // The one that serves goes: the other has both groups.
    const [first, second] = connectors;
    const serving = { msg: 'this connector serves the group' };
    const [leaving, staying] = first.find(serving) === undefined ? [second, first] : [first, second];
    leaving.kill('SIGKILL');
    await leaving.exited;
    await until('the other one serves both', () => staying.count(serving) === 2);
    await until('both RTUs have a connection', () => [0, 2].every((index) => rtus[index]?.connections.length === 1));
  });

  it.each([
    [[], 'connector: --group IDS is needed (or MM2SS_GROUP); iec104mm2ss.csv has 1'],
    [['--group', '7'], 'connector: no group 7; iec104mm2ss.csv has 1'],
    [
      ['--group', '5..20'],
      '--group: must be ids of groups, as in 7 or 1,5-20, or all; "5..20" is none of them; nearest: 5-20',
    ],
    [['--group', 'RTU-1'], '"RTU-1" is none of them'],
  ])('refuses %j', async (args, message) => {
    const part = await startSingle('connector', '--nats', 'nats://127.0.0.1:1', ...args);
    expect(await part.exited, part.log).toBe(2);
    expect(part.log).toContain(message);
  });

  it('starts when some of it matches, and says what does not', async () => {
    const part = await startSingle(
      'connector',
      '--nats',
      `nats://127.0.0.1:${await freePort()}`,
      '--group',
      '1,7',
      '--group',
      '30-40',
    );
    await part.logged({ msg: 'waiting for NATS' });
    expect(part.log).toContain('mm2ss: connector: iec104mm2ss.csv has no group 7, 30-40 now; it has 1');
    part.kill('SIGHUP');
    await until('a line about it', () => part.log.includes('SIGHUP ignored: nothing has started yet'));
    part.kill('SIGINT');
    expect(await part.exited).toBe(0);
  });
});

describe.skipIf(!hasNats)('exit codes of parts', () => {
  it('1 with a file for NATS that is missing; 2 without NATS', async () => {
    const log = await refusal('--nats', 'nats://127.0.0.1:1', '--nats-creds', 'missing.creds');
    expect(log).toContain('NATS: ');
    const part = await startSingle('router');
    expect(await part.exited, part.log).toBe(2);
  });

  it('130 and 143 at a second signal, while the first is being carried out', async () => {
    const rtu = await startRtu();
    const { host, port } = rtu.rtu.address;
    const system = await System.start([{ hosts: `${host}:${port}` }], { routers: 2, gateways: 1 });
    await system.nats.pause();
    for (const [part, signal, code] of [
      [system.part('router1'), 'SIGINT', 130],
      [system.part('router2'), 'SIGTERM', 143],
    ] as const) {
      part.kill(signal);
      await part.logged({ msg: 'signal received' });
      const since = performance.now();
      part.kill(signal);
      expect(await part.exited).toBe(code);
      expect(performance.now() - since).toBeLessThan(AT_ONCE_MS);
    }
    // One signal is enough, although what it waits for does not come.
    const connector = system.part('connector1.1');
    connector.kill('SIGTERM');
    expect(await connector.exited).toBe(0);
    await system.nats.resume();
  });
});
