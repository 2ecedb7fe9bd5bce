/** What many groups cost while nothing happens but the TESTFR of t3: CPU time and resident memory. */
import type { Field } from '../field.ts';
import { medianOf, show, table } from '../figures.ts';
import type { Options } from '../options.ts';
import { cpuSeconds, residentMegabytes, withDescendants } from '../proc.ts';
import { delay } from '../programs.ts';
import type { System } from '../systems/system.ts';

export const IDLE_MASTERS = 5;
/** After connecting: until start-up garbage is collected and compiled code is thrown or kept. */
const SETTLE_MS = 5000;
const MAX_WINDOWS = 3;

export interface IdleRun {
  /** Percent of one core. */
  cpu: number;
  residentMegabytes: number;
  /** The same of each kind of part, if the system has several. */
  cpuOfParts: Record<string, number>;
}

export interface IdleCase {
  system: System;
  processes: number;
  runs: IdleRun[];
}

export async function idle(field: Field, system: System, options: Options): Promise<IdleCase> {
  const where = `idle: ${system.name}`;
  return field.session(where, system, IDLE_MASTERS, async () => {
    await delay(options.quick ? SETTLE_MS / 2 : SETTLE_MS);
    const runs: IdleRun[] = [];
    for (let i = 0; i < Math.min(options.runs, MAX_WINDOWS); i++) {
      const fromMs = performance.now();
      const parts = Object.entries(system.parts ?? {});
      const from = cpuSeconds(system.pids);
      const partsFrom = parts.map(([, pids]) => cpuSeconds(pids));
      await delay(options.idleSeconds * 1000);
      const percentOf = (used: number): number => (used / ((performance.now() - fromMs) / 1000)) * 100;
      const cpu = percentOf(cpuSeconds(system.pids) - from);
      const cpuOfParts = Object.fromEntries(
        parts.map(([name, pids], at) => [name, percentOf(cpuSeconds(pids) - partsFrom[at]!)]),
      );
      runs.push({ cpu, residentMegabytes: residentMegabytes(system.pids), cpuOfParts });
    }
    const open = await field.masters.call<number>('open');
    const lost = system.groups * IDLE_MASTERS - open;
    if (lost > 0) field.faults.push({ where, what: 'idle connection lost', count: lost });
    return { system, processes: withDescendants(system.pids).length, runs };
  });
}

export function idleTable(cases: IdleCase[]): string {
  return table(
    `Idle, ${cases[0]?.system.groups} groups x ${IDLE_MASTERS} masters`,
    ['', 'CPU, % of a core', 'RSS, MB', 'processes'],
    cases.flatMap(({ system, processes, runs }) => {
      const cpu = (of: (run: IdleRun) => number): string => show(medianOf(runs, of), 2);
      const row = [system.name, cpu((run) => run.cpu), show(medianOf(runs, (run) => run.residentMegabytes))];
      const parts = Object.entries(system.parts ?? {}).map(([name, pids]) => [
        `  ${name}`,
        cpu((run) => run.cpuOfParts[name] ?? 0),
        '',
        show(pids.length),
      ]);
      return [[...row, show(processes)], ...parts];
    }),
  );
}
