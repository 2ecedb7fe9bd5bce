import type { CountedDurations } from './duration-lines.js';
import { GroupMetrics, type GroupPart } from './group-metrics.js';
import { numericCounter } from './numeric-metric.js';
import type { Registry } from './registry.js';

/** APDUs of one direction, by format. */
export interface CountedApdus {
  readonly i: number;
  readonly s: number;
  readonly u: number;
}

/** What is measured of the links of a group; `LinkFigures` of libs/iec104 is one. */
export interface MeasuredLinks {
  readonly tests: CountedDurations;
  readonly acknowledgements: CountedDurations;
  readonly received: CountedApdus;
  readonly sent: CountedApdus;
}

const DIRECTIONS = ['received', 'sent'] as const;
const FORMATS = ['i', 's', 'u'] as const;

/** How fast the peers of one side answer, and what passes: `rtu`, or `master`, all of the group's together. */
export function registerLinkMetrics<Part extends GroupPart>(
  registry: Registry,
  side: 'rtu' | 'master',
  parts: () => readonly Part[],
  figures: (part: Part) => MeasuredLinks,
): void {
  const metrics = new GroupMetrics(registry, parts);
  metrics.histogramBy('side', 'mm2ss_link_test_seconds', (part) => [[side, figures(part).tests]]);
  metrics.histogramBy('side', 'mm2ss_link_acknowledgement_seconds', (part) => [[side, figures(part).acknowledgements]]);
  numericCounter(registry, 'mm2ss_link_apdus_total', function* () {
    for (const part of parts()) {
      const { id: group, name } = part.config;
      const counted = figures(part);
      for (const direction of DIRECTIONS)
        for (const format of FORMATS)
          yield { labels: { group, name, side, direction, format }, value: counted[direction][format] };
    }
  });
}
