import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { Master, startRtu, type TestRtu } from './stations.ts';
import { type Columns, GATEWAY_HOSTS, System, type SystemOptions } from './system.ts';

const address = (n: number): string => `127.0.0.${10 + n}`;

async function oneGroup(columns: Columns = {}, options: SystemOptions = {}, rtuOptions = {}) {
  const station = await startRtu(rtuOptions);
  const { host, port } = station.rtu.address;
  const system = await System.start([{ hosts: `${host}:${port}`, ...columns }], options);
  return { ...station, system };
}

function masterAt(system: System, { ledger }: TestRtu, n: number, gateway: number, options = {}): Master {
  return new Master(`master ${n}`, address(n), ledger, GATEWAY_HOSTS[gateway] as string, system.port, options);
}

describe.skipIf(!hasNats)('separate processes over NATS', () => {
  it('give five masters on two gateways every event in order, and commands to the asker only', async () => {
    const all = await oneGroup();
    const { system, rtu, ledger } = all;
    const masters = [1, 2, 3, 4, 5].map((n) => masterAt(system, all, n, n % 2));
    await Promise.all(masters.map((master) => master.connect()));
    masters[0]?.startCommanding(5000, 10);
    masters[1]?.startCommanding(5001, 10);
    rtu.startEvents(500);
    await until('2,000 events', () => ledger.total >= 2000);
    rtu.stopEvents();
    await masters[0]?.stopCommanding();
    await masters[1]?.stopCommanding();
    for (const master of masters) {
      await master.hasAll();
      expect(master.account()).toMatchObject({ missing: 0, repeats: 0, gaps: [], unknown: 0 });
      expect(master.strays).toBe(0);
      expect(master.outcomes.filter(({ result }) => result !== 'positive')).toEqual([]);
    }
    expect(masters[0]?.outcomes.length).toBeGreaterThan(10);
  });
});
