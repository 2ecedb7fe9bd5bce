import type { Metric } from 'prom-client';
import type { MetricDescription, Registry } from './registry.js';

/** How often something took how long; `Durations` of libs/iec104 is one. */
export interface CountedDurations {
  /** Upper bounds of the buckets, milliseconds. */
  readonly boundsMs: readonly number[];
  /** Not cumulative; one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** One histogram: the values of its labels, and its numbers now. */
export interface DurationSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly durations: CountedDurations;
}
type CollectDurations = () => Iterable<DurationSample>;

const histogramsOf = new WeakMap<Registry, Map<string, DurationHistogram>>();

/**
 * A histogram of seconds whose numbers are kept by the code that counts, and read at a scrape: counting costs no lookup.
 * Several calls with one name share the metric.
 */
export function durationHistogram(registry: Registry, description: MetricDescription, collect: CollectDurations): void {
  const { name, help } = description;
  if (!/^mm2ss_[a-z0-9_]+_seconds$/.test(name)) throw new Error(`${name}: must be mm2ss_..._seconds`);
  const histograms = histogramsOf.get(registry) ?? new Map<string, DurationHistogram>();
  histogramsOf.set(registry, histograms);
  let histogram = histograms.get(name);
  if (histogram === undefined) {
    histogram = new DurationHistogram(name, help);
    histograms.set(name, histogram);
    // The registry asks metrics for a name, and for their values with `get`; prom-client's own histogram cannot be filled.
    registry.registerMetric(histogram as unknown as Metric);
  }
  histogram.sources.push(collect);
}

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

class DurationHistogram {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly sources: CollectDurations[] = [];

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    const values = this.sources.flatMap((source) => Array.from(source(), (sample) => this.valuesOf(sample)).flat());
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  /** Nothing: the numbers belong to others. */
  reset(): void {
    // See above.
  }

  private valuesOf({ labels, durations: { boundsMs, counts, sumMs } }: DurationSample): Value[] {
    const values: Value[] = [];
    let below = 0;
    counts.forEach((count, bucket) => {
      below += count;
      const bound = boundsMs[bucket];
      const le = bound === undefined ? '+Inf' : bound / 1000;
      values.push({ metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: below });
    });
    values.push({ metricName: `${this.name}_sum`, labels, value: sumMs / 1000 });
    values.push({ metricName: `${this.name}_count`, labels, value: below });
    return values;
  }
}
