import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { decodeJson, encodeJson, type KeyValue, type Lease, type LogExtent, rtuStatus } from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import {
  type GroupContribution,
  GroupMetrics,
  type HealthSource,
  RateMeter,
  type Registry,
  type StatusSource,
} from '@iec104mm2ss/observability';
import type { AdmissionRequest } from './admission.js';
import { type AdmissionAnswer, GroupRouter, type RouterDependencies, type RouterState } from './group-router.js';

export const ROUTER_OPTIONS = Symbol('ROUTER_OPTIONS');

export interface RouterOptions extends RouterDependencies {
  readonly groups: readonly GroupConfig[];
  readonly registry: Registry;
}

/** How often waiting commands are looked through for those that have waited too long, and state is saved. */
const TICK_MS = 200;
/** How often the owner of a group says that it is. */
const ANNOUNCE_MS = 1_000;
/** How long gateways have to announce their sessions to a new owner, and to tell about them again. */
const RESUME_MS = 250;
const RESYNCHRONISE_MS = 2_000;
/** Pause before taking over a group is tried again when its state cannot be read. */
const RETRY_MS = 500;

const STATE_BUCKET = 'iec104_state';
const ROUTER_POOL = 'router';
const GATEWAY_POOL = 'gateway';

interface Owned {
  readonly router: GroupRouter;
  saved: string;
  saving: boolean;
}

/** The routers of all groups this process owns; with several processes, each group has one owner. */
@Injectable()
export class RouterService implements OnApplicationBootstrap, OnApplicationShutdown, StatusSource, HealthSource {
  readonly name = 'router';
  private readonly owned = new Map<string, Owned>();
  private readonly leases: Lease[] = [];
  private readonly rates = new Map<string, RateMeter>();
  private readonly states: KeyValue;
  private timers: NodeJS.Timeout[] = [];

  constructor(@Inject(ROUTER_OPTIONS) private readonly options: RouterOptions) {
    this.states = options.bus.keyValue(STATE_BUCKET);
    for (const { id } of options.groups) this.rates.set(id, new RateMeter());
    this.registerMetrics(options.registry);
  }

  onApplicationBootstrap(): void {
    const { bus, groups } = this.options;
    bus.onMemberGone(GATEWAY_POOL, (instance) => {
      for (const router of this.routers) router.gatewayGone(instance);
    });
    bus.onConnection((connected) => {
      if (connected) this.resynchronise();
    });
    for (const group of groups) {
      const lease: Lease = bus.lease({
        key: `router.${group.id}`,
        pool: ROUTER_POOL,
        onAcquired: (fence) => void this.own(group, fence, () => lease?.fence === fence || bus.kind === 'memory'),
        onLost: (reason) => this.disown(group.id, reason),
      });
      this.leases.push(lease);
    }
    this.timers = [
      setInterval(() => {
        const now = Date.now();
        for (const owned of this.owned.values()) {
          owned.router.tick(now);
          if (bus.kind === 'nats' && bus.connected) void this.save(owned);
        }
      }, TICK_MS),
      setInterval(() => {
        for (const router of this.routers) router.announce();
      }, ANNOUNCE_MS),
    ];
  }

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    if (this.options.bus.connected) await Promise.all([...this.owned.values()].map((owned) => this.save(owned)));
    await Promise.all(this.leases.map((lease) => lease.release()));
  }

  /** Undefined when another process owns the group. */
  admit(request: AdmissionRequest): AdmissionAnswer | undefined {
    return this.owned.get(request.group)?.router.admit(request);
  }

  live() {
    return { ok: true };
  }

  ready() {
    return this.timers.length === 0 ? { ok: false, reason: 'not started yet' } : { ok: true };
  }

  groups(): GroupContribution[] {
    const now = performance.now();
    return this.routers.map((router) => ({
      id: router.config.id,
      interrogation: router.config.interrogation,
      owner: this.options.instance,
      ...(router.rtuState === undefined ? {} : { rtu: rtuStatus(router.rtuState) }),
      log: { first: router.first },
      masters: [...router.sessions.values()].map((session) => ({
        session: String(session.id),
        peer: session.peer,
        name: session.name,
        certificateName: session.certificateName,
        gateway: session.gateway,
        originatorAddress: session.oa,
        since: new Date(session.since).toISOString(),
      })),
      rates: { commandsPerSecond: this.rates.get(router.config.id)!.update(router.commands.counters.commands, now) },
      counters: {
        routed: router.delivery.counters.routed,
        broadcast: router.delivery.counters.broadcast,
        replies: router.delivery.counters.replies,
        notForwarded: router.delivery.counters.notForwarded,
        unmatchedAnswers: router.commands.counters.unmatchedAnswers,
        commands: router.commands.counters.commands,
        commandsRefused: router.commands.counters.commandsRefused,
        mastersAdmitted: router.counters.admitted,
        mastersRefused: Object.values(router.counters.refusals).reduce((sum, count) => sum + count, 0),
        lostByNamedMasters: router.counters.lostByNamedMasters,
        feedDropped: router.feed.dropped,
      },
    }));
  }

  private get routers(): GroupRouter[] {
    return [...this.owned.values()].map(({ router }) => router);
  }

  /** Takes a group over: reads what its last owner left, gives the gateways time to announce their sessions, opens it. */
  private async own(group: GroupConfig, fence: number, stillOurs: () => boolean): Promise<void> {
    const { bus, logger } = this.options;
    let taken: { readonly state: RouterState; readonly log: LogExtent };
    for (;;) {
      try {
        taken = await this.load(group);
        break;
      } catch (error) {
        logger.warn({ group: group.id, reason: (error as Error).message }, 'cannot take the group over yet');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        if (!stillOurs()) return;
      }
    }
    if (!stillOurs()) return;
    const { state, log } = taken;
    const router = new GroupRouter(group, this.options, fence, state, log);
    this.owned.set(group.id, { router, saved: '', saving: false });
    router.start();
    if (bus.kind === 'nats') {
      logger.info({ group: group.id, fence, position: state.confirmed }, 'this router owns the group');
      await new Promise((resolve) => setTimeout(resolve, RESUME_MS));
    }
    if (this.owned.get(group.id)?.router === router) router.settle();
  }

  private disown(group: string, reason: string): void {
    const owned = this.owned.get(group);
    if (owned === undefined) return;
    if (reason !== 'released') this.options.logger.info({ group, reason }, 'this router no longer owns the group');
    owned.router.stop();
    this.owned.delete(group);
  }

  /** The bus was away: messages of the gateways may be missing. */
  private resynchronise(): void {
    for (const router of this.routers) router.resynchronise();
    setTimeout(() => {
      for (const router of this.routers) router.dropUnresumed();
    }, RESYNCHRONISE_MS).unref();
  }

  private async load(group: GroupConfig): Promise<{ state: RouterState; log: LogExtent }> {
    const { bus } = this.options;
    const log = await bus.eventLog(group.id, { capacity: group.buffsize }).extent();
    const value = bus.kind === 'nats' ? await this.states.get(stateKey(group.id)) : undefined;
    const saved = value === undefined ? undefined : decodeJson<RouterState>(value);
    const confirmed = Math.min(Math.max(saved?.confirmed ?? log.first, log.first), log.next);
    const { cursors = {}, resting = [], mirrorsOa = false } = saved ?? {};
    return { state: { confirmed, cursors, resting, mirrorsOa }, log };
  }

  private async save(owned: Owned): Promise<void> {
    if (owned.saving) return;
    const text = JSON.stringify(owned.router.state);
    if (text === owned.saved) return;
    owned.saving = true;
    try {
      await this.states.put(stateKey(owned.router.config.id), encodeJson(owned.router.state));
      owned.saved = text;
    } catch (error) {
      this.options.logger.debug(
        { group: owned.router.config.id, reason: String(error) },
        'state not saved, tried again',
      );
    } finally {
      owned.saving = false;
    }
  }

  private registerMetrics(registry: Registry): void {
    const metrics = new GroupMetrics(registry, () => this.routers);
    metrics.counter('mm2ss_router_asdus_routed_total', 'ASDUs routed.', ({ delivery }) => delivery.counters.routed);
    metrics.counter(
      'mm2ss_router_asdus_broadcast_total',
      'ASDUs published for all masters.',
      ({ delivery }) => delivery.counters.broadcast,
    );
    metrics.counter(
      'mm2ss_router_replies_total',
      'Answers forwarded to the master that asked.',
      ({ delivery }) => delivery.counters.replies,
    );
    metrics.counter(
      'mm2ss_router_not_forwarded_total',
      'ASDUs of the RTU that were for nobody.',
      ({ delivery }) => delivery.counters.notForwarded,
    );
    metrics.counter(
      'mm2ss_router_unmatched_answers_total',
      'Answers of the RTU that belong to no command.',
      ({ commands }) => commands.counters.unmatchedAnswers,
    );
    metrics.counter(
      'mm2ss_commands_total',
      'Commands received from masters.',
      ({ commands }) => commands.counters.commands,
    );
    metrics.counter(
      'mm2ss_commands_refused_total',
      'Commands answered with a refusal by the multiplexer.',
      ({ commands }) => commands.counters.commandsRefused,
    );
    metrics.counter(
      'mm2ss_named_master_events_lost_total',
      'Events given up for named masters that were away too long.',
      ({ counters }) => counters.lostByNamedMasters,
    );
    metrics.counter('mm2ss_feed_dropped_total', 'ASDUs left out of the decoded feed.', ({ feed }) => feed.dropped);
    metrics.counterBy('reason', 'mm2ss_masters_refused_total', 'Connections of masters refused, by reason.', (router) =>
      Object.entries(router.counters.refusals),
    );
    metrics.gaugeBy('state', 'mm2ss_masters', 'Masters connected, by state.', ({ sessions }) => {
      const started = [...sessions.values()].filter((session) => session.started).length;
      return [
        ['started', started],
        ['stopped', sessions.size - started],
      ];
    });
  }
}

function stateKey(group: string): string {
  return `router.${group}`;
}
