/**
 * What a scrape of /metrics costs: one process with many groups, all of their series, no masters. CPU time is the process's
 * own, with its user and system part; what it idles meanwhile is taken off. Needs `make build`. Options: --groups N (500),
 * --scrapes N (20).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cpuSeconds } from './proc.ts';
import { delay, Program } from './programs.ts';

const { values } = parseArgs({
  options: { groups: { type: 'string', default: '500' }, scrapes: { type: 'string', default: '20' } },
});
const groups = Number(values.groups);
const scrapes = Number(values.scrapes);
const HTTP_PORT = 29_464;
const FIRST_PORT = 30_000;
/** What starting costs must be over, and the code of a scrape be compiled. */
const SETTLE_MS = 8_000;
const WARM_SCRAPES = 10;

const HEADER =
  'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,filter,hosts,masters';

function row(index: number): string {
  const id = index + 1;
  const fixed = '47,10,60,15,10,20,8,12,1000,N,all,127.0.0.0/8,127.0.0.2:9';
  return `${id},Substation ${id},${FIRST_PORT + index},${fixed},A=127.0.0.11;B=127.0.0.12`;
}

async function scrape(): Promise<string> {
  // The server may close a connection that was idle in the moment when it is used again.
  const headers = { connection: 'close' };
  const response = await fetch(`http://127.0.0.1:${HTTP_PORT}/metrics`, { headers });
  return response.text();
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 240; i++) {
    if (await condition().catch(() => false)) return;
    await delay(500);
  }
  throw new Error('the multiplexer did not start');
}

const directory = mkdtempSync(path.join(os.tmpdir(), 'mm2ss-scrape-'));
const file = path.join(directory, 'groups.csv');
const rows = Array.from({ length: groups }, (_, index) => row(index));
writeFileSync(file, ['iec104MM2SS-1port-v1.0 ini file', HEADER, ...rows, ''].join('\n'));
const mm2ss = path.resolve(import.meta.dirname, '../bin/mm2ss');
const program = new Program('mm2ss', directory, [mm2ss, 'run', '-i', file, '--http', `127.0.0.1:${HTTP_PORT}`]);
try {
  await until(async () => (await scrape()).split('\nmm2ss_router_asdus_routed_total{').length > groups);
  await delay(SETTLE_MS);
  for (let i = 0; i < WARM_SCRAPES; i++) await scrape();
  const idleFrom = cpuSeconds([program.pid]);
  const idleFromMs = performance.now();
  await delay(SETTLE_MS);
  const idle = (cpuSeconds([program.pid]) - idleFrom) / (performance.now() - idleFromMs);
  const from = cpuSeconds([program.pid]);
  const fromMs = performance.now();
  let text = '';
  for (let i = 0; i < scrapes; i++) text = await scrape();
  const ms = performance.now() - fromMs;
  const cpu = ((cpuSeconds([program.pid]) - from - idle * ms) / scrapes) * 1_000;
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  const each = ((series / groups) * 10) / 10;
  console.log(
    `${groups} groups: ${cpu.toFixed(0)} ms of CPU a scrape, ${(ms / scrapes).toFixed(0)} ms by the clock, ` +
      `${series} series (${each.toFixed(0)} a group), ${(text.length / 1e6).toFixed(1)} MB`,
  );
} finally {
  await program.stop();
  rmSync(directory, { recursive: true, force: true });
}
