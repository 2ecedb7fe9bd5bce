import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Lease } from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import {
  type GroupContribution,
  type HealthSource,
  RateMeter,
  type Registry,
  type StatusSource,
} from '@iec104mm2ss/observability';
import { registerConnectorMetrics } from './connector-metrics.js';
import { type ConnectorDependencies, type ConnectorLease, GroupConnector } from './group-connector.js';

export const CONNECTOR_OPTIONS = Symbol('CONNECTOR_OPTIONS');

export interface ConnectorOptions extends ConnectorDependencies {
  readonly groups: readonly GroupConfig[];
  readonly registry: Registry;
}

/** The connectors of all groups this process serves. */
@Injectable()
export class ConnectorService implements OnApplicationBootstrap, OnApplicationShutdown, StatusSource, HealthSource {
  readonly name = 'connector';
  /** Connectors of the groups whose lease this process holds; a second process stands by for the lease. */
  private readonly active = new Map<string, GroupConnector>();
  private readonly leases: Lease[] = [];
  private readonly rates = new Map<string, RateMeter>();
  private started = false;

  constructor(@Inject(CONNECTOR_OPTIONS) private readonly options: ConnectorOptions) {
    for (const { id } of options.groups) this.rates.set(id, new RateMeter());
    registerConnectorMetrics(options.registry, () => this.connectors);
  }

  onApplicationBootstrap(): void {
    for (const group of this.options.groups) this.leases.push(this.contend(group));
    this.started = true;
  }

  async onApplicationShutdown(): Promise<void> {
    for (const connector of this.connectors) connector.stop();
    await Promise.all(this.leases.map((lease) => lease.release()));
  }

  /** Wants the lease of a group, and serves it for as long as this process has it. */
  private contend(group: GroupConfig): Lease {
    const { bus, logger } = this.options;
    let onCertain: () => void = () => undefined;
    // It may be ours before `lease` has returned.
    let lease: Lease | undefined = undefined;
    const held = (fence: number): ConnectorLease => ({
      fence,
      get certain() {
        return lease === undefined || (lease.fence === fence && lease.certain);
      },
      onCertain: (listener) => {
        onCertain = listener;
      },
    });
    lease = bus.lease({
      key: `connector.${group.id}`,
      onAcquired: (fence) => {
        logger.info({ group: group.id, fence }, 'this connector serves the group');
        const connector = new GroupConnector(group, this.options, held(fence));
        this.active.set(group.id, connector);
        connector.start();
      },
      onLost: (reason) => {
        logger.info({ group: group.id, reason }, 'this connector no longer serves the group');
        this.active.get(group.id)?.stop();
        this.active.delete(group.id);
      },
    });
    lease.onCertain(() => onCertain());
    return lease;
  }

  private get connectors(): readonly GroupConnector[] {
    return [...this.active.values()];
  }

  /** Closes the link to a group's RTU, which is then opened anew. False when this process does not serve the group. */
  restart(group: string): boolean {
    const connector = this.active.get(group);
    connector?.restart();
    return connector !== undefined;
  }

  live() {
    return { ok: true };
  }

  ready() {
    return this.started ? { ok: true } : { ok: false, reason: 'not started yet' };
  }

  groups(): GroupContribution[] {
    const now = this.options.scheduler.now();
    return this.connectors.map((connector) => {
      const { id, buffsize } = connector.config;
      const { counters } = connector;
      const { next, confirmed, unconfirmed, full, fullTimes } = connector.logStatus();
      return {
        id,
        ack: connector.ack,
        rtu: connector.status(),
        log: {
          capacity: buffsize,
          full,
          // What is not known is left out.
          ...(next === undefined ? {} : { next }),
          ...(confirmed === undefined ? {} : { confirmed }),
          ...(unconfirmed === undefined ? {} : { unconfirmed }),
        },
        rates: { fromRtuPerSecond: this.rates.get(id)!.update(counters.received, now) },
        counters: {
          receivedFromRtu: counters.received,
          commandsSent: counters.commandsSent,
          commandsNotSent: counters.commandsRefused,
          commandsWithdrawn: counters.commandsWithdrawn,
          rtuLinkFailures: counters.linkFailures,
          rtuPathResets: counters.pathResets,
          forcedAcknowledgements: counters.forcedAcknowledgements,
          repeatedByRtu: counters.repeated,
          lostByLog: counters.lostByLog,
          logFull: fullTimes,
        },
      };
    });
  }
}
