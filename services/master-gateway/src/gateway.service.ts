import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { GroupConfig } from '@iec104mm2ss/config';
import {
  type GroupContribution,
  type HealthSource,
  RateMeter,
  type Registry,
  type StatusSource,
} from '@iec104mm2ss/observability';
import { registerMetrics } from './gateway.metrics.js';
import { statusOf } from './gateway.status.js';
import { type GatewayDependencies, GroupGateway } from './group-gateway.js';

export const GATEWAY_OPTIONS = Symbol('GATEWAY_OPTIONS');

/** Members of this pool hold masters' connections. */
const GATEWAY_POOL = 'gateway';

export interface GatewayOptions extends GatewayDependencies {
  readonly groups: readonly GroupConfig[];
  readonly registry: Registry;
}

/** The masters' side of all groups in this process. */
@Injectable()
export class GatewayService implements OnApplicationBootstrap, OnApplicationShutdown, StatusSource, HealthSource {
  readonly name = 'gateway';
  private readonly gateways: readonly { readonly gateway: GroupGateway; readonly rate: RateMeter }[];
  private started = false;

  constructor(@Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions) {
    const gateways = options.groups.map((group) => new GroupGateway(group, options));
    this.gateways = gateways.map((gateway) => ({ gateway, rate: new RateMeter() }));
    registerMetrics(options.registry, gateways);
  }

  onApplicationBootstrap(): void {
    const { bus } = this.options;
    bus.join(GATEWAY_POOL);
    bus.onConnection((connected) => {
      for (const { gateway } of this.gateways) gateway.connectionChanged(connected);
    });
    for (const { gateway } of this.gateways) gateway.start();
    this.started = true;
  }

  async onApplicationShutdown(): Promise<void> {
    // In one process everything ends now; elsewhere others go on, and the masters here are owed what was sent.
    if (this.options.bus.kind === 'nats') await Promise.all(this.gateways.map(({ gateway }) => gateway.drain()));
    for (const { gateway } of this.gateways) gateway.stop();
  }

  live() {
    return { ok: true };
  }

  ready() {
    return this.started ? { ok: true } : { ok: false, reason: 'not started yet' };
  }

  groups(): GroupContribution[] {
    const { scheduler, runtime } = this.options;
    const now = scheduler.now();
    return this.gateways.map(({ gateway, rate }) =>
      statusOf(gateway, runtime.instance, rate.update(gateway.masters.delivered, now)),
    );
  }
}
