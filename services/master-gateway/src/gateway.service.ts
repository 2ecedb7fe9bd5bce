import type { LiveGroups } from '@iec104mm2ss/config';
import { type GroupContribution, GroupService, type Registry } from '@iec104mm2ss/observability';
import { RunWatch } from '@iec104mm2ss/runtime';
import type { ControlAnswer, DisconnectRequest } from '@iec104mm2ss/wire';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { registerGatewayMetrics } from './gateway-metrics.js';
import { gatewayContribution } from './gateway-status.js';
import { type GatewayDependencies, GroupGateway } from './group-gateway.js';

export const GATEWAY_OPTIONS = Symbol('GATEWAY_OPTIONS');

/** Members of this pool hold masters' connections. */
const GATEWAY_POOL = 'gateway';

export interface GatewayOptions extends GatewayDependencies {
  readonly groups: LiveGroups;
  readonly registry: Registry;
}

/** The masters' side of all groups in this process. */
@Injectable()
export class GatewayService
  extends GroupService<GroupGateway>
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly gateways: readonly GroupGateway[];
  private runs: RunWatch | undefined;

  constructor(@Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions) {
    super('gateway', () => options.runtime.clock.now());
    this.gateways = options.groups.current.map(
      (group) => new GroupGateway(group, options, () => this.runs?.waitedMs ?? 0),
    );
    registerGatewayMetrics(options.registry, this.gateways);
  }

  onApplicationBootstrap(): void {
    const { bus, runtime, logger } = this.options;
    this.runs = new RunWatch(runtime.clock, (heldUpMs) => {
      logger.warn({ heldUpMs }, 'this process did not run: commands that came meanwhile count from before');
    });
    bus.join(GATEWAY_POOL);
    bus.onConnection((connected) => {
      for (const gateway of this.gateways) gateway.connectionChanged(connected);
    });
    for (const gateway of this.gateways) gateway.start();
    this.started = true;
  }

  async onApplicationShutdown(): Promise<void> {
    // In one process everything ends now; elsewhere others go on, and the masters here are owed what was sent.
    if (this.options.bus.kind === 'nats') await Promise.all(this.gateways.map((gateway) => gateway.drain()));
    for (const gateway of this.gateways) gateway.stop();
    this.runs?.stop();
  }

  /** Ends one session, as an operator wants it. Undefined when this process has not got it. */
  disconnect({ group, session, by }: DisconnectRequest): ControlAnswer | undefined {
    const serving = this.serving().find(({ config }) => config.id === group);
    const peer = serving?.masters.disconnect(session, by);
    if (peer === undefined) return undefined;
    const { instance } = this.options.runtime;
    this.options.logger.info({ group, by, verb: 'disconnect', session, peer }, 'master disconnected by an operator');
    return { v: 2, ok: true, instance, message: `master ${peer}, session ${session}, is disconnected` };
  }

  serving(): readonly GroupGateway[] {
    return this.gateways;
  }

  protected total({ masters }: GroupGateway): number {
    return masters.delivered;
  }

  protected contribution(gateway: GroupGateway, perSecond: number | undefined): GroupContribution {
    return gatewayContribution(gateway, this.options.runtime.instance, perSecond);
  }
}
