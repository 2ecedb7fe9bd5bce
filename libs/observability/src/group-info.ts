import type { GroupPart } from './group-metrics.js';
import { numericGauge } from './numeric-metric.js';
import type { Registry } from './registry.js';

/** What of a row of the configuration file is shown from the start, whoever serves it; `GroupConfig` of libs/config is one. */
export interface DescribedGroup {
  readonly id: string;
  readonly name: string;
  readonly port: number;
  readonly rtuNumber: number;
  readonly buffsize: number;
  readonly maxConnections: number;
  readonly commandRate: number;
}

/** What a group may have at most. The queue of a master is known to a gateway only. */
export type GroupLimit = 'log_asdus' | 'connections' | 'commands_per_second' | 'master_queue_asdus';

/** `mm2ss_group_info` and `mm2ss_group_limit` of all groups of the file. @param further limits that only this part knows */
export function registerGroupInfo<Group extends DescribedGroup>(
  registry: Registry,
  groups: () => Iterable<Group>,
  further: (group: Group) => Partial<Record<GroupLimit, number>> = () => ({}),
): void {
  numericGauge(registry, 'mm2ss_group_info', () =>
    Array.from(groups(), ({ id, name, port, rtuNumber }) => ({
      labels: { group: id, name, port: String(port), rtu: String(rtuNumber) },
      value: 1,
    })),
  );
  numericGauge(registry, 'mm2ss_group_limit', () =>
    [...groups()].flatMap((group) => {
      const { id, name, buffsize, maxConnections, commandRate } = group;
      const limits: Partial<Record<GroupLimit, number>> = {
        log_asdus: buffsize,
        connections: maxConnections,
        commands_per_second: commandRate,
        ...further(group),
      };
      return Object.entries(limits).map(([limit, value]) => ({ labels: { group: id, name, limit }, value }));
    }),
  );
}

/** Which of the groups that this process may serve in one role it does serve: those whose lease it has. */
export function registerGroupOwner(
  registry: Registry,
  role: 'connector' | 'router',
  groups: () => Iterable<GroupPart['config']>,
  serving: () => readonly GroupPart[],
): void {
  numericGauge(registry, 'mm2ss_group_owner', () => {
    const served = new Set(serving().map(({ config }) => config.id));
    return Array.from(groups(), ({ id, name }) => ({
      labels: { group: id, name, role },
      value: served.has(id) ? 1 : 0,
    }));
  });
}
