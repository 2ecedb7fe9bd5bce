import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Lease } from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import {
  type GroupContribution,
  GroupMetrics,
  type HealthSource,
  RateMeter,
  type Registry,
  type StatusSource,
} from '@iec104mm2ss/observability';
import { type ConnectorDependencies, GroupConnector } from './group-connector.js';

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
    this.registerMetrics(options.registry);
  }

  onApplicationBootstrap(): void {
    const { bus, groups, logger } = this.options;
    for (const group of groups) {
      const lease = bus.lease({
        key: `connector.${group.id}`,
        onAcquired: (fence) => {
          logger.info({ group: group.id, fence }, 'this connector serves the group');
          const connector = new GroupConnector(group, this.options);
          this.active.set(group.id, connector);
          // Not awaited: a log that cannot be written yet must not keep the process from starting.
          void connector.start();
        },
        onLost: (reason) => {
          logger.info({ group: group.id, reason }, 'this connector no longer serves the group');
          this.active.get(group.id)?.stop();
          this.active.delete(group.id);
        },
      });
      this.leases.push(lease);
    }
    this.started = true;
  }

  async onApplicationShutdown(): Promise<void> {
    for (const connector of this.connectors) connector.stop();
    await Promise.all(this.leases.map((lease) => lease.release()));
  }

  private get connectors(): readonly GroupConnector[] {
    return [...this.active.values()];
  }

  /** Closes the link to a group's RTU, which is then opened anew. False when this process does not serve the group. */
  restart(group: string): boolean {
    const connector = this.connectors.find(({ config }) => config.id === group);
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
      const { next, confirmed, full } = connector.logStatus();
      return {
        id,
        ack: connector.ack,
        rtu: connector.status(),
        log: { capacity: buffsize, next, confirmed, unconfirmed: Math.max(0, next - confirmed), full },
        rates: { fromRtuPerSecond: this.rates.get(id)!.update(connector.counters.received, now) },
        counters: {
          receivedFromRtu: connector.counters.received,
          commandsSent: connector.counters.commandsSent,
          commandsNotSent: connector.counters.commandsRefused,
          rtuLinkFailures: connector.counters.linkFailures,
          forcedAcknowledgements: connector.counters.forcedAcknowledgements,
          repeatedByRtu: connector.counters.repeated,
          logFull: connector.logStatus().fullTimes,
        },
      };
    });
  }

  private registerMetrics(registry: Registry): void {
    const metrics = new GroupMetrics(registry, () => this.connectors);
    metrics.gauge('mm2ss_rtu_up', 'The RTU is connected.', (connector) => (connector.isUp ? 1 : 0));
    metrics.gauge('mm2ss_rtu_started', 'Data transfer with the RTU is started.', (connector) =>
      connector.status().state === 'started' ? 1 : 0,
    );
    metrics.counter(
      'mm2ss_rtu_asdus_received_total',
      'ASDUs received from the RTU.',
      ({ counters }) => counters.received,
    );
    metrics.counter('mm2ss_rtu_connects_total', 'Connections made to the RTU.', ({ counters }) => counters.connects);
    metrics.counter(
      'mm2ss_rtu_link_failures_total',
      'Connections to the RTU that ended.',
      ({ counters }) => counters.linkFailures,
    );
    metrics.counter(
      'mm2ss_rtu_forced_acknowledgements_total',
      'ASDUs acknowledged to the RTU because t1 was near, before a master had acknowledged them.',
      ({ counters }) => counters.forcedAcknowledgements,
    );
    metrics.counter(
      'mm2ss_rtu_repeated_asdus_total',
      'ASDUs the RTU sent once more after its link broke, not appended again.',
      ({ counters }) => counters.repeated,
    );
    metrics.counter(
      'mm2ss_rtu_commands_sent_total',
      'Commands sent to the RTU.',
      ({ counters }) => counters.commandsSent,
    );
    metrics.counter(
      'mm2ss_rtu_commands_not_sent_total',
      'Commands given up before the RTU: expired, RTU not connected, too many waiting.',
      ({ counters }) => counters.commandsRefused,
    );
    metrics.gauge(
      'mm2ss_rtu_commands_waiting',
      'Commands waiting for the window of the RTU.',
      (connector) => connector.waitingCommands,
    );
    metrics.gauge(
      'mm2ss_log_capacity_asdus',
      'ASDUs the event log may hold unacknowledged (buffsize).',
      ({ config }) => config.buffsize,
    );
    metrics.gauge(
      'mm2ss_log_unconfirmed_asdus',
      'ASDUs in the event log that no master has acknowledged.',
      (connector) => Math.max(0, connector.logStatus().next - connector.logStatus().confirmed),
    );
    metrics.counter(
      'mm2ss_log_full_total',
      'How often the event log was full or could not be written.',
      (connector) => connector.logStatus().fullTimes,
    );
  }
}
