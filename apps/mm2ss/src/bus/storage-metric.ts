import type { Bus } from '@iec104mm2ss/bus';
import { numericGauge, type Registry } from '@iec104mm2ss/observability';

/** `mm2ss_storage_trouble`: which streams and buckets on the server this process cannot use. */
export function registerStorageMetric(registry: Registry, bus: Pick<Bus, 'storageTroubles'>): void {
  numericGauge(
    registry,
    {
      name: 'mm2ss_storage_trouble',
      help: '1 for each stream or bucket on the server that this process uses and could not read or write when it last tried.',
      labelNames: ['store'] as const,
    },
    () => bus.storageTroubles().map(({ store }) => ({ labels: { store }, value: 1 })),
  );
}
