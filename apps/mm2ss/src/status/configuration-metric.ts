import type { LiveGroups } from '@iec104mm2ss/config';
import { numericGauge, type Registry } from '@iec104mm2ss/observability';

/** Processes whose digests differ work with different files. */
export function registerConfigurationMetric(registry: Registry, groups: Pick<LiveGroups, 'source'>): void {
  numericGauge(
    registry,
    {
      name: 'mm2ss_config_info',
      help: 'Always 1; the label says which configuration file is in force: the first digits of its SHA-256.',
      labelNames: ['digest'] as const,
    },
    () => (groups.source === undefined ? [] : [{ labels: { digest: groups.source.digest }, value: 1 }]),
  );
}
