import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import type { Part } from './part.ts';
import { freePort, until } from './ports.ts';
import { Master, startRtu } from './stations.ts';
import { type Columns, GATEWAY_HOSTS, groupOf, System } from './system.ts';

/** k of the link to the RTU. */
const WINDOW = 12;
/** All parts look at the file every two seconds. */
const FOUND_MS = 15_000;

const count = ({ lines }: Part, text: string): number => lines.filter(({ msg }) => msg.includes(text)).length;

describe.skipIf(!hasNats)('over NATS, a configuration that changes while it runs', () => {
  it('concerns only the groups that change: one added, one removed, one changed, a broken file, an empty one', async () => {
    const stations = [await startRtu(), await startRtu(), await startRtu(), await startRtu()] as const;
    const rows: Columns[] = [];
    for (const [index, { rtu }] of stations.entries()) {
      const { host, port } = rtu.address;
      const masters = `A=127.0.0.1${index}1;B=127.0.0.1${index}2`;
      rows.push({ id: index + 1, 'port no': await freePort(), hosts: `${host}:${port}`, masters });
    }
    const [one, two, three, four] = rows as [Columns, Columns, Columns, Columns];
    const system = await System.start([one, two, three], { routers: 2, gateways: 2, selection: ['all'] });
    const parts = [...system.parts.values()];
    const master = (group: number, n: number): Master => {
      const { ledger } = stations[group - 1] as (typeof stations)[number];
      const host = GATEWAY_HOSTS[n % 2] as string;
      const port = Number((rows[group - 1] as Columns)['port no']);
      return new Master(`${group}.${n}`, `127.0.0.1${group - 1}${n}`, ledger, host, port, { reconnect: true });
    };
    // Named ones, at both gateways.
    const stays = [master(1, 1), master(1, 2)];
    const changes = [master(2, 1), master(2, 2)];
    const leaves = master(3, 1);
    for (const each of [...stays, ...changes, leaves]) await each.connect();
    for (const { rtu } of stations) rtu.startEvents(200);
    await until('events everywhere', () => [...stays, ...changes, leaves].every(({ newest }) => newest > 50));

    await system.rewrite([one, { ...two, hosts: `${String(two['hosts'])};127.0.0.9:2404` }, four]);
    await until(
      'every part has taken it',
      () => parts.every((part) => count(part, 'a new configuration') === 1),
      FOUND_MS,
    );
    const comes = master(4, 1);
    await until(
      'the new group is there',
      async () => (await groupOf(system.part('gateway1'), '4')).listener.open === true,
    );
    await comes.connect();
    await until('events of the new group', () => comes.newest > 50);
    await until('the group that is gone has let its RTU go', () => stations[2].rtu.connections.length === 0);
    expect(leaves.disconnections).toBeGreaterThan(0);

    // One after the other: live columns, another port, and back, while files that are at fault come between.
    const columns: readonly Columns[] = [
      { 'max conn': 7 },
      { 'sys name': 'other' },
      { interrogation: 'originator' },
      { t3: 21 },
    ];
    let taken = 1;
    for (const [index, change] of columns.entries()) {
      await system.rewrite(index % 2 === 0 ? '' : 'id,sys name\n1,hello\n');
      for (const part of parts) part.kill('SIGHUP');
      await until('every part has refused it', () =>
        parts.every((part) => count(part, 'nothing changes') === index + 1),
      );
      for (const { configuration } of (await (parts[0] as (typeof parts)[number]).status()).processes) {
        expect(configuration?.refused).toContain(index % 2 === 0 ? 'empty' : 'a separator is missing');
      }
      await system.rewrite([one, { ...two, ...change }, four]);
      for (const part of parts) part.kill('SIGHUP');
      taken++;
      await until('every part has taken it', () => parts.every((part) => count(part, 'a new configuration') === taken));
    }
    await until('the masters of the changed group are there', () =>
      changes.every(({ simulator }) => simulator.started),
    );
    for (const { rtu } of stations) rtu.stopEvents();

    // Who has not changed has noticed nothing; named masters of the one that has missed nothing.
    for (const each of [...stays, ...changes, comes]) {
      if (each !== comes) await each.hasAll();
      const { missing, gaps, unknown, repeats } = each.account(each === comes ? stations[3].ledger.total : 0);
      expect([each.name, missing, gaps, unknown]).toEqual([each.name, 0, [], 0]);
      if (!stays.includes(each)) continue;
      expect([each.name, each.disconnections]).toEqual([each.name, 0]);
      // While nats-server reads its accounts anew it may lose a confirmation: those events are stored, and sent, once more.
      expect(repeats, each.name).toBeLessThanOrEqual(WINDOW * taken);
    }
    expect(stations[0].rtu.counts.connections).toBe(1);
    for (const part of parts) {
      const { configuration } = await part.status();
      expect(configuration.differ).toBe(false);
    }
  }, 120_000);
});
