/**
 * Many groups in one process: the time from exec until all of them listen for masters, and what a steady stream of events
 * from all RTUs in turn costs and how late it arrives.
 */
import type { Field } from '../field.ts';
import { medianOf, show, table } from '../figures.ts';
import type { Percentiles } from '../latencies.ts';
import type { Options } from '../options.ts';
import { cpuSeconds, listeningPorts, residentMegabytes } from '../proc.ts';
import { delay } from '../programs.ts';
import type { System } from '../systems/system.ts';

export const FLEET_MASTERS = 5;
/** Runs, each with a process of its own. */
export const MAX_FLEET_RUNS = 5;
const START_LIMIT_MS = 60_000;
const LOOK_MS = 5;
/** The first events of a thousand sessions meet code that is not compiled yet: what is asked for is a steady stream. */
const WARM_UP_MS = 10_000;

export interface FleetRun {
  startMs: number;
  /** Percent of one core, by part. */
  cpu: Record<string, number>;
  residentMegabytes: number;
  latency: Percentiles;
}

export interface FleetCase {
  groups: number;
  perSecond: number;
  runs: FleetRun[];
}

/** Waits until every port of the system is listened on; gives the time since it was started. */
async function awaitListeners({ ports = [], startedAtMs = 0 }: System): Promise<number> {
  for (;;) {
    const listening = listeningPorts();
    const tookMs = performance.now() - startedAtMs;
    const missing = ports.filter((port) => !listening.has(port)).length;
    if (missing === 0) return tookMs;
    if (tookMs > START_LIMIT_MS) throw new Error(`${missing} of ${ports.length} groups do not listen`);
    await delay(LOOK_MS);
  }
}

export async function fleetRun(field: Field, system: System, options: Options): Promise<FleetRun> {
  const startMs = await awaitListeners(system);
  const parts = Object.entries(system.parts ?? {});
  const cpuOfParts = (): number[] => parts.map(([, pids]) => cpuSeconds(pids));
  let cpu: Record<string, number> = {};
  let memory = 0;
  const latency = await field.session(`fleet: ${system.name}`, system, FLEET_MASTERS, async () => {
    await field.events(system, options.fleetRate, async () => {
      await delay(WARM_UP_MS);
      await field.masters.call('record', { on: true });
      const from = cpuOfParts();
      const fromMs = performance.now();
      await delay(options.fleetSeconds * 1000);
      const seconds = (performance.now() - fromMs) / 1000;
      const to = cpuOfParts();
      await field.masters.call('record', { on: false });
      cpu = Object.fromEntries(parts.map(([name], i) => [name, ((to[i]! - from[i]!) / seconds) * 100]));
      memory = residentMegabytes(system.pids);
    });
    return field.masters.call<Percentiles>('percentiles');
  });
  return { startMs, cpu, residentMegabytes: memory, latency };
}

export function fleetTable({ groups, perSecond, runs }: FleetCase): string {
  const parts = Object.keys(runs[0]?.cpu ?? {});
  const row = (run: FleetRun): string[] => [
    show(run.startMs),
    ...parts.map((name) => show(run.cpu[name]!, 1)),
    show(run.residentMegabytes),
    ...[run.latency.p50Us, run.latency.p99Us, run.latency.p999Us, run.latency.maxUs].map((us) => show(us / 1000, 2)),
  ];
  const median: FleetRun = {
    startMs: medianOf(runs, (run) => run.startMs),
    cpu: Object.fromEntries(parts.map((name) => [name, medianOf(runs, (run) => run.cpu[name]!)])),
    residentMegabytes: medianOf(runs, (run) => run.residentMegabytes),
    latency: {
      count: 0,
      p50Us: medianOf(runs, (run) => run.latency.p50Us),
      p99Us: medianOf(runs, (run) => run.latency.p99Us),
      p999Us: medianOf(runs, (run) => run.latency.p999Us),
      maxUs: medianOf(runs, (run) => run.latency.maxUs),
    },
  };
  return table(
    `Fleet, ${groups} groups x ${FLEET_MASTERS} masters, ${show(perSecond)} events/s (CPU in % of a core)`,
    ['', 'start, ms', ...parts.map((name) => `CPU ${name}`), 'RSS, MB', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'],
    [...runs.map((run, i) => [`run ${i + 1}`, ...row(run)]), ['median', ...row(median)]],
  );
}
