/**
 * What a tab of the console costs: CPU time of `mm2ss run` with 200 groups x 5 masters without the console, with it and nobody
 * looking, with one stream open, and with the list of groups open in Chromium, while a steady stream of events passes. Then how
 * smooth the list is in Chromium.
 *
 *     node bench/console.ts [GROUPS] [EVENTS_PER_SECOND] [SECONDS] [MASTERS] [WINDOWS]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Field, RTU_HOST } from './field.ts';
import { median, show, table } from './figures.ts';
import { filter, openList, scroll, type Smoothness, smoothness, sort } from './measures/list.ts';
import { cpuSeconds, residentMegabytes } from './proc.ts';
import { delay, freePorts, Program } from './programs.ts';
import { writeGroupsFile } from './systems/groups-file.ts';

const WARM_UP_MS = 10_000;
/** How often each thing is done in the page. */
const TIMES = 20;
const COMMAND = fileURLToPath(new URL('../bin/mm2ss', import.meta.url));

const [groups = 200, perSecond = 200, seconds = 10, masters = 5, windows = 5] = process.argv.slice(2).map(Number);

interface Row {
  readonly name: string;
  readonly cpu: number[];
  megabytes: number;
  octetsPerSecond: number;
}

/** A tab that reads all it gets. */
async function openTab(url: string): Promise<{ octets: () => number; close: () => void }> {
  const ending = new AbortController();
  const response = await fetch(new URL('/api/v1/stream', url), { signal: ending.signal });
  let octets = 0;
  const reading = (async () => {
    for await (const chunk of response.body!) octets += (chunk as Uint8Array).length;
  })();
  reading.catch(() => undefined);
  return { octets: () => octets, close: () => ending.abort() };
}

/** What people do with the list, and nothing. */
async function useList(url: string): Promise<Smoothness[]> {
  const { page, close } = await openList(url, groups);
  const words = ['1', '12', '9', ''];
  let step = 0;
  try {
    return [
      await smoothness(page, 'look at it for a while', 1, () => delay(seconds * 1000)),
      await smoothness(page, 'scroll by a screen', TIMES, () => scroll(page)),
      await smoothness(page, 'sort by a column', TIMES, () => sort(page, step++)),
      await smoothness(page, 'filter', TIMES, () => filter(page, words[step++ % words.length]!)),
    ];
  } finally {
    await close();
  }
}

const used: Smoothness[] = [];

async function measure(directory: string, field: Field, rtuPorts: number[], withConsole: boolean): Promise<Row[]> {
  const [http, console_, ...ports] = await freePorts(2 + groups);
  const file = path.join(directory, 'groups.csv');
  writeGroupsFile(file, { directory, rtuHost: RTU_HOST, rtuPorts, firstGroup: 0 }, ports);
  const url = `http://127.0.0.1:${console_}`;
  const where = withConsole ? `127.0.0.1:${console_}` : 'off';
  const program = new Program('mm2ss', directory, [
    ...[COMMAND, 'run', '-i', file, '--http', `127.0.0.1:${http}`, '--console', where],
  ]);
  const system = {
    ...{ name: 'mm2ss', firstGroup: 0, groups, shared: true, pids: [program.pid] },
    target: (group: number) => ({ host: '127.0.0.1', port: ports[group]! }),
    stop: () => program.stop(),
  };
  const row = (name: string): Row => ({ name, cpu: [], megabytes: 0, octetsPerSecond: 0 });
  const rows = withConsole
    ? [row('console, nobody looks'), row('console, one stream'), row('console, the list in Chromium')]
    : [row('no console')];
  const window = async (of: Row): Promise<void> => {
    const from = cpuSeconds(system.pids);
    const begun = performance.now();
    await delay(seconds * 1000);
    of.cpu.push(((cpuSeconds(system.pids) - from) / ((performance.now() - begun) / 1000)) * 100);
    of.megabytes = residentMegabytes(system.pids);
  };
  try {
    await field.session('console', system, masters, () =>
      field.events(system, perSecond, async () => {
        await delay(WARM_UP_MS);
        // Interleaved: what disturbs the machine for a while disturbs both.
        for (let i = 0; i < windows; i++) {
          await window(rows[0]!);
          if (rows[1] === undefined || rows[2] === undefined) continue;
          const tab = await openTab(url);
          await delay(2_000);
          const before = tab.octets();
          await window(rows[1]);
          rows[1].octetsPerSecond = (tab.octets() - before) / seconds;
          tab.close();
          const { close } = await openList(url, groups);
          await delay(2_000);
          await window(rows[2]);
          await close();
        }
        if (withConsole) used.push(...(await useList(url)));
      }),
    );
  } finally {
    await program.stop();
  }
  return rows;
}

const directory = mkdtempSync(path.join(tmpdir(), 'mm2ss-bench-console-'));
const field = new Field();
try {
  const rtuPorts = await field.open(groups);
  const rows: Row[] = [];
  for (const withConsole of [false, true]) {
    const own = path.join(directory, String(withConsole));
    mkdirSync(own);
    rows.push(...(await measure(own, field, rtuPorts, withConsole)));
  }
  const least = (row: Row): number => Math.min(...row.cpu);
  console.log(
    table(
      `Console, ${groups} groups x ${masters} masters, ${perSecond} events/s (CPU in % of a core)`,
      ['', 'CPU, median', 'least', 'all windows', 'RSS, MB', 'octets/s to the tab'],
      rows.map((row) => [
        row.name,
        show(median(row.cpu), 1),
        show(least(row), 1),
        row.cpu.map((cpu) => show(cpu, 1)).join(' '),
        show(row.megabytes),
        row.octetsPerSecond === 0 ? '-' : show(row.octetsPerSecond),
      ]),
    ),
  );
  console.log(
    table(
      'The list in Chromium (ms)',
      ['', 'tasks over 50', 'longest task', 'slowest until the second frame'],
      used.map(({ what, longTasks, longestMs, slowestMs }) => [
        what,
        show(longTasks),
        show(longestMs),
        slowestMs === undefined ? '-' : show(slowestMs),
      ]),
    ),
  );
  for (const { where, what, count } of field.faults) console.log(`${where}: ${what}: ${count}`);
  process.exitCode = field.faults.length > 0 ? 1 : 0;
} finally {
  field.stop();
  rmSync(directory, { recursive: true, force: true });
}
