import { createRegistry, type MetricNameWith, numericCounter, numericGauge } from '@iec104mm2ss/observability';
import type { RtuFleet } from '@iec104mm2ss/simulator';

/** What the simulator did, and what it costs, for Prometheus. */
export function metricsText(fleet: RtuFleet): string {
  const registry = createRegistry({ processMetrics: false });
  const counter = (name: MetricNameWith<'counter', never>, value: number): void => {
    numericCounter(registry, name, () => [{ labels: {}, value }]);
  };
  const gauge = (name: MetricNameWith<'gauge', never>, value: number): void => {
    numericGauge(registry, name, () => [{ labels: {}, value }]);
  };
  const { stations } = fleet;
  const sum = (of: (station: (typeof stations)[number]) => number): number =>
    stations.reduce((total, station) => total + of(station), 0);
  const { user, system } = process.cpuUsage();
  gauge('mm2ss_simulator_rtus', stations.length);
  gauge(
    'mm2ss_simulator_rtus_started',
    sum(({ started }) => Number(started)),
  );
  gauge(
    'mm2ss_simulator_connections',
    sum(({ rtu }) => rtu.connections.length),
  );
  counter(
    'mm2ss_simulator_events_total',
    sum(({ rtu }) => rtu.counts.events),
  );
  counter(
    'mm2ss_simulator_events_lost_total',
    sum(({ rtu }) => rtu.counts.overflow),
  );
  gauge(
    'mm2ss_simulator_events_pending',
    sum(({ rtu }) => rtu.buffered),
  );
  counter(
    'mm2ss_simulator_asdus_sent_total',
    sum(({ rtu }) => rtu.sent),
  );
  counter(
    'mm2ss_simulator_requests_total',
    sum(({ rtu }) => rtu.counts.requests),
  );
  counter('mm2ss_simulator_cpu_seconds_total', (user + system) / 1e6);
  gauge('mm2ss_simulator_resident_memory_bytes', process.memoryUsage.rss());
  return registry.exposition.text();
}
