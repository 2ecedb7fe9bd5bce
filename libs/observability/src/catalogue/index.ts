import { CONNECTOR_METRICS } from './connector.js';
import type { ExposedBy, MetricEntry, MetricType } from './description.js';
import { GATEWAY_METRICS } from './gateway.js';
import { GROUP_METRICS } from './groups.js';
import { LINK_METRICS } from './links.js';
import { MASTER_METRICS } from './masters.js';
import { PROCESS_METRICS } from './process.js';
import { ROUTER_METRICS } from './router.js';
import { SIMULATOR_METRICS } from './simulator.js';
import { SURROUNDINGS_METRICS } from './surroundings.js';

export * from './buckets.js';
export type { ExposedBy, MetricEntry, MetricType, MetricUnit } from './description.js';
export * from './foreign.js';
export * from './reasons.js';

/** The metrics by what they are about, in the order of docs/metrics.md. */
export const METRICS_BY_SUBJECT = {
  Groups: GROUP_METRICS,
  Links: LINK_METRICS,
  'RTUs and the event log': CONNECTOR_METRICS,
  'Routing and commands': ROUTER_METRICS,
  'Masters by name': MASTER_METRICS,
  "Masters' connections": GATEWAY_METRICS,
  Processes: PROCESS_METRICS,
  Surroundings: SURROUNDINGS_METRICS,
  Simulator: SIMULATOR_METRICS,
} as const;

/** Every metric of the product, by name: registration, docs/metrics.md, the boards and the rules are made from it. */
export const METRICS = {
  ...GROUP_METRICS,
  ...LINK_METRICS,
  ...CONNECTOR_METRICS,
  ...ROUTER_METRICS,
  ...MASTER_METRICS,
  ...GATEWAY_METRICS,
  ...PROCESS_METRICS,
  ...SURROUNDINGS_METRICS,
  ...SIMULATOR_METRICS,
} as const;

export type MetricName = keyof typeof METRICS;

/** The labels of a metric, without `le`. */
export type MetricLabel<Name extends MetricName = MetricName> = (typeof METRICS)[Name]['labels'][number];

/** The values of a label: of a closed list, if the metric has one for it. */
export type LabelValue<Name extends MetricName, Label extends string> = (typeof METRICS)[Name] extends {
  readonly values: Readonly<Record<Label, readonly (infer Value)[]>>;
}
  ? Extract<Value, string>
  : string;

/** The names of the metrics of one type. */
export type MetricNameOf<Type extends MetricType> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** The metrics of one type that have exactly these labels. */
export type MetricNameWith<Type extends MetricType, Label extends string> = {
  [Name in MetricNameOf<Type>]: [MetricLabel<Name>, Label] extends [Label, MetricLabel<Name>] ? Name : never;
}[MetricNameOf<Type>];

export type CounterName = MetricNameOf<'counter'>;
export type GaugeName = MetricNameOf<'gauge'>;
export type HistogramName = MetricNameOf<'histogram'>;

/** What is said of a metric. */
export function metric(name: MetricName): MetricEntry {
  return METRICS[name];
}

/** The names of the series in which a metric is stored: a histogram has three. */
export function seriesOf(name: MetricName): readonly string[] {
  return metric(name).type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

/** The metrics that a part exposes. */
export function metricsOf(part: ExposedBy): readonly MetricName[] {
  return (Object.keys(METRICS) as MetricName[]).filter((name) => metric(name).exposedBy.includes(part));
}
