import { metric, type MetricLabel, type MetricName, type MetricNameOf } from './catalogue/index.js';
import { type CountedDurations, durationLines } from './duration-lines.js';
import { labelsText } from './label-text.js';

/** One series: the values of its labels, and its number now. */
export interface Sample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** The same with its labels as they are written, each of them: made once for all metrics of a group. No two of a source are equal. */
export interface TextSample {
  readonly text: string;
  readonly value: number;
}

/** One histogram: the values of its labels, and its numbers now. */
export interface DurationSample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly durations: CountedDurations;
}

/** Reads the numbers of a metric when it is scraped. */
export type Collect<Label extends string = string> = () => Iterable<Sample<Label> | TextSample>;
export type CollectDurations<Label extends string = string> = () => Iterable<
  DurationSample<Label> | TextDurationSample
>;

/** Takes the numbers of a `collect` out of the metric again. */
export type StopCollecting = () => void;

/** Series, or histograms, that are read or written in one go. */
const SAMPLES_OF_A_PIECE = 100;

export interface TextDurationSample {
  readonly text: string;
  readonly durations: CountedDurations;
}

type Source = () => Iterable<Sample | DurationSample | TextSample | TextDurationSample>;

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
    return [...this.pieces()].join('');
  }

  /** The same in pieces, so that other work may be done in between: each takes well below a millisecond. */
  *pieces(): Generator<string> {
    for (const [name, sources] of this.sources) {
      const { help, type } = metric(name);
      let head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
      for (const piece of this.seriesOf(name, sources)) {
        yield piece && head + piece;
        if (piece !== '') head = '';
      }
    }
  }

  private attach(name: MetricName, collect: Source): StopCollecting {
    const sources = this.sources.get(name) ?? new Set<Source>();
    this.sources.set(name, sources);
    // A wrapper, so that one function attached twice is two sources.
    const source: Source = () => collect();
    sources.add(source);
    return () => void sources.delete(source);
  }

  private *seriesOf(name: MetricName, sources: ReadonlySet<Source>): Generator<string> {
    const { type, labels: names, boundsMs } = metric(name);
    const values = new Map<string, number>();
    const single = sources.size === 1;
    let text = '';
    let count = 0;
    for (const source of sources) {
      try {
        for (const sample of source()) {
          const labels = 'text' in sample ? sample.text : labelsText(names, sample.labels);
          if ('durations' in sample) text += durationLines(name, labels, boundsMs, sample.durations);
          else if (single && 'text' in sample) text += line(name, labels, sample.value);
          // What several count is added up; of what several say to be so the last one counts.
          else values.set(labels, sample.value + (type === 'counter' ? (values.get(labels) ?? 0) : 0));
          if (++count % SAMPLES_OF_A_PIECE > 0) continue;
          yield text;
          text = '';
        }
      } catch {
        // One broken source must not cost the whole scrape; the counter says which metric is incomplete.
        this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
      }
    }
    for (const [labels, value] of values) {
      text += line(name, labels, value);
      if (++count % SAMPLES_OF_A_PIECE > 0) continue;
      yield text;
      text = '';
    }
    yield text;
  }
}

const line = (name: string, labels: string, value: number): string =>
  `${name}${labels && `{${labels}}`} ${numberText(value)}\n`;

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : `${value > 0 ? '+' : '-'}Inf`;
}
