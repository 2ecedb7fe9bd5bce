/**
 * Metrics that others name, and that boards and rules use as well: those of prom-client for the process, and what Prometheus
 * itself knows of a scrape.
 */
export const FOREIGN_METRICS = {
  process_cpu_user_seconds_total: { type: 'counter', labels: [] },
  process_cpu_system_seconds_total: { type: 'counter', labels: [] },
  process_cpu_seconds_total: { type: 'counter', labels: [] },
  process_start_time_seconds: { type: 'gauge', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', labels: [] },
  process_virtual_memory_bytes: { type: 'gauge', labels: [] },
  process_heap_bytes: { type: 'gauge', labels: [] },
  process_open_fds: { type: 'gauge', labels: [] },
  process_max_fds: { type: 'gauge', labels: [] },
  nodejs_eventloop_lag_seconds: { type: 'gauge', labels: [] },
  nodejs_heap_size_used_bytes: { type: 'gauge', labels: [] },
  nodejs_heap_size_total_bytes: { type: 'gauge', labels: [] },
  nodejs_external_memory_bytes: { type: 'gauge', labels: [] },
  nodejs_gc_duration_seconds: { type: 'histogram', labels: ['kind'] },
  up: { type: 'gauge', labels: [] },
  scrape_duration_seconds: { type: 'gauge', labels: [] },
} as const;

export type ForeignMetricName = keyof typeof FOREIGN_METRICS;
