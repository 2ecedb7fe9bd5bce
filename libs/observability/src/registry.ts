import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Histogram, Registry } from 'prom-client';

/** Every metric of the product begins with this. */
export const METRIC_PREFIX = 'mm2ss_';

/** The default of 10 ms wakes an idle process a hundred times a second. */
const EVENT_LOOP_SAMPLE_MS = 200;

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
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
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
