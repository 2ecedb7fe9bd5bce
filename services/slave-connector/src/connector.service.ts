import { GroupLeases } from '@iec104mm2ss/bus';
import { byId, type GroupConfig, type LiveGroups, partChanges } from '@iec104mm2ss/config';
import { type GroupContribution, GroupService, noPeer, type Registry, securityEvent } from '@iec104mm2ss/observability';
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
  /** The groups that this process may serve, by id. */
  private configs: ReadonlyMap<string, GroupConfig>;

  constructor(@Inject(CONNECTOR_OPTIONS) private readonly options: ConnectorOptions) {
    super('connector', () => options.runtime.clock.now());
    const { bus, groups, logger } = options;
    this.configs = byId(groups.current);
    this.leases = new GroupLeases<GroupConnector>(bus, 'connector', undefined, {
      begin: (group, lease) => {
        logger.info(noPeer({ group, fence: lease.fence }), 'this connector serves the group');
        const connector = new GroupConnector(this.configs.get(group) as GroupConfig, options, lease);
        connector.start();
        return connector;
      },
      end: (group, connector, reason) => {
        logger.info(noPeer({ group, reason }), 'this connector no longer serves the group');
        connector.stop();
      },
    });
    registerConnectorMetrics(
      options.registry,
      () => this.serving(),
      () => this.configs.values(),
    );
  }

  onApplicationBootstrap(): void {
    for (const id of this.configs.keys()) this.leases.want(id);
    this.started = true;
  }

  /** Serves `groups` from now on: those that are the same, or changed in what concerns no connector, notice nothing. */
  async apply(groups: readonly GroupConfig[]): Promise<void> {
    const { ended, begun, live } = partChanges('connector', [...this.configs.values()], groups);
    // A lease of a group that is gone may still come before it is given back.
    this.configs = new Map([...this.configs, ...byId(groups)]);
    for (const config of live) this.leases.get(config.id)?.reconfigure(config);
    await Promise.all(ended.map(({ id, why }) => this.giveBack(id, why)));
    this.configs = byId(groups);
    for (const { id } of begun) this.leases.want(id);
  }

  async onApplicationShutdown(): Promise<void> {
    // While the leases are still ours: what is owed to the RTU and the router goes out.
    await Promise.all(this.serving().map((connector) => connector.settle()));
    for (const connector of this.serving()) connector.stop();
    await this.leases.release();
  }

  /** What an operator wants of a group's RTU link. Undefined when this process does not serve the group. */
  order(verb: 'restart' | 'next-host', { group, by }: Pick<GroupRequest, 'group' | 'by'>): ControlAnswer | undefined {
    const connector = this.leases.get(group);
    if (connector === undefined) return undefined;
    const { instance } = this.options.runtime;
    const { ok, message } = verb === 'restart' ? connector.restart() : connector.useNextHost();
    securityEvent(this.options.logger, 'operator_verb', { group, by, verb, ok }, message);
    return { v: 2, ok, instance, message };
  }

  serving(): readonly GroupConnector[] {
    return this.leases.all();
  }

  private async giveBack(group: string, message: string): Promise<void> {
    // While the lease is still ours, as at the end of the process.
    const connector = this.leases.get(group);
    await connector?.settle();
    connector?.end(message);
    await this.leases.forget(group);
  }

  protected total({ counters }: GroupConnector): number {
    return counters.received;
  }

  protected contribution(connector: GroupConnector, perSecond: number | undefined): GroupContribution {
    return connectorContribution(connector, perSecond);
  }
}
