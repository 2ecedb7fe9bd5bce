/** The bench: starts load processes and systems, measures, prints tables, writes JSON, ends everything it started. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { RTU_K_VARIABLE } from './apci.ts';
import { Field, RTU_HOST, type Fault } from './field.ts';
import { median, show, table } from './figures.ts';
import { command, commandTable } from './measures/command.ts';
import { fleetRun, fleetTable, MAX_FLEET_RUNS, type FleetCase } from './measures/fleet.ts';
import { idle, idleTable, type IdleCase } from './measures/idle.ts';
import { latency, latencyTable } from './measures/latency.ts';
import { throughput, throughputTable } from './measures/throughput.ts';
import { readOptions, type Measure, type Options } from './options.ts';
import { place, type Placement } from './placement.ts';
import { direct } from './systems/direct.ts';
import { haproxy } from './systems/haproxy.ts';
import { nats } from './systems/nats.ts';
import { single, singleOnNats, singleOverTls } from './systems/single.ts';
import type { Site, System } from './systems/system.ts';
import { targetsOf, targetsTable, type Results } from './targets.ts';

let directory: string | null = null;
const results: Results = {};
const faults: Fault[] = [];
const otherCpu: Field['otherCpu'] = [];
const failures: string[] = [];
let ending = false;
let placement: Placement = 'free';
/** Everything started and not yet stopped, newest last. */
const stops: (() => unknown)[] = [];

function note(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

async function stopAll(): Promise<void> {
  while (stops.length > 0) await stops.pop()!();
}

/** Every system gets its own directory and its own groups of the RTU process. */
function site(name: string, rtuPorts: number[], firstGroup: number): Site {
  directory ??= mkdtempSync(path.join(os.tmpdir(), 'mm2ss-bench-'));
  const own = path.join(directory, name);
  mkdirSync(own, { recursive: true });
  return { directory: own, rtuHost: RTU_HOST, rtuPorts, firstGroup };
}

function started(system: System): System {
  stops.push(system.stop);
  for (const pid of system.pids) place(placement, 'system', pid);
  return system;
}

async function startMultiplexer(options: Options, at: Site): Promise<System> {
  const system = await (options.shape === 'nats'
    ? nats(options.command, options.natsServer, options.natsSyncs, at)
    : single(options.command, at));
  return started(system);
}

async function startOverTls(options: Options, at: Site): Promise<System> {
  return started(await singleOverTls(options.command, at));
}

async function startHaproxy(at: Site): Promise<System> {
  const system = await haproxy(at);
  return started(system);
}

function startField(): Field {
  const field = new Field();
  stops.push(() => field.stop());
  for (const { pid } of [field.rtu, field.masters]) place(placement, 'load', pid);
  return field;
}

function collect(field: Field): void {
  faults.push(...field.faults);
  otherCpu.push(...field.otherCpu);
}

/** A measure that fails does not cost the others' figures. */
async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  if (ending) return;
  note(`${what} ...`);
  try {
    await work();
  } catch (error) {
    failures.push(`${what}: ${(error as Error).message}`);
    note(failures.at(-1)!);
  }
}

async function measureUnderLoad(options: Options, wanted: (measure: Measure) => boolean): Promise<void> {
  const field = startField();
  try {
    const [plainPort, multiplexerPort, tlsPort] = await field.open(3);
    const plain = site('plain', [plainPort!], 0);
    const systems = [direct(plain), await startHaproxy(plain)];
    if (options.shape !== 'none') systems.push(await startMultiplexer(options, site('load', [multiplexerPort!], 1)));
    if (options.tls) systems.push(await startOverTls(options, site('tls', [tlsPort!], 2)));
    if (wanted('throughput')) {
      await attempt('throughput', async () => {
        results.throughput = await throughput(field, systems, options);
        process.stdout.write(throughputTable(results.throughput));
      });
    }
    if (wanted('latency')) {
      await attempt('latency', async () => {
        results.latency = await latency(field, systems, options);
        process.stdout.write(latencyTable(results.latency));
      });
    }
    if (wanted('command')) {
      await attempt('command', async () => {
        results.command = await command(field, systems, options);
        process.stdout.write(commandTable(results.command));
      });
    }
  } finally {
    collect(field);
    await stopAll();
  }
}

/** One system after the other, nothing else running: an idle figure is easily disturbed. */
async function measureIdle(options: Options): Promise<void> {
  const cases: IdleCase[] = [];
  const starts = [startHaproxy];
  if (options.shape !== 'none') starts.push((at) => startMultiplexer(options, at));
  if (options.tls) starts.push((at) => startOverTls(options, at));
  for (const [i, start] of starts.entries()) {
    const field = startField();
    try {
      const ports = await field.open(options.idleGroups);
      cases.push(await idle(field, await start(site(`idle-${i}`, ports, 0)), options));
    } finally {
      collect(field);
      await stopAll();
    }
  }
  results.idle = cases;
  process.stdout.write(idleTable(cases));
}

/** Each run has a process, RTUs and masters of its own: the start is measured, too. */
async function measureFleet(options: Options): Promise<void> {
  const one: FleetCase = { groups: options.fleetGroups, perSecond: options.fleetRate, runs: [] };
  for (let i = 0; i < Math.min(options.runs, MAX_FLEET_RUNS) && !ending; i++) {
    const field = startField();
    try {
      const at = site(`fleet-${i}`, await field.open(options.fleetGroups), 0);
      const { command: program, natsServer, natsSyncs } = options;
      const start = options.shape === 'nats' ? singleOnNats(program, natsServer, natsSyncs, at) : single(program, at);
      one.runs.push(await fleetRun(field, started(await start), options));
    } finally {
      collect(field);
      await stopAll();
    }
  }
  results.fleet = one;
  process.stdout.write(fleetTable(one));
}

function versionOf(program: string, argument: string): string {
  try {
    return execFileSync(program, [argument], { encoding: 'utf8' }).split('\n')[0]!.trim();
  } catch {
    return 'not there';
  }
}

function writeResults(options: Options): void {
  const machine = {
    cpu: os.cpus()[0]?.model,
    cores: os.availableParallelism(),
    kernel: os.release(),
    loadAverage: os.loadavg(),
    node: process.version,
    haproxy: versionOf('haproxy', '-v'),
  };
  const targets = targetsOf(options.shape, options.measures, results);
  // A system is its name here: ports and pids of a run that is over say nothing.
  const plain = (key: string, value: unknown): unknown => (key === 'system' ? (value as System).name : value);
  const document = { at: new Date().toISOString(), machine, options, ...results, targets, faults, failures, otherCpu };
  mkdirSync(path.dirname(path.resolve(options.json)), { recursive: true });
  writeFileSync(options.json, JSON.stringify(document, plain, 2) + '\n');
  if (targets.length > 0) process.stdout.write(targetsTable(targets));
  if (faults.length > 0) {
    const rows = faults.map(({ where, what, count }) => [where, what, String(count)]);
    process.stdout.write(
      table('FAULTS: events or commands did not pass as they must', ['where', 'what', 'count'], rows),
    );
  }
  const percents = otherCpu.map(({ percent }) => percent);
  process.stdout.write(
    `\nOther work on this machine meanwhile: median ${show(median(percents))} %, at most ${show(Math.max(...percents))} % of a core\n`,
  );
  for (const failure of failures) process.stdout.write(`\nFAILED ${failure}\n`);
  process.stdout.write(`\n${options.json}\n`);
}

async function main(options: Options): Promise<number> {
  placement = options.placement;
  process.env[RTU_K_VARIABLE] = String(options.rtuK);
  const wanted = (measure: Measure): boolean => options.measures.includes(measure);
  if (versionOf('haproxy', '-v') === 'not there') throw new Error('haproxy is not installed (apt-get install haproxy)');
  if (options.shape !== 'none' && path.isAbsolute(options.command[0]!) && !existsSync(options.command[0]!)) {
    throw new Error(`${options.command[0]} is not there: make build first, or --shape none`);
  }
  if (wanted('throughput') || wanted('latency') || wanted('command')) await measureUnderLoad(options, wanted);
  if (wanted('idle')) await attempt('idle', () => measureIdle(options));
  if (wanted('fleet') && options.shape !== 'none') await attempt('fleet', () => measureFleet(options));
  writeResults(options);
  return faults.length > 0 ? 1 : failures.length > 0 ? 2 : 0;
}

async function end(code: number): Promise<never> {
  // A signal may come while the bench ends already, or the other way round.
  if (ending) return new Promise(() => {});
  ending = true;
  await stopAll();
  // What a failed program printed is worth keeping.
  if (directory !== null && code === 0) rmSync(directory, { recursive: true, force: true });
  else if (directory !== null) note(`logs are in ${directory}`);
  process.exit(code);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) await end(0);
  else {
    process.on('uncaughtException', (error) => (note(String(error.stack)), void end(2)));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(2));
    setTimeout(() => {
      note(`not done within ${options.timeoutSeconds} s`);
      void end(2);
    }, options.timeoutSeconds * 1000).unref();
    await end(await main(options));
  }
} catch (error) {
  note((error as Error).message);
  await end(2);
}
