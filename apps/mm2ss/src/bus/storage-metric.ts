import type { Bus } from '@iec104mm2ss/bus';
import { numericGauge, type Registry } from '@iec104mm2ss/observability';

/** `mm2ss_storage_trouble`: which streams and buckets on the server this process cannot use. */
export function registerStorageMetric(registry: Registry, bus: Pick<Bus, 'storageTroubles'>): void {
  numericGauge(registry, 'mm2ss_storage_trouble', () =>
    bus.storageTroubles().map(({ store }) => ({ labels: { store }, value: 1 })),
  );
}
