import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RtuSimulator } from '@iec104mm2ss/simulator';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../free-port.js';
import {
  type Columns,
  csvOf,
  eventsOf,
  hostOf,
  masterAddress,
  Multiplexer,
  newMaster,
  startMaster,
  startMasters,
  startRtu,
  type TestMaster,
  until,
} from './harness.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mm2ss-live-'));
  path = join(folder, 'groups.csv');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

/** RTUs that send events all the time, each in a group of its own. */
async function streaming(count: number, columns: Columns = {}) {
  const rtus = await Promise.all(Array.from({ length: count }, () => startRtu()));
  const rows: Columns[] = [];
  for (const [index, rtu] of rtus.entries()) {
    rows.push({ id: index + 1, 'port no': await freePort(), hosts: hostOf(rtu), ...columns });
  }
  const mux = await Multiplexer.start(rows, { file: path });
  for (const index of rtus.keys()) await mux.listening(String(index + 1));
  return { rtus, rows, mux };
}

const portOf = (row: Columns): number => Number(row['port no']);

/** It never lost its connection, and has every event once and in order. */
async function expectUntouched(rtu: RtuSimulator, events: readonly string[], masters: readonly TestMaster[]) {
  rtu.stopEvents();
  await until('all events everywhere', () => masters.every((master) => master.events.length >= events.length));
  for (const master of masters) {
    expect(master.events).toEqual(events);
    expect(master.counts.connections).toBe(1);
    expect(master.counts.disconnections).toBe(0);
  }
  expect(rtu.counts.connections).toBe(1);
}

describe('a configuration that changes while it runs', () => {
  it('concerns only the groups that changed: one added, one removed, one changed', async () => {
    const { rtus, rows, mux } = await streaming(3);
    const [first, second, third] = rtus as [RtuSimulator, RtuSimulator, RtuSimulator];
    const [one, two, three] = rows as [Columns, Columns, Columns];
    const masters = await startMasters(portOf(one), 5);
    const others = await startMasters(portOf(two), 2);
    const leaving = await startMaster(portOf(three), 1);
    const events = eventsOf(first);
    for (const rtu of rtus) rtu.startEvents(200);
    await until('events', () => events.length > 50);

    const fourth = await startRtu();
    const four: Columns = { id: 4, 'port no': await freePort(), hosts: hostOf(fourth) };
    const { events: lastEvents } = leaving;
    writeFileSync(path, csvOf([one, { ...two, hosts: `${hostOf(second)};127.0.0.9:2404` }, four]));
    await mux.logged({ msg: 'new: 4; gone: 3; changed: 2' });
    await until('the new group', () => mux.findLine({ group: '4', msg: 'listening for masters' }) !== undefined);
    const late = await startMaster(portOf(four), 1);
    fourth.burst(10);
    await until('events of the new group', () => late.events.length >= 10);

    await until('the group that is gone has let its RTU go', () => third.connections.length === 0);
    expect(leaving.counts.disconnections).toBe(1);
    expect(lastEvents.length).toBeGreaterThan(0);
    await expect(newMaster(portOf(three), 1).connect()).rejects.toThrow();
    await until('the changed group has closed its link', () => second.counts.connections === 2);
    // Its masters may stay where the new link is up at once.
    for (const master of others) expect(master.counts.disconnections).toBeLessThanOrEqual(1);
    expect((await mux.status()).groups.map(({ id }) => id)).toEqual(['1', '2', '4']);
    await expectUntouched(first, events, masters);
  });

  it('takes live columns without anybody noticing', async () => {
    const { rtus, rows, mux } = await streaming(1, { 'max conn': 3 });
    const [rtu] = rtus as [RtuSimulator];
    const [row] = rows as [Columns];
    const masters = await startMasters(portOf(row), 3);
    const events = eventsOf(rtu);
    rtu.startEvents(200);
    await expect(startMaster(portOf(row), 4)).rejects.toThrow();
    const live = { 'sys name': 'renamed', 'max conn': 4, logevents: 'Y', decoded: 'N' };
    const named = { masters: `A=${masterAddress(1)};B=${masterAddress(2)}` };
    writeFileSync(path, csvOf([{ ...row, ...live, ...named, filter: '127.0.0.0/24' }]));
    await mux.reload();
    const fourth = await startMaster(portOf(row), 4);
    await until('names', async () => {
      const { name, masters: known } = await mux.group();
      const isNamed = (n: number, as: string): boolean =>
        known.some((master) => master.name === as && master.peer?.startsWith(`${masterAddress(n)}:`) === true);
      return name === 'renamed' && isNamed(1, 'A') && isNamed(2, 'B');
    });
    // The filter leaves one out; the others stay.
    const leaving = masters[2] as TestMaster;
    const filter = [1, 2, 4].map((n) => masterAddress(n)).join(';');
    writeFileSync(path, csvOf([{ ...row, ...live, ...named, filter }]));
    await mux.reload();
    await until('the one that the filter leaves out', () => leaving.counts.disconnections === 1);
    await mux.logged({ reason: 'filter' });
    expect(fourth.counts.disconnections).toBe(0);
    await expectUntouched(rtu, events, masters.slice(0, 2));
    expect(mux.lines.filter(({ msg }) => msg.includes('took over'))).toEqual([]);
  });

  it('keeps what a named master has not got, when its group begins anew', async () => {
    const { rtus, rows, mux } = await streaming(1, { masters: `A=${masterAddress(1)};B=${masterAddress(2)}` });
    const [rtu] = rtus as [RtuSimulator];
    let [row] = rows as [Columns];
    const events = eventsOf(rtu);
    const a = await startMaster(portOf(row), 1, { reconnect: { minMs: 20, maxMs: 100 } });
    const b = await startMaster(portOf(row), 2, { reconnect: { minMs: 20, maxMs: 100 } });
    rtu.burst(20);
    await until('both have them', () => a.events.length === 20 && b.events.length === 20);
    await until('acknowledged', () => rtu.buffered === 0, 12_000);
    await b.close();
    rtu.burst(30);
    await until('A has more', () => a.events.length === 50);
    await until('acknowledged', () => rtu.buffered === 0, 12_000);
    for (const change of [{ buffsize: 2_000 }, { interrogation: 'originator' }, { 'rtu no': 301 }, { t3: 21 }]) {
      row = { ...row, ...change };
      writeFileSync(path, csvOf([row]));
      await mux.reload();
    }
    await mux.listening();
    await until('A is back', () => a.started);
    const again = await startMaster(portOf(row), 2);
    await until('B has what it missed', () => again.events.length >= 30);
    expect(again.events).toEqual(events.slice(20));
    rtu.burst(5);
    await until('all have the last', () => again.events.length === 35 && a.events.at(-1) === events.at(-1));
    expect([...new Set(a.events)]).toEqual([...new Set(events)]);
  });

  it('is not taken from a file with a slip, an empty one, or one that is gone', async () => {
    const { rtus, rows, mux } = await streaming(2);
    const [rtu] = rtus as [RtuSimulator];
    const [one, two] = rows as [Columns, Columns];
    const masters = await startMasters(portOf(one), 2);
    const events = eventsOf(rtu);
    rtu.startEvents(200);
    const good = csvOf(rows);
    for (const bad of [csvOf([one, { ...two, t1: 999 }]), '', 'hello', good.slice(0, good.length - 30), undefined]) {
      if (bad === undefined) rmSync(path);
      else writeFileSync(path, bad);
      await mux.reload();
      expect(await mux.page('/metrics')).toContain('mm2ss_config_in_force 0');
      expect((await mux.status()).processes[0]?.configuration?.refused).toMatch(/./);
    }
    expect(mux.lines.filter(({ msg }) => msg.includes('nothing changes'))).toHaveLength(5);
    writeFileSync(path, good);
    await mux.reload();
    expect(await mux.page('/metrics')).toContain('mm2ss_config_in_force 1');
    expect((await mux.status()).processes[0]?.configuration?.refused).toBeNull();
    await expectUntouched(rtu, events, masters);
  });

  it('is found behind a symbolic link that is swapped, as Kubernetes does it', async () => {
    const { rtus, rows, mux } = await streaming(1);
    const [rtu] = rtus as [RtuSimulator];
    const [row] = rows as [Columns];
    const masters = await startMasters(portOf(row), 2);
    const events = eventsOf(rtu);
    rtu.startEvents(200);
    const swap = (name: string, text: string): void => {
      writeFileSync(join(folder, `${name}.csv`), text);
      symlinkSync(`${name}.csv`, join(folder, 'next'));
      renameSync(join(folder, 'next'), path);
    };
    swap('a', csvOf(rows));
    swap('b', csvOf([{ ...row, 'max conn': 4 }]));
    await mux.logged({ group: '1', msg: 'the group changes: max conn' });
    await expectUntouched(rtu, events, masters);
  });

  it('may change at random and at once: a group that stays the same notices nothing', async () => {
    const { rtus, rows, mux } = await streaming(3);
    const [rtu] = rtus as [RtuSimulator];
    const [stays, ...change] = rows as [Columns, Columns, Columns];
    const masters = await startMasters(portOf(stays), 3);
    const others = await Promise.all(
      change.map((row) => startMaster(portOf(row), 1, { reconnect: { minMs: 10, maxMs: 50 } })),
    );
    const events = eventsOf(rtu);
    for (const each of rtus) each.startEvents(200);
    const ports = await Promise.all(change.map(() => freePort()));
    const hosts = change.map((row) => String(row['hosts']));
    /** What a row may have instead. */
    const changes = fc.record(
      {
        'port no': fc.constantFrom(...change.map(portOf), ...ports),
        t1: fc.constantFrom(15, 16),
        'rtu no': fc.constantFrom(7, 8),
        buffsize: fc.constantFrom(1_000, 500),
        interrogation: fc.constantFrom('all', 'originator'),
        'max conn': fc.constantFrom(4, 5),
        hosts: fc.constantFrom(...hosts, hosts.join(';')),
        ack: fc.constantFrom('stored', 'delivered'),
        logevents: fc.constantFrom('Y', 'N'),
        masters: fc.constantFrom('', `A=${masterAddress(1)}`),
      },
      { requiredKeys: [] },
    );
    const files = fc.array(fc.tuple(fc.option(changes), fc.option(changes)), { minLength: 3, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(files, async (steps) => {
        for (const step of steps) {
          const next = change.flatMap((row, index) => {
            const changed = step[index] ?? undefined;
            return changed === undefined ? [] : [{ ...row, ...changed }];
          });
          writeFileSync(path, csvOf([stays, ...next]));
          await mux.reload();
        }
        writeFileSync(path, csvOf(rows));
        await mux.reload();
        await until('the other masters are back', () => others.every((master) => master.started));
        const counts = others.map((master) => master.events.length);
        await until('their events go on', () =>
          others.every((master, index) => master.events.length > (counts[index] as number) + 20),
        );
        expect(masters.map((master) => master.counts.connections)).toEqual([1, 1, 1]);
      }),
      { numRuns: 3, endOnFailure: true },
    );
    await expectUntouched(rtu, events, masters);
  }, 60_000);
});
