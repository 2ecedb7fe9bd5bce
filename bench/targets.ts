/** What is to be reached on two cores, and whether it was. */
import { medianOf, show, table } from './figures.ts';
import { find, type Case } from './measures/cases.ts';
import type { FleetCase, FleetRun } from './measures/fleet.ts';
import type { IdleCase } from './measures/idle.ts';
import { added, type LatencyAtRate } from './measures/latency.ts';
import { ratioToHaproxy, type ThroughputRun } from './measures/throughput.ts';
import type { Percentiles } from './latencies.ts';
import type { Measure, Shape } from './options.ts';

export interface Results {
  throughput?: Case<ThroughputRun>[];
  latency?: LatencyAtRate[];
  command?: Case<Percentiles>[];
  idle?: IdleCase[];
  fleet?: FleetCase;
}

export interface Target {
  measure: Measure;
  name: string;
  atLeast?: number;
  atMost?: number;
  digits: number;
  measured: number;
  met: boolean | null;
}

type Wanted = Omit<Target, 'met'>;

function throughputOf({ throughput: cases = [] }: Results, masters: number) {
  const one = find(cases, 'mm2ss', masters);
  return {
    ratio: one ? ratioToHaproxy(cases, one) : NaN,
    asdu: one ? medianOf(one.runs, (run) => run.asduPerSecond) : NaN,
    deliveries: one ? medianOf(one.runs, (run) => run.deliveriesPerSecond) : NaN,
  };
}

function addedOf({ latency = [] }: Results, masters: number, figure: 'p50Us' | 'p99Us'): number {
  const cases = latency.find(({ perSecond }) => perSecond === 1000)?.cases ?? [];
  const one = find(cases, 'mm2ss', masters);
  return one ? added(cases, one, figure) : NaN;
}

function commandOf({ command: cases = [] }: Results): number {
  const one = find(cases, 'mm2ss', 1);
  return one ? medianOf(one.runs, (run) => run.p50Us) : NaN;
}

function fleetOf({ fleet }: Results, figure: (run: FleetRun) => number): number {
  return fleet ? medianOf(fleet.runs, figure) : NaN;
}

function fleetStart(results: Results): Wanted {
  const measured = fleetOf(results, (run) => run.startMs);
  return { measure: 'fleet', name: 'start of the fleet, ms', atMost: 2000, digits: 0, measured };
}

function single(results: Results): Wanted[] {
  const idle = results.idle?.find(({ system }) => system.name === 'mm2ss');
  const latencies = [
    [1, 150, 500],
    [5, 250, 1000],
  ].flatMap(([masters, p50, p99]): Wanted[] => [
    {
      measure: 'latency',
      name: `added p50 at 1,000/s, ${masters} master(s), us`,
      atMost: p50!,
      digits: 0,
      measured: addedOf(results, masters!, 'p50Us'),
    },
    {
      measure: 'latency',
      name: `added p99 at 1,000/s, ${masters} master(s), us`,
      atMost: p99!,
      digits: 0,
      measured: addedOf(results, masters!, 'p99Us'),
    },
  ]);
  return [
    {
      measure: 'throughput',
      name: 'throughput, 1 master, x haproxy',
      atLeast: 0.6,
      digits: 2,
      measured: throughputOf(results, 1).ratio,
    },
    {
      measure: 'throughput',
      name: 'deliveries, 5 masters, x haproxy with 1',
      atLeast: 2,
      digits: 2,
      measured: throughputOf(results, 5).ratio,
    },
    ...latencies,
    { measure: 'command', name: 'command round trip p50, us', atMost: 500, digits: 0, measured: commandOf(results) },
    {
      measure: 'idle',
      name: 'idle CPU, % of a core',
      atMost: 3,
      digits: 2,
      measured: idle ? medianOf(idle.runs, (run) => run.cpu) : NaN,
    },
    {
      measure: 'idle',
      name: 'idle RSS, MB',
      atMost: 300,
      digits: 0,
      measured: idle ? medianOf(idle.runs, (run) => run.residentMegabytes) : NaN,
    },
    fleetStart(results),
    {
      measure: 'fleet',
      name: 'CPU of the fleet, % of a core',
      atMost: 50,
      digits: 1,
      measured: fleetOf(results, (run) => run.cpu['mm2ss run'] ?? NaN),
    },
  ];
}

function nats(results: Results): Wanted[] {
  return [
    {
      measure: 'throughput',
      name: 'throughput, 1 master, ASDU/s',
      atLeast: 30_000,
      digits: 0,
      measured: throughputOf(results, 1).asdu,
    },
    {
      measure: 'throughput',
      name: 'deliveries/s, 5 masters',
      atLeast: 120_000,
      digits: 0,
      measured: throughputOf(results, 5).deliveries,
    },
    {
      measure: 'latency',
      name: 'added p50 at 1,000/s, 1 master, us',
      atMost: 800,
      digits: 0,
      measured: addedOf(results, 1, 'p50Us'),
    },
    {
      measure: 'latency',
      name: 'added p99 at 1,000/s, 1 master, us',
      atMost: 3000,
      digits: 0,
      measured: addedOf(results, 1, 'p99Us'),
    },
    {
      measure: 'latency',
      name: 'added p99 at 1,000/s, 5 masters, us',
      atMost: 3000,
      digits: 0,
      measured: addedOf(results, 5, 'p99Us'),
    },
    { measure: 'command', name: 'command round trip p50, us', atMost: 1500, digits: 0, measured: commandOf(results) },
    fleetStart(results),
    {
      measure: 'fleet',
      name: 'p99 of the fleet, ms',
      atMost: 20,
      digits: 1,
      measured: fleetOf(results, (run) => run.latency.p99Us / 1000),
    },
  ];
}

/** Those of the measures that were asked for. */
export function targetsOf(shape: Shape, measures: Measure[], results: Results): Target[] {
  const wanted = shape === 'single' ? single(results) : shape === 'nats' ? nats(results) : [];
  const asked = wanted.filter(({ measure }) => measures.includes(measure));
  return asked.map((target) => ({
    ...target,
    met: Number.isNaN(target.measured)
      ? null
      : target.measured >= (target.atLeast ?? -Infinity) && target.measured <= (target.atMost ?? Infinity),
  }));
}

export function targetsTable(targets: Target[]): string {
  return table(
    'Targets',
    ['', 'to reach', 'measured', ''],
    targets.map(({ name, atLeast, atMost, digits, measured, met }) => [
      name,
      atLeast === undefined ? `<= ${show(atMost!, digits)}` : `>= ${show(atLeast, digits)}`,
      show(measured, digits),
      met === null ? 'not measured' : met ? 'pass' : 'MISS',
    ]),
  );
}
