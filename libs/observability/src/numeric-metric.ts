import { Counter, Gauge, type Registry } from 'prom-client';
import type { MetricDescription } from './registry.js';

/** One series: the values of its labels, and its number now. */
export interface Sample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** Reads the numbers of a metric when it is scraped. */
export type Collect<Label extends string = string> = () => Iterable<Sample<Label>>;

/** Takes the numbers of a `collect` out of the metric again. */
export type StopCollecting = () => void;

/** The metrics of one registry that are fed by `collect` functions, and those functions. */
interface NumericMetric {
  readonly kind: 'counter' | 'gauge';
  readonly labelNames: readonly string[];
  readonly sources: Set<Collect>;
}
const metricsOf = new WeakMap<Registry, Map<string, NumericMetric>>();

const FAILURES = 'mm2ss_metrics_collect_failures_total';
const failuresOf = new WeakMap<Registry, Counter<'metric'>>();

/**
 * A counter whose values are plain numbers kept by the code that counts, read only at a scrape: counting costs one
 * increment and no lookup. Several calls with one name (one per group or service) share the metric; equal labels are
 * added up. Values must never go down while the process runs.
 */
export function numericCounter<Label extends string = never>(
  registry: Registry,
  description: MetricDescription<Label>,
  collect: Collect<Label>,
): StopCollecting {
  if (!/^mm2ss_[a-z0-9_]+_total$/.test(description.name))
    throw new Error(`${description.name}: must be mm2ss_..._total`);
  return attach(registry, 'counter', description, collect as Collect);
}

/** The same for a value that goes up and down; of equal labels the last one read counts. */
export function numericGauge<Label extends string = never>(
  registry: Registry,
  description: MetricDescription<Label>,
  collect: Collect<Label>,
): StopCollecting {
  if (!/^mm2ss_[a-z0-9_]+(?<!_total)$/.test(description.name)) {
    throw new Error(`${description.name}: must be mm2ss_... and not end in _total`);
  }
  return attach(registry, 'gauge', description, collect as Collect);
}

function attach(
  registry: Registry,
  kind: NumericMetric['kind'],
  description: MetricDescription,
  collect: Collect,
): StopCollecting {
  const { name, labelNames = [] } = description;
  const metrics = metricsOf.get(registry) ?? new Map<string, NumericMetric>();
  metricsOf.set(registry, metrics);
  let metric = metrics.get(name);
  if (!metric) {
    metric = { kind, labelNames, sources: new Set() };
    register(registry, description, metric);
    metrics.set(name, metric);
  } else if (metric.kind !== kind || metric.labelNames.join() !== labelNames.join()) {
    throw new Error(`${name}: already a ${metric.kind} with the labels ${metric.labelNames.join() || 'none'}`);
  }
  const { sources } = metric;
  // A wrapper, so that one function attached twice is two sources.
  const source: Collect = () => collect();
  sources.add(source);
  return () => void sources.delete(source);
}

function register(registry: Registry, description: MetricDescription, metric: NumericMetric): void {
  const { name, help, labelNames = [] } = description;
  const failures = failureCounter(registry);
  const readAll = (take: (sample: Sample) => void): void => {
    for (const source of metric.sources) {
      try {
        for (const sample of source()) take(sample);
      } catch {
        // One broken source must not cost the whole scrape; the counter says which metric is incomplete.
        failures.inc({ metric: name });
      }
    }
  };
  const common = { name, help, labelNames: [...labelNames], registers: [registry] };
  if (metric.kind === 'counter') {
    new Counter({
      ...common,
      collect() {
        this.reset();
        if (labelNames.length === 0 && metric.sources.size === 0) this.remove();
        readAll(({ labels, value }) => this.inc(labels, value));
      },
    });
  } else {
    new Gauge({
      ...common,
      collect() {
        this.reset();
        // prom-client shows 0 for a gauge without labels that was never set; an unknown value is better absent.
        if (labelNames.length === 0) this.remove();
        readAll(({ labels, value }) => this.set(labels, value));
      },
    });
  }
}

/** Metrics that could not be read completely, by name. */
export function failureCounter(registry: Registry): Counter<'metric'> {
  const known = failuresOf.get(registry);
  if (known) return known;
  const counter = new Counter({
    name: FAILURES,
    help: 'Metrics that could not be read completely at a scrape.',
    labelNames: ['metric'] as const,
    registers: [registry],
  });
  failuresOf.set(registry, counter);
  return counter;
}
