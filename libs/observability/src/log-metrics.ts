import type { Logging } from './logger.js';
import { numericCounter } from './numeric-metric.js';
import { METRIC_PREFIX, type Registry } from './registry.js';
import { SECURITY_EVENTS, type SecurityEventName } from './security/security-events.js';

const EVENTS = Object.keys(SECURITY_EVENTS) as SecurityEventName[];

/** What of the log was not written, and which security events there were. */
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
  numericCounter(
    registry,
    {
      name: `${METRIC_PREFIX}security_events_total`,
      help: 'Security events, written or left out as repeats, by name; docs/security-events.md has all of them.',
      labelNames: ['event'] as const,
    },
    () => EVENTS.map((event) => ({ labels: { event }, value: logging.securityEvents(event) })),
  );
}
