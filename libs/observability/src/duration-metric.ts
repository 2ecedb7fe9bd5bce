import { failureCounter } from './numeric-metric.js';
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

interface DurationHistogram {
  readonly help: string;
  readonly sources: CollectDurations[];
}

/** By registry and name. */
const histogramsOf = new WeakMap<Registry, Map<string, DurationHistogram>>();

/**
 * A histogram of seconds whose numbers are kept by the code that counts, and read at a scrape: counting costs no lookup.
 * Several calls with one name share the metric. It is in `metricsText`, and not in what the registry itself makes: prom-client's
 * own histogram cannot be filled, and takes ten times as long to write what hundreds of groups have.
 */
export function durationHistogram(registry: Registry, description: MetricDescription, collect: CollectDurations): void {
  const { name, help } = description;
  if (!/^mm2ss_[a-z0-9_]+_seconds$/.test(name)) throw new Error(`${name}: must be mm2ss_..._seconds`);
  const histograms = histogramsOf.get(registry) ?? new Map<string, DurationHistogram>();
  histogramsOf.set(registry, histograms);
  const histogram = histograms.get(name) ?? { help, sources: [] };
  histograms.set(name, histogram);
  histogram.sources.push(collect);
}

/** Everything of a registry, in the text format of Prometheus. */
export async function metricsText(registry: Registry): Promise<string> {
  let text = await registry.metrics();
  for (const [name, { help, sources }] of histogramsOf.get(registry) ?? []) {
    text += `\n# HELP ${name} ${help}\n# TYPE ${name} histogram\n`;
    for (const source of sources) {
      try {
        for (const sample of source()) text += linesOf(name, sample);
      } catch {
        // As of other metrics: one broken source does not cost the whole scrape, and the next one tells.
        failureCounter(registry).inc({ metric: name });
      }
    }
  }
  return text;
}

function linesOf(name: string, { labels, durations: { boundsMs, counts, sumMs } }: DurationSample): string {
  const all = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  const shared = all.join(',');
  let text = '';
  let below = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    below += counts[bucket] as number;
    const bound = boundsMs[bucket];
    text += `${name}_bucket{le="${bound === undefined ? '+Inf' : bound / 1000}",${shared}} ${below}\n`;
  }
  return `${text}${name}_sum{${shared}} ${sumMs / 1000}\n${name}_count{${shared}} ${below}\n`;
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}
