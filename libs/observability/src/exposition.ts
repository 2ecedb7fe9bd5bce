import { metric, type MetricLabel, type MetricName, type MetricNameOf } from './catalogue/index.js';
import { type CountedDurations, durationLines } from './duration-lines.js';

/** One series: the values of its labels, and its number now. */
export interface Sample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** One histogram: the values of its labels, and its numbers now. */
export interface DurationSample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly durations: CountedDurations;
}

/** Reads the numbers of a metric when it is scraped. */
export type Collect<Label extends string = string> = () => Iterable<Sample<Label>>;
export type CollectDurations<Label extends string = string> = () => Iterable<DurationSample<Label>>;

/** Takes the numbers of a `collect` out of the metric again. */
export type StopCollecting = () => void;

type Source = () => Iterable<Sample | DurationSample>;

/**
 * The metrics of the catalogue that a process has, and who reads their numbers. They are written past prom-client, which takes
 * ten times as long for what hundreds of groups have, and cannot be given a histogram that was counted elsewhere.
 */
export class Exposition {
  private readonly sources = new Map<MetricName, Set<Source>>();
  /** Metrics that could not be read completely, and how often. */
  private readonly failures = new Map<MetricName, number>();

  constructor() {
    this.add('mm2ss_metrics_collect_failures_total', () =>
      [...this.failures].map(([name, value]) => ({ labels: { metric: name }, value })),
    );
  }

  add<Name extends MetricNameOf<'counter' | 'gauge'>>(name: Name, collect: Collect<MetricLabel<Name>>): StopCollecting {
    return this.attach(name, collect);
  }

  addDurations<Name extends MetricNameOf<'histogram'>>(
    name: Name,
    collect: CollectDurations<MetricLabel<Name>>,
  ): StopCollecting {
    return this.attach(name, collect);
  }

  /** All of them now, in the text format of Prometheus; what has no series is left out. */
  text(): string {
    let text = '';
    for (const [name, sources] of this.sources) {
      const series = this.seriesOf(name, sources);
      if (series !== '') text += `# HELP ${name} ${metric(name).help}\n# TYPE ${name} ${metric(name).type}\n${series}`;
    }
    return text;
  }

  private attach(name: MetricName, collect: Source): StopCollecting {
    const sources = this.sources.get(name) ?? new Set<Source>();
    this.sources.set(name, sources);
    // A wrapper, so that one function attached twice is two sources.
    const source: Source = () => collect();
    sources.add(source);
    return () => void sources.delete(source);
  }

  private seriesOf(name: MetricName, sources: ReadonlySet<Source>): string {
    const { type, labels: names } = metric(name);
    let histograms = '';
    const values = new Map<string, number>();
    for (const source of sources) {
      try {
        for (const sample of source()) {
          const labels = labelsText(names, sample.labels);
          if ('durations' in sample) histograms += durationLines(name, labels, sample.durations);
          // What several count is added up; of what several say to be so the last one counts.
          else values.set(labels, sample.value + (type === 'counter' ? (values.get(labels) ?? 0) : 0));
        }
      } catch {
        // One broken source must not cost the whole scrape; the counter says which metric is incomplete.
        this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
      }
    }
    let text = histograms;
    for (const [labels, value] of values) text += `${name}${labels && `{${labels}}`} ${numberText(value)}\n`;
    return text;
  }
}

function labelsText(names: readonly string[], labels: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name of names) text += `${text && ','}${name}="${escaped(labels[name] as string)}"`;
  return text;
}

function escaped(value: string): string {
  return /[\\\n"]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"') : value;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : `${value > 0 ? '+' : '-'}Inf`;
}
