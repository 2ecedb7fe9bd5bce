import { LAG_BOUNDS_MS } from './buckets.js';
import type { MetricEntries } from './description.js';

const counter = { type: 'counter', labels: [], exposedBy: ['process'] } as const;
const gauge = { type: 'gauge', labels: [], exposedBy: ['process'] } as const;

/** Of the process itself: what runs, its configuration, its event loop, its log. */
export const PROCESS_METRICS = {
  mm2ss_build_info: {
    ...gauge,
    help: 'Always 1; the labels say what runs.',
    unit: 'info',
    labels: ['release', 'node'],
  },
  mm2ss_metrics_collect_failures_total: {
    ...counter,
    help: 'Metrics that could not be read completely at a scrape.',
    unit: 'occurrences',
    labels: ['metric'],
    absent: 'until one could not be read',
  },
  mm2ss_event_loop_active_seconds_total: {
    ...counter,
    help: 'Seconds in which the event loop had work; all the time: it is too busy to be quick.',
    unit: 'seconds',
  },
  mm2ss_event_loop_lag_seconds: {
    type: 'histogram',
    help: 'How late the timer of the links fired: for so long the event loop was busy with something else.',
    unit: 'seconds',
    labels: [],
    exposedBy: ['process'],
    boundsMs: LAG_BOUNDS_MS,
  },
  mm2ss_config_info: {
    ...gauge,
    help: 'Always 1; the label says which content of the configuration file is in force in this process.',
    unit: 'info',
    labels: ['digest'],
  },
  mm2ss_config_in_force: {
    ...gauge,
    help: '1: the configuration file is in force as it is now; 0: it was refused.',
    unit: 'flag',
  },
  mm2ss_config_reloads_total: {
    ...counter,
    help:
      'Changed configuration files that were put into force (applied), changed nothing (refused), or that a part could ' +
      'not take (in part).',
    unit: 'occurrences',
    labels: ['outcome'],
  },
  mm2ss_log_lines_left_out_total: {
    ...counter,
    help: 'Log lines left out, as a peer caused too many of them; the log says how many of which kind.',
    unit: 'lines',
  },
  mm2ss_log_lines_dropped_total: {
    ...counter,
    help: 'Log lines given up, as their destination failed or was too slow.',
    unit: 'lines',
  },
  mm2ss_security_events_total: {
    ...counter,
    help: 'Security events, written or left out as repeats, by name; docs/security-events.md has all of them.',
    unit: 'events',
    labels: ['event'],
  },
} as const satisfies MetricEntries;
