/** As many events as the window lets through, one object per ASDU. */
import { K, RTU_K_VARIABLE, W } from '../apci.ts';
import type { Field } from '../field.ts';
import { median, medianOf, show, table } from '../figures.ts';
import type { Options } from '../options.ts';
import { cpuSeconds } from '../proc.ts';
import { delay } from '../programs.ts';
import type { System } from '../systems/system.ts';
import { casesOf, find, label, type Case } from './cases.ts';

const WARM_UP_MS = 1000;

interface Mark {
  atMs: number;
  received: number[];
}

export interface ThroughputRun {
  /** What the slowest master got. */
  asduPerSecond: number;
  /** What all masters got together. */
  deliveriesPerSecond: number;
  /** Percent of one core. */
  systemCpu: number;
  rtuCpu: number;
  mastersCpu: number;
}

async function once(field: Field, system: System, masters: number, seconds: number): Promise<ThroughputRun> {
  const mark = async () => ({
    ...(await field.masters.call<Mark>('mark')),
    cpu: [system.pids, [field.rtu.pid], [field.masters.pid]].map(cpuSeconds),
  });
  return field.session(`throughput: ${label({ system, masters })}`, system, masters, () =>
    field.events(system, null, async () => {
      await delay(WARM_UP_MS);
      const from = await mark();
      await delay(seconds * 1000);
      const to = await mark();
      const tookSeconds = (to.atMs - from.atMs) / 1000;
      const rates = to.received.map((received, i) => (received - from.received[i]!) / tookSeconds);
      const [systemCpu, rtuCpu, mastersCpu] = to.cpu.map((used, i) => ((used - from.cpu[i]!) / tookSeconds) * 100);
      return {
        asduPerSecond: Math.min(...rates),
        deliveriesPerSecond: rates.reduce((sum, rate) => sum + rate, 0),
        systemCpu: systemCpu!,
        rtuCpu: rtuCpu!,
        mastersCpu: mastersCpu!,
      };
    }),
  );
}

export async function throughput(field: Field, systems: System[], options: Options): Promise<Case<ThroughputRun>[]> {
  const cases = casesOf<ThroughputRun>(systems);
  for (let i = 0; i < options.runs; i++) {
    for (const one of cases) one.runs.push(await once(field, one.system, one.masters, options.seconds));
  }
  return cases;
}

/** Deliveries as a multiple of what haproxy with one master delivered in the same round. */
export function ratioToHaproxy(cases: Case<ThroughputRun>[], one: Case<ThroughputRun>): number {
  const yardstick = find(cases, 'haproxy', 1);
  return medianOf(one.runs, (run, i) => run.deliveriesPerSecond / (yardstick?.runs[i]?.deliveriesPerSecond ?? NaN));
}

export function throughputTable(cases: Case<ThroughputRun>[]): string {
  return table(
    `Throughput (k of the RTU ${process.env[RTU_K_VARIABLE] ?? K}, w = ${W}, one object per ASDU; CPU in % of a core)`,
    ['', 'ASDU/s', 'deliveries/s', 'x haproxy', 'CPU', 'us CPU/delivery', 'CPU rtu', 'CPU masters', 'runs from', 'to'],
    cases.map((one) => {
      const rates = one.runs.map((run) => run.deliveriesPerSecond);
      return [
        label(one),
        show(medianOf(one.runs, (run) => run.asduPerSecond)),
        show(median(rates)),
        show(ratioToHaproxy(cases, one), 2),
        show(medianOf(one.runs, (run) => run.systemCpu)),
        show(
          medianOf(one.runs, (run) => (run.systemCpu * 1e4) / run.deliveriesPerSecond),
          1,
        ),
        show(medianOf(one.runs, (run) => run.rtuCpu)),
        show(medianOf(one.runs, (run) => run.mastersCpu)),
        show(Math.min(...rates)),
        show(Math.max(...rates)),
      ];
    }),
  );
}
