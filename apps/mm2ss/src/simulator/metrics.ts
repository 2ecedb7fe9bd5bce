import type { RtuFleet } from '@iec104mm2ss/simulator';

/** What the simulator did, and what it costs, for Prometheus. */
export function metricsText(fleet: RtuFleet): string {
  const { stations } = fleet;
  const sum = (of: (station: (typeof stations)[number]) => number): number =>
    stations.reduce((total, station) => total + of(station), 0);
  const { user, system } = process.cpuUsage();
  const rows: readonly (readonly [name: string, type: string, help: string, value: number])[] = [
    ['rtus', 'gauge', 'Simulated RTUs.', stations.length],
    ['rtus_started', 'gauge', 'Of these: a master has started data transfer.', sum(({ started }) => Number(started))],
    ['connections', 'gauge', 'Connections of masters.', sum(({ rtu }) => rtu.connections.length)],
    ['events_total', 'counter', 'Events that came into being.', sum(({ rtu }) => rtu.counts.events)],
    ['events_lost_total', 'counter', 'Events that a full buffer lost.', sum(({ rtu }) => rtu.counts.overflow)],
    ['events_pending', 'gauge', 'Events no master has acknowledged.', sum(({ rtu }) => rtu.buffered)],
    ['asdus_sent_total', 'counter', 'ASDUs sent.', sum(({ rtu }) => rtu.sent)],
    ['requests_total', 'counter', 'Requests received.', sum(({ rtu }) => rtu.counts.requests)],
    ['cpu_seconds_total', 'counter', 'Processor time of this process.', (user + system) / 1e6],
    ['resident_memory_bytes', 'gauge', 'Memory of this process.', process.memoryUsage.rss()],
  ];
  return rows
    .map(([name, type, help, value]) => {
      const full = `mm2ss_simulator_${name}`;
      return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full} ${value}\n`;
    })
    .join('');
}
