/**
 * What an attack on one group costs: its healthy master, that of another group, and the process. The multiplexer, the attackers
 * and the healthy stations are processes of their own.
 *
 *   node test/attacks/measure.ts [--attack NAME]... [--seconds 8] [--command bin/mm2ss] [--columns 'cmd rate=50']
 */
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MasterSimulator, RtuSimulator } from '@iec104mm2ss/simulator';
import { freePort } from '../free-port.ts';
import { ATTACKS, type Report } from './attackers.ts';

const EVENTS_PER_SECOND = 100;
const COMMAND_EVERY_MS = 50;
const TICKS_PER_SECOND = 100;

const { values } = parseArgs({
  options: {
    attack: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '8' },
    command: { type: 'string', default: resolve(import.meta.dirname, '../../bin/mm2ss') },
    columns: { type: 'string', multiple: true, default: [] },
    /** File for what the multiplexer writes. */
    log: { type: 'string' },
  },
});

interface Seen {
  lost: number;
  p50: number;
  p99: number;
  max: number;
  failed: number;
  disconnected: number;
}

/** A master that does what masters do: gets events, and gives a command every now and then. */
class Healthy {
  private readonly roundTrips: number[] = [];
  private failed = 0;
  private on = true;
  private done: Promise<void> | undefined;
  private ioa = 0;
  private readonly events: string[] = [];

  readonly master: MasterSimulator;
  private readonly created: readonly string[];

  constructor(master: MasterSimulator, created: readonly string[]) {
    this.master = master;
    this.created = created;
    master.on('asdu', ({ octets }) => {
      if ((octets[0] as number) <= 40) this.events.push(Buffer.from(octets).toString('hex'));
    });
  }

  begin(): void {
    this.done = (async () => {
      while (this.on) {
        const from = performance.now();
        const { result } = await this.master
          .command(`single ${5_000 + (this.ioa++ % 3)} on`, {})
          .catch(() => ({ result: 'closed' }) as const);
        if (result === 'positive') this.roundTrips.push(performance.now() - from);
        else this.failed++;
        await delay(Math.max(1, COMMAND_EVERY_MS - (performance.now() - from)));
      }
    })();
  }

  async end(): Promise<Seen> {
    this.on = false;
    await Promise.race([this.done, delay(3_000)]);
    await delay(300);
    const sorted = this.roundTrips.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
    const got = new Set(this.events);
    const first = this.created.indexOf(this.events[0] ?? '');
    const lost = this.created.slice(Math.max(first, 0)).filter((event) => !got.has(event)).length;
    const { disconnections } = this.master.counts;
    return { lost, p50: at(0.5), p99: at(0.99), max: at(1), failed: this.failed, disconnected: disconnections };
  }
}

function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function peakMegabytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
}

function octetsUnder(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function rtu(host: string): Promise<{ rtu: RtuSimulator; created: string[] }> {
  const station = new RtuSimulator({ host, ca: 47, eventBuffer: 100_000 });
  await station.start();
  const created: string[] = [];
  station.on('event', ({ asdu }) => created.push(Buffer.from(asdu).toString('hex')));
  return { rtu: station, created };
}

async function master(port: number, localAddress: string): Promise<MasterSimulator> {
  const station = new MasterSimulator({
    host: '127.0.0.1',
    port,
    localAddress,
    ca: 47,
    link: { t2Ms: 200 },
    reconnect: { minMs: 100, maxMs: 200 },
  });
  await station.connect();
  return station;
}

async function run(name: string, seconds: number): Promise<Record<string, string | number>> {
  const directory = mkdtempSync(join(tmpdir(), 'attack-'));
  const stations = [await rtu('127.0.0.2'), await rtu('127.0.0.3')];
  const ports = [await freePort(), await freePort()];
  const further = values.columns.map((text): [string, string] => {
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1)];
  });
  const file = [
    [
      'id',
      'sys name',
      'port no',
      'rtu no',
      'max conn',
      't1',
      't2',
      't3',
      'hosts',
      ...further.map(([column]) => column),
    ],
    ...stations.map(({ rtu: { address } }, i) =>
      [i + 1, `RTU-${i + 1}`, ports[i], 47, 5, 15, 10, 20, `${address.host}:${address.port}`].concat(
        further.map(([, value]) => value),
      ),
    ),
  ];
  writeFileSync(join(directory, 'file.csv'), file.map((row) => row.join(',')).join('\n') + '\n');
  const http = await freePort();
  const args = ['run', '-i', 'file.csv', '-n', '--listen', '127.0.0.1', '--http', `127.0.0.1:${http}`];
  const program = spawn(values.command, args, { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] });
  let logged = 0;
  program.stdout.on('data', (chunk: Buffer) => {
    logged += chunk.length;
    if (values.log !== undefined) appendFileSync(values.log, chunk);
  });
  const pid = program.pid as number;
  try {
    const healthy: Healthy[] = [];
    for (const [i, port] of ports.entries()) {
      const station = await master(port, '127.0.0.11');
      healthy.push(new Healthy(station, stations[i]?.created ?? []));
    }
    for (const each of stations) each.rtu.startEvents(EVENTS_PER_SECOND);
    await delay(1_000);
    for (const each of healthy) each.begin();
    await delay(500);

    const attackers = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'attackers.ts'),
        name,
        '127.0.0.1',
        String(ports[0]),
        '127.0.0.21',
        '47',
        String(seconds),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    attackers.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const from = cpuSeconds(pid);
    const fromMs = performance.now();
    // Somebody else who is to be served while it lasts.
    await delay(Math.min(5_700, (seconds * 1000) / 2));
    const askedAt = performance.now();
    const late = new MasterSimulator({
      host: '127.0.0.1',
      port: ports[0] as number,
      localAddress: '127.0.0.12',
      ca: 47,
      reconnect: { minMs: 100, maxMs: 200 },
    });
    const lateMs = Promise.race([late.connect().then(() => performance.now() - askedAt), delay(65_000, Infinity)]);
    const ended = new Promise<void>((done) => attackers.once('close', () => done()));
    await Promise.race([ended, delay(seconds * 1000 + 5_000)]);
    const cpu = ((cpuSeconds(pid) - from) / ((performance.now() - fromMs) / 1000)) * 100;
    for (const each of stations) each.rtu.stopEvents();
    const seen = await Promise.all(healthy.map((each) => each.end()));
    const report = JSON.parse(said === '' ? '{}' : said) as Partial<Report>;
    const row: Record<string, string | number> = { attack: name };
    for (const [i, { lost, p50, p99, max, failed, disconnected }] of seen.entries()) {
      row[`group ${i + 1} p50/p99/max ms`] = [p50, p99, max].map((ms) => ms.toFixed(1)).join(' / ');
      row[`group ${i + 1} lost/failed/gone`] = `${lost} / ${failed} / ${disconnected}`;
    }
    row['a new one in ms'] = Math.round(await lateMs);
    row['CPU %'] = Math.round(cpu);
    row['peak MB'] = Math.round(peakMegabytes(pid));
    row['log MB'] = Math.round((logged + octetsUnder(directory)) / 1e5) / 10;
    row['attackers closed/after ms'] =
      `${report.closed} of ${report.connected} / ${Math.round(report.firstClosedMs ?? 0)}`;
    row['sent'] = report.sent ?? 0;
    await Promise.all([...healthy.map((each) => each.master.close()), late.close()]);
    return row;
  } finally {
    program.kill('SIGKILL');
    for (const each of stations) await each.rtu.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

for (const name of values.attack ?? Object.keys(ATTACKS)) {
  console.log(JSON.stringify(await run(name, Number(values.seconds))));
}
process.exit(0);
