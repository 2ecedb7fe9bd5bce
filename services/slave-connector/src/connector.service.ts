import { GroupLeases } from '@iec104mm2ss/bus';
import type { GroupConfig, LiveGroups } from '@iec104mm2ss/config';
import { type GroupContribution, GroupService, type Registry } from '@iec104mm2ss/observability';
import type { ControlAnswer, GroupRequest } from '@iec104mm2ss/wire';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { registerConnectorMetrics } from './connector-metrics.js';
import { connectorContribution } from './connector-status.js';
import { type ConnectorDependencies, GroupConnector } from './group-connector.js';

export const CONNECTOR_OPTIONS = Symbol('CONNECTOR_OPTIONS');

export interface ConnectorOptions extends ConnectorDependencies {
  readonly groups: LiveGroups;
  readonly registry: Registry;
}

/** The connectors of the groups whose lease this process has; it stands by for the others. */
@Injectable()
export class ConnectorService
  extends GroupService<GroupConnector>
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly leases: GroupLeases<GroupConnector>;

  constructor(@Inject(CONNECTOR_OPTIONS) private readonly options: ConnectorOptions) {
    super('connector', () => options.runtime.clock.now());
    const { bus, groups, logger } = options;
    this.leases = new GroupLeases<GroupConnector>(bus, 'connector', undefined, {
      begin: (group, lease) => {
        logger.info({ group, fence: lease.fence }, 'this connector serves the group');
        const connector = new GroupConnector(groups.get(group) as GroupConfig, options, lease);
        connector.start();
        return connector;
      },
      end: (group, connector, reason) => {
        logger.info({ group, reason }, 'this connector no longer serves the group');
        connector.stop();
      },
    });
    registerConnectorMetrics(options.registry, () => this.serving());
  }

  onApplicationBootstrap(): void {
    for (const { id } of this.options.groups.current) this.leases.want(id);
    this.started = true;
  }

  async onApplicationShutdown(): Promise<void> {
    // While the leases are still ours: what is owed to the RTU and the router goes out.
    for (const connector of this.serving()) connector.stop();
    await this.leases.release();
  }

  /** What an operator wants of a group's RTU link. Undefined when this process does not serve the group. */
  order(verb: 'restart' | 'next-host', { group, by }: Pick<GroupRequest, 'group' | 'by'>): ControlAnswer | undefined {
    const connector = this.leases.get(group);
    if (connector === undefined) return undefined;
    const { instance } = this.options.runtime;
    const { ok, message } = verb === 'restart' ? connector.restart() : connector.useNextHost();
    this.options.logger.info({ group, by, verb, ok }, message);
    return { v: 2, ok, instance, message };
  }

  serving(): readonly GroupConnector[] {
    return this.leases.all();
  }

  protected total({ counters }: GroupConnector): number {
    return counters.received;
  }

  protected contribution(connector: GroupConnector, perSecond: number | undefined): GroupContribution {
    return connectorContribution(connector, perSecond);
  }
}
