import { type Bus, BrokerBus, controlSubject, MemoryBus, receive, type Subscription } from '@iec104mm2ss/bus';
import { type GroupConfig, LiveGroups } from '@iec104mm2ss/config';
import { GatewayService } from '@iec104mm2ss/master-gateway';
import { createRegistry, type Logger } from '@iec104mm2ss/observability';
import { RouterService } from '@iec104mm2ss/router';
import { ConnectorService } from '@iec104mm2ss/slave-connector';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { decodeAdmissionRequest, encodeAdmissionAnswer, type ObserveRequest } from '@iec104mm2ss/wire';
import type { Cluster } from '../broker/cluster.ts';
import { SimBroker } from '../broker/sim-broker.ts';
import type { Part, ProcessPlan } from '../scenario/scenario.ts';
import type { SimProcess } from '../world/sim-process.ts';

/** How long a silent part disturbs nobody. */
export const HOLD_MS = 10_000;

interface Service {
  apply(groups: readonly GroupConfig[]): Promise<void>;
  onApplicationBootstrap(): void | Promise<void>;
  onApplicationShutdown(): void | Promise<void>;
}

export interface ProductWorld {
  /** Undefined: one process without servers. */
  readonly cluster: Cluster | undefined;
  readonly groups: readonly GroupConfig[];
  readonly logger: (process: SimProcess) => Logger;
  /** Called when the bus is there. */
  readonly onBus: (bus: Bus) => void;
}

/** One run of a process of the product, wired as apps/mm2ss wires it, without NestJS and without HTTP. */
export class ProductProcess {
  readonly services: Service[] = [];
  bus: Bus | undefined;
  broker: SimBroker | undefined;
  /** Everything was stopped, in order. */
  stopped = false;
  private stopping = false;
  /** What it has read last. */
  private groups: readonly GroupConfig[];
  private applying: Promise<void> = Promise.resolve();
  private control: Subscription | undefined;

  constructor(
    readonly plan: ProcessPlan,
    readonly process: SimProcess,
    private readonly world: ProductWorld,
  ) {
    this.groups = world.groups;
  }

  start(): void {
    this.process.start(() => void this.run());
  }

  /** As SIGTERM. */
  stop(): void {
    this.process.start(() => void this.shutDown());
  }

  /** The file has changed: it finds out. */
  apply(groups: readonly GroupConfig[]): void {
    this.process.start(() => {
      this.applying = this.applying.then(() => this.applyNow(groups));
    });
  }

  /** What apps/mm2ss does with the control verb `observe`; `done` is called in the process that owns the group. */
  observe(request: ObserveRequest, done: (ok: boolean) => void): void {
    this.process.start(() => {
      for (const service of this.services) {
        if (!(service instanceof RouterService)) continue;
        void service.observe(request).then((answer) => {
          if (answer !== undefined) done(answer.ok);
        });
      }
    });
  }

  /** In the order of apps/mm2ss: the RTU is let go first, then the masters, then what is between. */
  private async applyNow(groups: readonly GroupConfig[]): Promise<void> {
    const gone = this.groups.filter(({ id }) => !groups.some((group) => group.id === id));
    this.groups = groups;
    if (this.stopping) return;
    const kinds = [ConnectorService, GatewayService, RouterService];
    for (const kind of kinds)
      for (const service of this.services)
        if (service instanceof kind) await service.apply(this.groupsOf(service instanceof ConnectorService));
    for (const { id } of gone) this.bus?.forgetGroup(id);
  }

  private groupsOf(connector: boolean): readonly GroupConfig[] {
    return connector ? this.groups.filter(({ id }) => this.plan.groups.includes(id)) : this.groups;
  }

  private async run(): Promise<void> {
    const { process, world, plan } = this;
    const { runtime } = process;
    if (world.cluster === undefined) this.bus = new MemoryBus({ clock: process, instance: runtime.instance });
    else {
      this.broker = await SimBroker.connect(process, world.cluster);
      const { servers, trimMs } = world.cluster.options;
      this.bus = new BrokerBus(this.broker, { runtime, replicas: servers, trimMs });
    }
    if (this.stopping) return;
    const { bus } = this;
    const logger = world.logger(process);
    bus.onTrouble((reason) => logger.warn({ reason }, 'bus'));
    bus.onConnection((connected) => logger.warn({}, connected ? 'bus connected again' : 'bus connection lost'));
    bus.drops.onDrop(({ kind, reason }, detail) => logger.debug({ kind, reason, detail }, 'message dropped'));
    world.onBus(bus);
    const registry = createRegistry({ processMetrics: false });
    const shared = { bus, scheduler: new DeadlineScheduler(process), logger, registry, runtime };
    const groups = (part: Part): LiveGroups => new LiveGroups(this.groupsOf(part === 'connector'));
    if (plan.parts.includes('router')) {
      const router = new RouterService({ ...shared, groups: groups('router') });
      this.control = answerAdmissions(bus, router);
      this.services.push(router);
    }
    if (plan.parts.includes('gateway')) {
      const gateway = new GatewayService({ ...shared, groups: groups('gateway'), listen: undefined, holdMs: HOLD_MS });
      this.services.push(gateway);
    }
    if (plan.parts.includes('connector')) {
      this.services.push(new ConnectorService({ ...shared, groups: groups('connector') }));
    }
    for (const service of this.services) await service.onApplicationBootstrap();
  }

  private async shutDown(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    const gateways = this.services.filter((service) => service instanceof GatewayService);
    for (const service of gateways) await service.onApplicationShutdown();
    for (const service of this.services)
      if (!gateways.includes(service as GatewayService)) await service.onApplicationShutdown();
    this.control?.unsubscribe();
    await this.bus?.close();
    this.stopped = true;
  }
}

/** What apps/mm2ss does with the control verb `admit`. */
function answerAdmissions(bus: Bus, router: RouterService): Subscription {
  return receive(bus, controlSubject('admit'), decodeAdmissionRequest, (request, message) => {
    void (async () => {
      const answer = await router.admit(request);
      if (answer !== undefined) message.respond(encodeAdmissionAnswer(answer));
    })();
  });
}
