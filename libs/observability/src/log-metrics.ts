import type { Logging } from './logger.js';
import { numericCounter } from './numeric-metric.js';
import { METRIC_PREFIX, type Registry } from './registry.js';

/** What of the log was not written. */
export function registerLogMetrics(registry: Registry, logging: Logging): void {
  const counter = (name: string, help: string, value: () => number): void => {
    numericCounter(registry, { name: `${METRIC_PREFIX}${name}`, help }, () => [{ labels: {}, value: value() }]);
  };
  counter(
    'log_lines_left_out_total',
    'Log lines left out, as a peer caused too many of them; the log says how many of which kind.',
    () => logging.leftOutLines(),
  );
  counter('log_lines_dropped_total', 'Log lines given up, as their destination failed or was too slow.', () =>
    logging.droppedLines(),
  );
}
