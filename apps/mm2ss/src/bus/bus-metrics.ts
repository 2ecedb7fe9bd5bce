import type { Bus } from '@iec104mm2ss/bus';
import { numericCounter, numericGauge, type Registry } from '@iec104mm2ss/observability';

type Observed = Pick<Bus, 'storageTroubles' | 'connected' | 'onConnection'>;

/** Whether the bus can be used, and which streams and buckets on the server this process cannot use. */
export function registerBusMetrics(registry: Registry, bus: Observed): void {
  let disconnects = 0;
  bus.onConnection((connected) => {
    if (!connected) disconnects++;
  });
  numericGauge(registry, 'mm2ss_bus_connected', () => [{ labels: {}, value: bus.connected ? 1 : 0 }]);
  numericCounter(registry, 'mm2ss_bus_disconnects_total', () => [{ labels: {}, value: disconnects }]);
  numericGauge(registry, 'mm2ss_storage_trouble', () =>
    bus.storageTroubles().map(({ store }) => ({ labels: { store }, value: 1 })),
  );
}
