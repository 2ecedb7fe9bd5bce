import { type Collect, numericCounter, numericGauge } from './numeric-metric.js';
import type { Registry } from './registry.js';

/** What a service has one of for each group. */
export interface GroupPart {
  readonly config: { readonly id: string; readonly name: string };
}
type Values = Iterable<readonly [label: string, value: number]>;

const GROUP_LABELS = ['group', 'name'] as const;

/**
 * The metrics a service has for each of its groups, labelled with the group's id and name. The numbers are read from the
 * parts at a scrape; a part that is gone, or does not know a number (undefined), has none.
 */
export class GroupMetrics<Part extends GroupPart> {
  constructor(
    private readonly registry: Registry,
    private readonly parts: () => readonly Part[],
  ) {}

  counter(name: string, help: string, value: (part: Part) => number | undefined): void {
    numericCounter(this.registry, { name, help, labelNames: GROUP_LABELS }, this.single(value));
  }

  gauge(name: string, help: string, value: (part: Part) => number | undefined): void {
    numericGauge(this.registry, { name, help, labelNames: GROUP_LABELS }, this.single(value));
  }

  /** A counter with a further label; `values` gives its values and their numbers. */
  counterBy(label: string, name: string, help: string, values: (part: Part) => Values): void {
    numericCounter(this.registry, { name, help, labelNames: [...GROUP_LABELS, label] }, this.several(label, values));
  }

  gaugeBy(label: string, name: string, help: string, values: (part: Part) => Values): void {
    numericGauge(this.registry, { name, help, labelNames: [...GROUP_LABELS, label] }, this.several(label, values));
  }

  private single(value: (part: Part) => number | undefined): Collect {
    return () =>
      this.parts().flatMap((part) => {
        const number = value(part);
        return number === undefined ? [] : [{ labels: labelsOf(part), value: number }];
      });
  }

  private several(label: string, values: (part: Part) => Values): Collect {
    return () =>
      this.parts().flatMap((part) =>
        [...values(part)].map(([which, value]) => ({ labels: { ...labelsOf(part), [label]: which }, value })),
      );
  }
}

function labelsOf({ config }: GroupPart): { group: string; name: string } {
  return { group: config.id, name: config.name };
}
