/** What /metrics has of groups with odd names, and of groups that come, go and change while it runs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MemoryBus } from '@iec104mm2ss/bus';
import { metric } from '@iec104mm2ss/observability';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { freePort } from '../free-port.ts';
import { type Columns, csvOf, hostOf, Multiplexer, startMaster, startRtu, until } from '../integration/harness.ts';
import { due, expectCatalogued, missing, parse, type Series } from '../scrape.ts';

const promtool = requireTool('promtool');
const PARTS = ['connector', 'router', 'gateway'] as const;
/** All that a cell of the file may have and that the text format, PromQL or a template gives a meaning. */
const ODD = [
  'Umspannwerk "Süd" \\ Trafo 3',
  '\\',
  '"',
  '\\n {{ $labels.group }} $job ${group}',
  "a{b='c'},d #e",
  'ÄÖÜß 変電所 🔌',
  'x'.repeat(10_000),
];

/** Characters of a name that count. */
const LONGEST_NAME = 16;

let file: string;
beforeEach(() => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mm2ss-odd-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  file = path.join(folder, 'groups.csv');
});

const row = async (id: number, name: string, more: Columns = {}): Promise<Columns> => ({
  id,
  'port no': await freePort(),
  'sys name': name,
  hosts: '127.0.0.2:9',
  masters: 'A=127.0.0.11',
  ...more,
});

const groupsOf = (text: string, name?: string): string[] =>
  [
    ...new Set(
      parse(text).flatMap((each) => (name === undefined || each.name === name ? (each.labels['group'] ?? []) : [])),
    ),
  ].sort();

it.skipIf(promtool === undefined)(
  'odd names are labels that promtool reads, the same in all metrics of a group',
  async () => {
    const rows = await Promise.all(ODD.map((name, index) => row(index + 1, name)));
    const mux = await Multiplexer.start(rows, { file });
    let text = '';
    await until('all metrics', async () => {
      text = await mux.page('/metrics');
      return missing(text, ...PARTS).length === 0;
    });
    expectCatalogued(text);
    const { status, stdout, stderr } = spawnSync(promtool ?? '', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    // 3: it reads everything, and would have named some of prom-client's otherwise.
    expect([0, 3], stdout + stderr).toContain(status);
    expect(stdout + stderr).not.toMatch(/mm2ss|error|pars/i);
    const names = new Map<string, Set<string>>();
    for (const { labels } of parse(text)) {
      const { group, name } = labels;
      if (group !== undefined && name !== undefined) names.set(group, (names.get(group) ?? new Set()).add(name));
    }
    expect([...names.values()].every(({ size }) => size === 1)).toBe(true);
    for (const [index, name] of ODD.entries()) {
      expect([...(names.get(String(index + 1)) ?? [])]).toEqual([
        Array.from(name).slice(0, LONGEST_NAME).join('').trimEnd(),
      ]);
    }
  },
);

it('a group that is gone has no series, one that is new or renamed has all of them under its name alone', async () => {
  const [one, two, three] = await Promise.all([row(1, 'One'), row(2, 'Two'), row(3, 'Three')]);
  const mux = await Multiplexer.start([one, two] as Columns[], { file });
  let text = '';
  const told = async (what: string, groups: string[], name: string): Promise<void> => {
    await until(
      what,
      async () => {
        text = await mux.page('/metrics');
        const info = parse(text).filter((each) => each.name === 'mm2ss_group_info');
        const complete = due(...PARTS).every(
          (each) => !metric(each).labels.includes('group') || groupsOf(text, seriesName(each)).length === groups.length,
        );
        return complete && info.some(({ labels }) => labels['name'] === name);
      },
      30_000,
    );
    expect(groupsOf(text)).toEqual(groups);
  };
  await told('both groups', ['1', '2'], 'Two');

  writeFileSync(file, csvOf([{ ...one, 'sys name': 'Uno', masters: 'B=127.0.0.11' }, three] as Columns[]));
  await told('the new file', ['1', '3'], 'Uno');
  const of = (group: string): Series[] => parse(text).filter(({ labels }) => labels['group'] === group);
  expect([...new Set(of('1').map(({ labels }) => labels['name']))]).toEqual(['Uno']);
  expect([...new Set(of('1').flatMap(({ labels }) => labels['master'] ?? []))].sort()).toEqual(['*', 'B']);
  const counters = of('3').filter(({ name }) => name.endsWith('_total') && !name.startsWith('mm2ss_rtu_link'));
  expect(counters.length).toBeGreaterThan(50);
  expect(counters.filter(({ value }) => value !== 0)).toEqual([]);
});

it('over a takeover no counter of a gateway goes back, and the new router has all series of the group', async () => {
  const bus = new MemoryBus();
  // One part ends, and the others still need it.
  bus.close = () => Promise.resolve();
  const rtu = await startRtu();
  const rows = [await row(1, 'One', { hosts: hostOf(rtu), masters: 'A=127.0.0.11,127.0.0.12' })];
  const part = (name: (typeof PARTS)[number]): Promise<Multiplexer> => Multiplexer.start(rows, { parts: [name], bus });
  const [first, gateway] = [await part('router'), await part('gateway')];
  await part('connector');
  await gateway.listening('1');
  // One master, by two connections of which it uses the later one.
  const one = await startMaster(gateway.port, 1);
  rtu.burst(30);
  await until('events', () => one.events.length >= 30);
  const two = await startMaster(gateway.port, 2);
  rtu.burst(30);
  await until('events on the other connection', () => two.events.length >= 30);
  const acknowledged = (): Promise<number | undefined> =>
    gateway.metric('mm2ss_named_master_asdus_acknowledged_total', { master: 'A' });
  await until('an acknowledgement of all', async () => ((await acknowledged()) ?? 0) >= 60);
  const counters = async (): Promise<Map<string, number>> =>
    new Map(
      parse(await gateway.page('/metrics'))
        .filter(({ name }) => /^mm2ss_.*_(total|count|bucket)$/.test(name))
        .map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]),
    );
  const before = await counters();

  const second = await part('router');
  const routed = (): Promise<number | undefined> => second.metric('mm2ss_router_asdus_routed_total');
  expect(await routed()).toBeUndefined();
  expect(await second.metric('mm2ss_group_owner', { role: 'router' })).toBe(0);
  await first.stop();
  await until('the other router has the group', async () => (await routed()) !== undefined);
  // It may have read again what the one before it had routed.
  const from = (await routed()) ?? 0;
  rtu.burst(10);
  await until('events go on', () => two.events.length >= 40);
  await until('and are counted', async () => ((await routed()) ?? 0) >= from + 10);
  const text = await second.page('/metrics');
  expect(missing(text, 'router')).toEqual([]);
  const after = await counters();
  const wentBack = [...before].filter(([name, value]) => (after.get(name) ?? -1) < value);
  expect(wentBack).toEqual([]);
  expect(
    await gateway.metric('mm2ss_named_master_last_acknowledgement_timestamp_seconds', { master: 'A' }),
  ).toBeGreaterThan(Date.now() / 1000 - 60);
});

/** The name of one of its series. */
const seriesName = (name: Parameters<typeof metric>[0]): string =>
  metric(name).type === 'histogram' ? `${name}_count` : name;
