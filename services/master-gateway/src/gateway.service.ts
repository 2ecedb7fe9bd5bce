import { DEFAULT_LIMITS, type GroupConfig, type LiveGroups, partChanges } from '@iec104mm2ss/config';
import { type GroupContribution, GroupService, type Registry, securityEvent } from '@iec104mm2ss/observability';
import { RunWatch } from '@iec104mm2ss/runtime';
import { DEFAULT_HANDSHAKES, HandshakeRoom } from '@iec104mm2ss/tls';
import type { ControlAnswer, DisconnectRequest } from '@iec104mm2ss/wire';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ConnectionLimits } from './connection-limits.js';
import { drainOneByOne } from './drain.js';
import { registerGatewayMetrics } from './gateway-metrics.js';
import { gatewayContribution } from './gateway-status.js';
import { type GatewayDependencies, GroupGateway } from './group-gateway.js';

export const GATEWAY_OPTIONS = Symbol('GATEWAY_OPTIONS');

/** Members of this pool hold masters' connections. */
const GATEWAY_POOL = 'gateway';

export interface GatewayOptions extends GatewayDependencies {
  readonly groups: LiveGroups;
  readonly registry: Registry;
  /** Over how long the masters are disconnected when the process ends; default: all at once. */
  readonly drainMs?: number;
}

/** The masters' side of all groups in this process. */
@Injectable()
export class GatewayService
  extends GroupService<GroupGateway>
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  /** By group, in the order of the file. */
  private gateways: ReadonlyMap<string, GroupGateway>;
  private runs: RunWatch | undefined;
  private readonly connections: ConnectionLimits;
  /** For the handshakes of all groups. */
  private readonly handshakes: HandshakeRoom;

  constructor(@Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions) {
    super('gateway', () => options.runtime.clock.now());
    const { runtime, tls, limits = DEFAULT_LIMITS } = options;
    this.connections = new ConnectionLimits(limits, runtime.clock);
    this.handshakes = new HandshakeRoom(tls?.handshakes ?? DEFAULT_HANDSHAKES);
    this.gateways = new Map(options.groups.current.map((group) => [group.id, this.make(group)]));
    registerGatewayMetrics(options.registry, () => this.serving(), this.connections, runtime.clock);
  }

  onApplicationBootstrap(): void {
    const { bus, runtime, logger } = this.options;
    this.runs = new RunWatch(runtime.clock, (heldUpMs) => {
      logger.warn({ heldUpMs }, 'this process did not run: commands that came meanwhile count from before');
    });
    bus.join(GATEWAY_POOL);
    bus.onConnection((connected) => {
      for (const gateway of this.gateways.values()) gateway.connectionChanged(connected);
    });
    for (const gateway of this.gateways.values()) gateway.start();
    this.started = true;
  }

  /**
   * Serves `groups` from now on: those that are the same, or changed in what concerns no gateway, notice nothing. Masters of the
   * others get what is queued for them, and are disconnected.
   */
  async apply(groups: readonly GroupConfig[]): Promise<void> {
    const before = this.serving().map(({ config }) => config);
    const { ended, begun: rows, live } = partChanges('gateway', before, groups);
    for (const config of live) this.gateways.get(config.id)?.reconfigure(config);
    await Promise.all(ended.map(({ id, why }) => this.end(id, why)));
    const begun = new Map(rows.map((group) => [group.id, this.make(group)]));
    // In the order of the file; ports that moved from one group to another are free by now.
    this.gateways = new Map(
      groups.map(({ id }) => [id, begun.get(id) ?? (this.gateways.get(id) as GroupGateway)] as const),
    );
    for (const gateway of begun.values()) {
      gateway.start();
      // The port may be another one than that which could not be had.
      gateway.sayMayListen();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    // In one process everything ends now; elsewhere others go on, and the masters here are owed what was sent.
    if (this.options.bus.kind === 'nats') await this.drain();
    for (const gateway of this.gateways.values()) gateway.stop();
    // The end may be asked for twice: before the other parts, and by Nest.
    this.gateways = new Map();
    this.runs?.stop();
  }

  private async drain(): Promise<void> {
    const { drainMs = 0, runtime, logger } = this.options;
    const gateways = this.serving();
    for (const gateway of gateways) gateway.closeDoors();
    const sessions = gateways.flatMap((gateway) => [...gateway.sessions.values()]);
    if (drainMs > 0 && sessions.length > 0) {
      logger.info({ count: sessions.length, drainMs }, 'masters are disconnected one after the other');
      await drainOneByOne(sessions, runtime, drainMs);
    }
    await Promise.all(gateways.map((gateway) => gateway.drain()));
  }

  /** Ends one session, as an operator wants it. Undefined when this process has not got it. */
  disconnect({ group, session, by }: DisconnectRequest): ControlAnswer | undefined {
    const serving = this.serving().find(({ config }) => config.id === group);
    const peer = serving?.masters.disconnect(session, by);
    if (peer === undefined) return undefined;
    const { instance } = this.options.runtime;
    const fields = { group, by, verb: 'disconnect', session, peer };
    securityEvent(this.options.logger, 'operator_verb', fields, 'master disconnected by an operator');
    return { v: 2, ok: true, instance, message: `master ${peer}, session ${session}, is disconnected` };
  }

  serving(): readonly GroupGateway[] {
    return [...this.gateways.values()];
  }

  private make(group: GroupConfig): GroupGateway {
    const dependencies = { ...this.options, handshakes: this.handshakes };
    return new GroupGateway(group, dependencies, () => this.runs?.waitedMs ?? 0, this.connections);
  }

  private async end(group: string, message: string): Promise<void> {
    const gateway = this.gateways.get(group);
    await gateway?.drain();
    gateway?.stop('configuration', message);
  }

  protected total({ masters }: GroupGateway): number {
    return masters.delivered;
  }

  protected contribution(gateway: GroupGateway, perSecond: number | undefined): GroupContribution {
    return gatewayContribution(gateway, this.options.runtime.instance, perSecond);
  }
}
