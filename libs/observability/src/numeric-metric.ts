import type { CounterName, GaugeName, HistogramName, MetricLabel } from './catalogue/index.js';
import type { Collect, CollectDurations, StopCollecting } from './exposition.js';
import type { Registry } from './registry.js';

/**
 * A counter of the catalogue whose values are plain numbers kept by the code that counts, read only at a scrape: counting
 * costs one increment and no lookup. Several calls with one name (one per group or service) share the metric; equal labels
 * are added up. Values must never go down while the process runs.
 */
export function numericCounter<Name extends CounterName>(
  registry: Registry,
  name: Name,
  collect: Collect<MetricLabel<Name>>,
): StopCollecting {
  return registry.exposition.add(name, collect);
}

/** The same for a value that goes up and down; of equal labels the last one read counts. */
export function numericGauge<Name extends GaugeName>(
  registry: Registry,
  name: Name,
  collect: Collect<MetricLabel<Name>>,
): StopCollecting {
  return registry.exposition.add(name, collect);
}

/** The same for a histogram of seconds: its buckets are counted by the code that measures. */
export function durationHistogram<Name extends HistogramName>(
  registry: Registry,
  name: Name,
  collect: CollectDurations<MetricLabel<Name>>,
): StopCollecting {
  return registry.exposition.addDurations(name, collect);
}
