import { GroupLeases, GroupSubjects, type HeldLease, leaseKey } from '@iec104mm2ss/bus';
import { byId, type EndedGroup, type GroupConfig, type LiveGroups, partChanges } from '@iec104mm2ss/config';
import { type GroupContribution, GroupService, noPeer, type Registry } from '@iec104mm2ss/observability';
import { every, type Stoppable, Timers } from '@iec104mm2ss/runtime';
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  type ControlAnswer,
  type ObserveRequest,
  OWNER_PERIOD_MS,
  refusalAnswer,
} from '@iec104mm2ss/wire';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Ownership, RouterDependencies } from './group-parts.js';
import { GroupRouter } from './group-router.js';
import { registerRouterMetrics } from './router-metrics.js';
import { routerContribution } from './router-status.js';
import { type Legacy, StateStore } from './state-store.js';
import { StateSaves } from './state-saves.js';
import { takeOver } from './takeover.js';

export const ROUTER_OPTIONS = Symbol('ROUTER_OPTIONS');

export interface RouterOptions extends RouterDependencies {
  readonly groups: LiveGroups;
  readonly registry: Registry;
}

/** How often sessions and commands are looked through for those that have waited too long, and state is saved. */
const TICK_MS = 200;
/** At each of these times some of the groups are stated, so that hundreds are not stated all at once. */
const TURNS = OWNER_PERIOD_MS / TICK_MS;
/** States saved at each of these times, at most: 100 a second. */
const SAVES_PER_TICK = 20;
/** Pause before a takeover that failed is tried again. */
const TAKEOVER_RETRY_MS = 5_000;
/** Pause before a lease entry that could not be read is read again. */
const LEASE_RETRY_MS = 500;
/** Answer to an operator while nobody has the group for certain. */
const TAKEN_OVER = { ok: false, message: 'the group is being taken over' } as const;
const ROUTER_POOL = 'router';
const GATEWAY_POOL = 'gateway';

/** A group whose lease this process has. */
interface Owned {
  readonly lease: HeldLease;
  /** Its row of the file. */
  config: GroupConfig;
  readonly timers: Timers;
  /** When it is stated: at each tick whose number, modulo TURNS, is this. */
  readonly turn: number;
  /** Undefined until what an earlier owner left was read. */
  router: GroupRouter | undefined;
  /** The bus was away, and the lease entry has not been read since: another process may have the lease. */
  cutOff: boolean;
  /** Counts how often the connection came or went. */
  connections: number;
}

/** The routers of all groups this process owns; with several processes, each group has one owner. */
@Injectable()
export class RouterService extends GroupService<GroupRouter> implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly leases: GroupLeases<Owned>;
  private readonly saves = new StateSaves(SAVES_PER_TICK);
  private timers: Stoppable[] = [];
  /** Of the tick that was last, and of the group that was taken over last. */
  private turn = 0;
  private turnGiven = 0;
  /** The groups of the file, by id. */
  private configs: ReadonlyMap<string, GroupConfig>;

  constructor(@Inject(ROUTER_OPTIONS) private readonly options: RouterOptions) {
    super('router', () => options.runtime.clock.now());
    this.configs = byId(options.groups.current);
    this.leases = new GroupLeases<Owned>(options.bus, 'router', ROUTER_POOL, {
      begin: (group, lease) => this.own(this.configs.get(group) as GroupConfig, lease),
      end: (group, owned, reason) => this.disown(group, owned, reason),
    });
    registerRouterMetrics(
      options.registry,
      () => this.serving(),
      () => this.configs.values(),
    );
  }

  onApplicationBootstrap(): void {
    const { bus, runtime } = this.options;
    bus.onMemberGone(GATEWAY_POOL, (instance) => {
      for (const router of this.serving()) router.gatewayGone(instance);
    });
    bus.onConnection((connected) => {
      for (const id of this.configs.keys()) {
        const owned = this.leases.get(id);
        if (owned === undefined) continue;
        owned.cutOff = true;
        owned.connections++;
        if (connected) void this.reconnected(id, owned);
        else owned.router?.cutOff();
      }
    });
    this.timers = [
      every(runtime.clock, TICK_MS, () => {
        const now = runtime.clock.now();
        const serving = this.serving();
        for (const router of serving) router.tick(now);
        this.saves.tick(serving);
        this.turn = (this.turn + 1) % TURNS;
        for (const { turn, router } of this.leases.all()) if (turn === this.turn) router?.announce();
      }),
    ];
    for (const id of this.configs.keys()) this.leases.want(id);
    this.started = true;
  }

  /**
   * Serves `groups` from now on: those that are the same notice nothing. Of changed ones, what a router cannot take while it
   * serves makes it begin anew, as another process would that takes the group over: the sessions stay.
   */
  async apply(groups: readonly GroupConfig[]): Promise<void> {
    const before = [...this.configs.values()];
    const { ended, begun, live } = partChanges('router', before, groups);
    // A lease of a group that is gone may still come before it is given back.
    this.configs = new Map([...this.configs, ...byId(groups)]);
    for (const config of live) {
      const owned = this.leases.get(config.id);
      if (owned === undefined) continue;
      owned.config = config;
      owned.router?.reconfigure(config);
    }
    const withConnector = partChanges('connector', before, groups).ended;
    await Promise.all(withConnector.map(async ({ id, why }) => this.leases.get(id)?.router?.conclude(why)));
    await Promise.all(ended.map((group) => this.giveBack(group)));
    this.configs = byId(groups);
    for (const { id } of begun) this.leases.want(id);
  }

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) timer.stop();
    this.timers = [];
    // Elsewhere others go on with what the connector still knows.
    if (this.options.bus.kind === 'memory') {
      await Promise.all(this.serving().map((router) => router.conclude('the multiplexer stops')));
    }
    const saved = this.options.bus.connected ? this.serving().filter(({ isOpen }) => isOpen) : [];
    await Promise.allSettled(saved.map((router) => router.save()));
    await this.leases.release();
  }

  /** Undefined when another process owns the group. */
  admit(request: AdmissionRequest): Promise<AdmissionAnswer> | undefined {
    const owned = this.leases.get(request.group);
    if (owned === undefined) return undefined;
    if (owned.router !== undefined) return owned.router.admit(request);
    return Promise.resolve(refusalAnswer('not_ready', 'the group is being taken over'));
  }

  /** `observe`: undefined when another process owns the group. */
  async observe({ group, on, by }: ObserveRequest): Promise<ControlAnswer | undefined> {
    const owned = this.leases.get(group);
    if (owned === undefined) return undefined;
    const { ok, message } = (await owned.router?.orderObserve(on, by)) ?? TAKEN_OVER;
    this.options.logger.info({ group, by, verb: 'observe', on, ok }, message);
    return { v: 2, ok, instance: this.options.runtime.instance, message };
  }

  serving(): readonly GroupRouter[] {
    return this.leases.all().flatMap(({ router }) => router ?? []);
  }

  protected total({ parts }: GroupRouter): number {
    return parts.commands.counters.commands;
  }

  protected contribution(router: GroupRouter, perSecond: number | undefined): GroupContribution {
    return routerContribution(router, this.options.runtime.instance, perSecond);
  }

  private own(group: GroupConfig, lease: HeldLease): Owned {
    const timers = new Timers(this.options.runtime.clock);
    const turn = (this.turnGiven = (this.turnGiven + 1) % TURNS);
    const owned: Owned = { lease, config: group, timers, turn, router: undefined, cutOff: false, connections: 0 };
    // Begins when this is known to be ours.
    this.options.runtime.clock.endOfTurn(() => void this.takeOver(owned));
    return owned;
  }

  /** What fails is tried again: another process would fail as well. */
  private async takeOver(owned: Owned): Promise<void> {
    const { bus, runtime } = this.options;
    const { clock } = runtime;
    const { timers, lease } = owned;
    const { id, buffsize } = owned.config;
    const { fence } = lease;
    const stillOurs = (): boolean => this.leases.get(id) === owned;
    const certain = (): boolean => stillOurs() && !owned.cutOff && lease.certain;
    const ownership: Ownership = { fence, certain };
    const logger = this.options.logger.child({ group: id });
    const subjects = new GroupSubjects(id);
    const log = bus.eventLog(id, { capacity: buffsize });
    const store = new StateStore({ bus, subjects, log, logger, clock });
    const load = (): Promise<Legacy> => store.load();
    const begin = (legacy: Legacy): GroupRouter => {
      const router = new GroupRouter(owned.config, this.options, ownership, store, legacy);
      owned.router = router;
      router.start();
      return router;
    };
    while (stillOurs()) {
      try {
        await takeOver({ bus, subjects, logger, clock, timers, fence, stillOurs, load, begin });
        return;
      } catch (error) {
        logger.error(noPeer({ reason: (error as Error).message }), 'the group could not be taken over: trying again');
        owned.router?.stop();
        owned.router = undefined;
        await timers.pause(TAKEOVER_RETRY_MS);
      }
    }
  }

  /** The bus is back: is the group still ours? What the others said meanwhile may be lost: they state it again. */
  private async reconnected(group: string, owned: Owned): Promise<void> {
    const { bus } = this.options;
    const { connections } = owned;
    while (this.leases.get(group) === owned && owned.connections === connections) {
      try {
        const { fence } = await bus.leaseEntry(leaseKey('router', group));
        // Else it is lost, and the lease says so.
        if (fence !== owned.lease.fence || owned.connections !== connections) return;
        owned.cutOff = false;
        owned.router?.reconnected();
        return;
      } catch {
        await owned.timers.pause(LEASE_RETRY_MS);
      }
    }
  }

  private async giveBack({ id: group, removed }: EndedGroup): Promise<void> {
    const { bus, logger } = this.options;
    const router = this.leases.get(group)?.router;
    // While the lease is still ours, as at the end of the process.
    if (bus.connected && router?.isOpen === true) {
      try {
        await (removed ? router.leave() : router.handOver());
      } catch (error) {
        logger.warn(noPeer({ group, reason: (error as Error).message }), 'state not saved at the end of the group');
      }
    }
    await this.leases.forget(group);
  }

  private disown(group: string, owned: Owned, reason: string): void {
    if (reason !== 'released')
      this.options.logger.info(noPeer({ group, reason }), 'this router no longer owns the group');
    owned.timers.stop();
    owned.router?.stop();
  }
}
