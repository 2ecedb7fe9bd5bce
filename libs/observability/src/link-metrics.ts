import { type CountedDurations, durationHistogram } from './duration-metric.js';
import type { GroupPart } from './group-metrics.js';
import type { Registry } from './registry.js';

/** What is measured of the links of a group; `LinkFigures` of libs/iec104 is one. */
export interface MeasuredLinks {
  readonly tests: CountedDurations;
  readonly acknowledgements: CountedDurations;
}

const LABELS = ['group', 'name', 'side'] as const;

/** How fast the peers of one side answer: `rtu`, or `master`, all of the group's together. */
export function registerLinkMetrics<Part extends GroupPart>(
  registry: Registry,
  side: 'rtu' | 'master',
  parts: () => readonly Part[],
  figures: (part: Part) => MeasuredLinks,
): void {
  const histogram = (name: string, help: string, durations: (links: MeasuredLinks) => CountedDurations): void =>
    durationHistogram(registry, { name, help, labelNames: LABELS }, () =>
      parts().map((part) => {
        const { id: group, name: rtu } = part.config;
        return { labels: { group, name: rtu, side }, durations: durations(figures(part)) };
      }),
    );
  histogram(
    'mm2ss_link_test_seconds',
    'TESTFR act to TESTFR con, every 10 s: the way there and back. An alert: 95 % above 0.05.',
    ({ tests }) => tests,
  );
  histogram(
    'mm2ss_link_acknowledgement_seconds',
    'I-format APDU to its acknowledgement; it includes how long the peer waits with it (t2, w).',
    ({ acknowledgements }) => acknowledgements,
  );
}
