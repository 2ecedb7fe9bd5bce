import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  isOfTls,
  type LabelValue,
  metric,
  type MetricNameWith,
  type ReasonCounts,
} from './catalogue/index.js';
import type { CountedDurations } from './duration-lines.js';
import type { Collect, TextDurationSample, TextSample } from './exposition.js';
import { labelText } from './label-text.js';
import { durationHistogram, numericCounter, numericGauge } from './numeric-metric.js';
import type { Registry } from './registry.js';

/** What a service has one of for each group. */
export interface GroupPart {
  readonly config: { readonly id: string; readonly name: string };
}
type Values<Value> = Iterable<readonly [label: string, value: Value]>;

type GroupLabel = 'group' | 'name';

/**
 * The metrics a service has for each of its groups, labelled with the group's id and name. The numbers are read from the
 * parts at a scrape; a part that is gone, or does not know a number (undefined), has none. A name that the catalogue does not
 * have with exactly these labels does not compile.
 */
export class GroupMetrics<Part extends GroupPart> {
  constructor(
    private readonly registry: Registry,
    private readonly parts: () => readonly Part[],
  ) {}

  counter(name: MetricNameWith<'counter', GroupLabel>, value: (part: Part) => number | undefined): void {
    numericCounter(this.registry, name, this.single(value));
  }

  gauge(name: MetricNameWith<'gauge', GroupLabel>, value: (part: Part) => number | undefined): void {
    numericGauge(this.registry, name, this.single(value));
  }

  histogram(name: MetricNameWith<'histogram', GroupLabel>, durations: (part: Part) => CountedDurations): void {
    const collect = (part: Part): TextDurationSample[] => [{ text: groupText(part), durations: durations(part) }];
    durationHistogram(this.registry, name, () => this.each(collect));
  }

  /** A counter with a further label; `values` gives its values and their numbers. */
  counterBy<Label extends string>(
    label: Label,
    name: MetricNameWith<'counter', GroupLabel | Label>,
    values: (part: Part) => Values<number>,
  ): void {
    numericCounter(this.registry, name as CounterName, this.several(label, values));
  }

  /**
   * A counter by reason: all of its list in the catalogue, 0 where there is no count.
   *
   * @param hasTls without it the reasons of TLS are left out: they cannot be
   */
  counterByReason<Name extends MetricNameWith<'counter', GroupLabel | 'reason'>>(
    name: Name,
    counts: (part: Part) => ReasonCounts<LabelValue<Name, 'reason'>>,
    hasTls: (part: Part) => boolean = () => false,
  ): void {
    const all = metric(name).values?.['reason'] ?? [];
    const plain = all.filter((reason) => !isOfTls(reason));
    const values = (part: Part): Values<number> => {
      const counted: Readonly<Record<string, number | undefined>> = counts(part);
      return (hasTls(part) ? all : plain).map((reason) => [reason, counted[reason] ?? 0] as const);
    };
    numericCounter(this.registry, name as CounterName, this.several('reason', values));
  }

  gaugeBy<Label extends string>(
    label: Label,
    name: MetricNameWith<'gauge', GroupLabel | Label>,
    values: (part: Part) => Values<number>,
  ): void {
    numericGauge(this.registry, name as GaugeName, this.several(label, values));
  }

  histogramBy<Label extends string>(
    label: Label,
    name: MetricNameWith<'histogram', GroupLabel | Label>,
    values: (part: Part) => Values<CountedDurations>,
  ): void {
    const collect = (part: Part): TextDurationSample[] =>
      Array.from(values(part), ([which, durations]) => ({
        text: `${groupText(part)},${labelText(label, which)}`,
        durations,
      }));
    durationHistogram(this.registry, name as HistogramName, () => this.each(collect));
  }

  private single(value: (part: Part) => number | undefined): Collect {
    const collect = (part: Part): TextSample[] => {
      const number = value(part);
      return number === undefined ? [] : [{ text: groupText(part), value: number }];
    };
    return () => this.each(collect);
  }

  private several(label: string, values: (part: Part) => Values<number>): Collect {
    const texts = new Map<string, string>();
    const textOf = (which: string): string => {
      const text = texts.get(which) ?? `,${labelText(label, which)}`;
      texts.set(which, text);
      return text;
    };
    const collect = (part: Part): TextSample[] => {
      const group = groupText(part);
      return Array.from(values(part), ([which, value]) => ({ text: group + textOf(which), value }));
    };
    return () => this.each(collect);
  }

  /** Part by part, as others have their turn in between. A part that has ended meanwhile is left out if it cannot be read. */
  private *each<Sample>(collect: (part: Part) => readonly Sample[]): Generator<Sample> {
    for (const part of this.parts()) {
      let samples: readonly Sample[];
      try {
        samples = collect(part);
      } catch (error) {
        if (this.parts().includes(part)) throw error;
        continue;
      }
      yield* samples;
    }
  }
}

const known = new WeakMap<GroupPart['config'], string>();

/** The labels that all metrics of a group have. Another row of the file is another object. */
function groupText({ config }: GroupPart): string {
  const text = known.get(config) ?? `${labelText('group', config.id)},${labelText('name', config.name)}`;
  known.set(config, text);
  return text;
}
