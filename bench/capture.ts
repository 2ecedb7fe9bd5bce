/**
 * What `mm2ss capture` costs: CPU time and rate of `mm2ss run` with one group and 5 masters, with and without a capture of it, in
 * windows that take turns; once at a steady rate of events, once with as many as the window of the RTU lets through.
 *
 *     node bench/capture.ts [EVENTS_PER_SECOND] [SECONDS]
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Field, RTU_HOST } from './field.ts';
import { median, show, table } from './figures.ts';
import { cpuSeconds } from './proc.ts';
import { delay, freePorts, Program } from './programs.ts';
import { writeGroupsFile } from './systems/groups-file.ts';

const MASTERS = 5;
const WARM_UP_MS = 5_000;
/** How long the capture may take until the first frames are in its file. */
const MAX_BEGIN_MS = 60_000;
const WINDOWS = 5;
const COMMAND = fileURLToPath(new URL('../bin/mm2ss', import.meta.url));

const [perSecond = 5_000, seconds = 10] = process.argv.slice(2).map(Number);

interface Row {
  readonly name: string;
  /** Percent of a core, of `mm2ss run` and of the command. */
  readonly cpu: number[];
  readonly captureCpu: number[];
  /** Events a second that the slowest master got. */
  readonly rate: number[];
  megabytesPerSecond: number;
  /** What the command said at its end: frames, what was left out. */
  said: string;
}

interface Mark {
  readonly atMs: number;
  readonly received: number[];
}

/** The head of a file is smaller. */
const HEAD_OCTETS = 10_000;
async function hasFrames(file: string, capture: Program): Promise<void> {
  const untilMs = performance.now() + MAX_BEGIN_MS;
  while ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < HEAD_OCTETS) {
    capture.check();
    if (performance.now() > untilMs) throw new Error(`nothing is captured:\n${capture.lastLines()}`);
    await delay(50);
  }
}

async function measure(directory: string, field: Field, rtuPorts: number[], rate: number | null): Promise<Row[]> {
  const [http, port] = (await freePorts(2)) as [number, number];
  const file = path.join(directory, 'groups.csv');
  writeGroupsFile(file, { directory, rtuHost: RTU_HOST, rtuPorts, firstGroup: 0 }, [port]);
  const program = new Program('mm2ss', directory, [COMMAND, 'run', '-i', file, '-n', '--http', `127.0.0.1:${http}`]);
  const system = {
    ...{ name: 'mm2ss', firstGroup: 0, groups: 1, shared: true, pids: [program.pid] },
    target: () => ({ host: '127.0.0.1', port }),
    stop: () => program.stop(),
  };
  const row = (name: string): Row => ({ name, cpu: [], captureCpu: [], rate: [], megabytesPerSecond: 0, said: '' });
  const [without, captured] = [row('no capture'), row('captured')];
  const window = async (of: Row, capturePids: number[]): Promise<void> => {
    const pids = [system.pids, capturePids];
    const from = await field.masters.call<Mark>('mark');
    const before = pids.map(cpuSeconds);
    await delay(seconds * 1000);
    const to = await field.masters.call<Mark>('mark');
    const took = (to.atMs - from.atMs) / 1000;
    const [cpu, captureCpu] = pids.map(cpuSeconds).map((used, i) => ((used - before[i]!) / took) * 100);
    of.cpu.push(cpu!);
    of.captureCpu.push(captureCpu!);
    of.rate.push(Math.min(...to.received.map((received, i) => (received - from.received[i]!) / took)));
  };
  try {
    await field.session('capture', system, MASTERS, () =>
      field.events(system, rate, async () => {
        await delay(WARM_UP_MS);
        // Interleaved: what disturbs the machine for a while disturbs both.
        for (let i = 0; i < WINDOWS; i++) {
          await window(without, []);
          const to = path.join(directory, `${i}.pcapng`);
          const asked = ['capture', '--group', '1', '--http', `127.0.0.1:${http}`, '-o', to];
          const capture = new Program('capture', directory, [COMMAND, ...asked]);
          await hasFrames(to, capture);
          const octets = statSync(to).size;
          await window(captured, [capture.pid]);
          captured.megabytesPerSecond = (statSync(to).size - octets) / seconds / 1e6;
          capture.check();
          await capture.stop();
          const lines = capture.lastLines().trim().split('\n');
          captured.said = lines.filter((line) => !line.includes('Wireshark')).join('\n');
        }
      }),
    );
  } finally {
    await program.stop();
  }
  return [without, captured];
}

const directory = mkdtempSync(path.join(tmpdir(), 'mm2ss-bench-capture-'));
const field = new Field();
try {
  const rtuPorts = await field.open(1);
  for (const rate of [perSecond, null]) {
    const own = path.join(directory, String(rate));
    mkdirSync(own);
    const rows = await measure(own, field, rtuPorts, rate);
    console.log(
      table(
        `Capture, 1 group x ${MASTERS} masters, ${rate === null ? 'as many events as go' : `${rate} events/s`} (CPU in % of a core)`,
        ['', 'events/s', 'CPU, median', 'least', 'us CPU/event', 'CPU of the command', 'file, MB/s'],
        rows.map((row) => [
          row.name,
          show(median(row.rate)),
          show(median(row.cpu), 1),
          show(Math.min(...row.cpu), 1),
          show(median(row.cpu.map((cpu, i) => (cpu * 10_000) / row.rate[i]!)), 1),
          show(median(row.captureCpu), 1),
          show(row.megabytesPerSecond, 2),
        ]),
      ),
    );
    console.log(rows[1]!.said);
  }
  for (const { where, what, count } of field.faults) console.log(`${where}: ${what}: ${count}`);
  process.exitCode = field.faults.length > 0 ? 1 : 0;
} finally {
  field.stop();
  rmSync(directory, { recursive: true, force: true });
}
