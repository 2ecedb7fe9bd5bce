import type { Logging } from './logger.js';
import { numericCounter } from './numeric-metric.js';
import type { Registry } from './registry.js';
import { SECURITY_EVENTS, type SecurityEventName } from './security/security-events.js';

const EVENTS = Object.keys(SECURITY_EVENTS) as SecurityEventName[];

/** What of the log was not written, and which security events there were. */
export function registerLogMetrics(registry: Registry, logging: Logging): void {
  numericCounter(registry, 'mm2ss_log_lines_left_out_total', () => [{ labels: {}, value: logging.leftOutLines() }]);
  numericCounter(registry, 'mm2ss_log_lines_dropped_total', () => [{ labels: {}, value: logging.droppedLines() }]);
  numericCounter(registry, 'mm2ss_security_events_total', () =>
    EVENTS.map((event) => ({ labels: { event }, value: logging.securityEvents(event) })),
  );
}
