import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { numericCounter } from './numeric-metric.js';

export type { Histogram, Registry } from 'prom-client';

/** Injection token of Registry. */
export const REGISTRY = Symbol('REGISTRY');

/** Every metric of the product begins with this. */
export const METRIC_PREFIX = 'mm2ss_';

/** The event loop's delays are not sampled: that wakes an idle process, and hundreds of them run beside each other. */
const NEVER_MS = 2 ** 30;
const SAMPLED_DELAYS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (each) => `nodejs_eventloop_lag_${each}_seconds`,
);

/** A command's way to the RTU and back: a tenth of a millisecond on one machine, tens of seconds on a 2G link. */
export const COMMAND_SECONDS_BUCKETS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export interface RegistryOptions {
  /** Release shown by `mm2ss_build_info`. */
  readonly release?: string;
  /** `process_*` and `nodejs_*` under their usual names; default true. */
  readonly processMetrics?: boolean;
}

/** A registry of its own (never prom-client's global one), with the metrics of the process in it. */
export function createRegistry({ release, processMetrics = true }: RegistryOptions = {}): Registry {
  const registry = new Registry();
  if (processMetrics) {
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const name of SAMPLED_DELAYS) registry.removeSingleMetric(name);
    numericCounter(
      registry,
      {
        name: `${METRIC_PREFIX}event_loop_active_seconds_total`,
        help: 'Seconds in which the event loop had work; all the time: it is too busy to be quick.',
      },
      () => [{ labels: {}, value: performance.eventLoopUtilization().active / 1000 }],
    );
  }
  if (release !== undefined) {
    new Gauge({
      name: `${METRIC_PREFIX}build_info`,
      help: 'Always 1; the labels say what runs.',
      labelNames: ['release', 'node'],
      registers: [registry],
    }).set({ release, node: process.versions.node }, 1);
  }
  return registry;
}

export interface MetricDescription<Label extends string = string> {
  /** With the prefix, in base units: `mm2ss_..._seconds`, `mm2ss_..._total`. */
  readonly name: string;
  readonly help: string;
  /** Names of labels whose values come from the configuration or an enum, never from traffic. */
  readonly labelNames?: readonly Label[];
}

/** A histogram of seconds with the buckets of a command's round trip. */
export function secondsHistogram<Label extends string = string>(
  registry: Registry,
  { name, help, labelNames = [] }: MetricDescription<Label>,
  buckets: readonly number[] = COMMAND_SECONDS_BUCKETS,
): Histogram<Label> {
  if (!/^mm2ss_[a-z0-9_]+_seconds$/.test(name)) throw new Error(`${name}: must be mm2ss_..._seconds`);
  return new Histogram<Label>({ name, help, labelNames, buckets: [...buckets], registers: [registry] });
}
