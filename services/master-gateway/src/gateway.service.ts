import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { rtuStatus } from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import {
  type GroupContribution,
  GroupMetrics,
  type HealthSource,
  type MasterStatus,
  RateMeter,
  type Registry,
  type StatusSource,
} from '@iec104mm2ss/observability';
import { type GatewayDependencies, GroupGateway } from './group-gateway.js';
import type { MasterSession } from './master-session.js';

export const GATEWAY_OPTIONS = Symbol('GATEWAY_OPTIONS');

/** Members of this pool hold masters' connections. */
const GATEWAY_POOL = 'gateway';
/** How often commands without an answer are looked through. */
const TICK_MS = 250;

export interface GatewayOptions extends GatewayDependencies {
  readonly groups: readonly GroupConfig[];
  readonly registry: Registry;
}

/** The masters' side of all groups in this process. */
@Injectable()
export class GatewayService implements OnApplicationBootstrap, OnApplicationShutdown, StatusSource, HealthSource {
  readonly name = 'gateway';
  private readonly gateways: readonly GroupGateway[];
  private readonly rates = new Map<string, RateMeter>();
  private started = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions) {
    this.gateways = options.groups.map((group) => new GroupGateway(group, options));
    for (const { id } of options.groups) this.rates.set(id, new RateMeter());
    this.registerMetrics(options.registry);
  }

  onApplicationBootstrap(): void {
    const { bus } = this.options;
    bus.join(GATEWAY_POOL);
    bus.onConnection((connected) => {
      for (const gateway of this.gateways) gateway.connectionChanged(connected);
    });
    for (const gateway of this.gateways) gateway.start();
    this.timer = setInterval(() => {
      for (const gateway of this.gateways) gateway.tick();
    }, TICK_MS);
    this.started = true;
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    // In one process everything ends now; elsewhere others go on, and the masters here are owed what was sent.
    if (this.options.bus.kind === 'nats') await Promise.all(this.gateways.map((gateway) => gateway.drain()));
    for (const gateway of this.gateways) gateway.stop();
  }

  live() {
    return { ok: true };
  }

  ready() {
    return this.started ? { ok: true } : { ok: false, reason: 'not started yet' };
  }

  groups(): GroupContribution[] {
    const now = this.options.scheduler.now();
    return this.gateways.map((gateway) => {
      const { id } = gateway.config;
      const { listening } = gateway;
      return {
        id,
        ...(gateway.rtu === undefined ? {} : { rtu: rtuStatus(gateway.rtu) }),
        listener: { open: listening !== undefined, addresses: listening === undefined ? [] : [listening] },
        masters: [...gateway.sessions.values()].map((session) => ({
          session: String(session.id),
          peer: session.peer,
          gateway: this.options.instance,
          state: stateOf(session),
          queue: session.queued + session.connection.link.outstanding,
          queueLimit: session.queueLimit,
          sent: session.connection.link.sent,
          acknowledged: session.connection.link.acknowledged,
          commands: session.commands,
        })),
        rates: { toMastersPerSecond: this.rates.get(id)!.update(gateway.delivered, now) },
        counters: {
          deliveredToMasters: gateway.delivered,
          mastersAccepted: gateway.counters.accepted,
          mastersDisconnected: Object.values(gateway.counters.closed).reduce((sum, count) => sum + count, 0),
        },
      };
    });
  }

  private registerMetrics(registry: Registry): void {
    const metrics = new GroupMetrics(registry, () => this.gateways);
    metrics.counter('mm2ss_master_asdus_sent_total', 'ASDUs sent to masters.', (gateway) => gateway.delivered);
    metrics.counter(
      'mm2ss_master_connections_total',
      'Connections of masters accepted.',
      ({ counters }) => counters.accepted,
    );
    metrics.gauge('mm2ss_listener_open', 'The port for masters is open in this process.', ({ listening }) =>
      listening === undefined ? 0 : 1,
    );
    metrics.gauge('mm2ss_master_queue_asdus', 'Longest queue of a master.', ({ sessions }) =>
      Math.max(0, ...[...sessions.values()].map((session) => session.queued)),
    );
    metrics.counterBy(
      'reason',
      'mm2ss_master_disconnects_total',
      'Connections of masters that ended, by reason.',
      ({ counters }) => Object.entries(counters.closed),
    );
  }
}

function stateOf(session: MasterSession): MasterStatus['state'] {
  const { state } = session;
  return state === 'started' || state === 'stopping' ? state : state === 'closed' ? 'closing' : 'stopped';
}
