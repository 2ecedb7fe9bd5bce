import {
  FOREIGN_METRICS,
  type ForeignMetricName,
  type MetricLabel,
  type MetricName,
  type MetricNameOf,
} from '@iec104mm2ss/observability';

/** What Prometheus puts on every series: which target it was read from. One system is one job, see docs/monitoring.md. */
type TargetLabel = 'job' | 'instance';
type LabelOf<Name> = Name extends MetricName
  ? MetricLabel<Name>
  : Name extends ForeignMetricName
    ? (typeof FOREIGN_METRICS)[Name]['labels'][number]
    : never;
type Histogram = MetricNameOf<'histogram'>;

/** Values of labels; one that begins with `=~`, `!~` or `!=` brings its own operator. */
export type Where<Name> = Readonly<Partial<Record<LabelOf<Name> | TargetLabel, string>>>;

/** A metric of the catalogue in a query: another name, or a label that it has not, does not compile. */
export function m<Name extends Exclude<MetricName, Histogram> | ForeignMetricName>(
  name: Name,
  where?: Where<Name>,
): string {
  return name + matchers(where);
}

/** The buckets of a histogram, with the label `le`. */
export const buckets = <Name extends Histogram>(name: Name, where?: Where<Name>): string =>
  `${name}_bucket${matchers(where)}`;

/** How many times a histogram was added to. */
export const count = <Name extends Histogram>(name: Name, where?: Where<Name>): string =>
  `${name}_count${matchers(where)}`;

function matchers(where: Readonly<Record<string, string | undefined>> = {}): string {
  const all = Object.entries(where).flatMap(([label, value]) => {
    if (value === undefined) return [];
    const [, operator, text] = /^(=~|!~|!=)?(.*)$/s.exec(value) ?? [];
    return [`${label}${operator ?? '='}"${text ?? ''}"`];
  });
  return all.length === 0 ? '' : `{${all.join(', ')}}`;
}

/** What tells one group of one system from all others; `name` is for people. */
export const GROUP_KEYS = 'job, group, name';

/** The largest of all processes that tell of the group: one that stands by may tell 0. */
export const maxByGroup = (expr: string): string => `max by (${GROUP_KEYS}) (${expr})`;
export const sumByGroup = (expr: string): string => `sum by (${GROUP_KEYS}) (${expr})`;

/**
 * How much a counter has grown in a time. `increase` does not see what was counted before Prometheus read the series for the first
 * time, as a router or connector counts when it takes a group over: a series that was not there around the beginning of the time
 * counts as a whole. Five minutes around, as one scrape that fails leaves a hole.
 *
 * @param time `15m`
 */
export const grown = (counter: string, time: string): string => grownUnless('', counter, time);

/** The same of a metric of groups: one that is renamed has new series, which go on from where the old ones were. */
export const grownOfGroup = (counter: string, time: string): string => grownUnless('ignoring (name) ', counter, time);

const grownUnless = (matching: string, counter: string, time: string): string =>
  `${counter} unless ${matching}present_over_time(${counter}[5m] offset ${time}) or increase(${counter}[${time}])`;
