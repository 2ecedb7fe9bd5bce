import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Lease } from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import {
  type GroupContribution,
  type HealthSource,
  numericCounter,
  numericGauge,
  RateMeter,
  type Registry,
  type StatusSource,
} from '@iec104mm2ss/observability';
import type { AdmissionRequest } from './admission.js';
import { type AdmissionAnswer, GroupRouter, type RouterDependencies } from './group-router.js';

export const ROUTER_OPTIONS = Symbol('ROUTER_OPTIONS');

export interface RouterOptions extends RouterDependencies {
  readonly groups: readonly GroupConfig[];
  readonly registry: Registry;
}

/** How often waiting commands are looked through for those that have waited too long. */
const TICK_MS = 200;

/** The routers of all groups this process owns; with several processes, each group has one owner. */
@Injectable()
export class RouterService implements OnApplicationBootstrap, OnApplicationShutdown, StatusSource, HealthSource {
  readonly name = 'router';
  private readonly routers = new Map<string, GroupRouter>();
  private readonly leases: Lease[] = [];
  private readonly rates = new Map<string, RateMeter>();
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(ROUTER_OPTIONS) private readonly options: RouterOptions) {
    for (const { id } of options.groups) this.rates.set(id, new RateMeter());
    this.registerMetrics(options.registry);
  }

  onApplicationBootstrap(): void {
    const { bus, groups, instance } = this.options;
    for (const group of groups) {
      this.leases.push(
        bus.lease({
          key: `router.${group.id}`,
          holder: instance,
          onAcquired: (fence) => void this.own(group, fence),
          onLost: () => this.disown(group.id),
        }),
      );
    }
    this.timer = setInterval(() => {
      const now = Date.now();
      for (const router of this.routers.values()) router.tick(now);
    }, TICK_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.leases.map((lease) => lease.release()));
  }

  /** Undefined when another process owns the group. */
  admit(request: AdmissionRequest): AdmissionAnswer | undefined {
    return this.routers.get(request.group)?.admit(request);
  }

  live() {
    return { ok: true };
  }

  ready() {
    return this.timer === undefined ? { ok: false, reason: 'not started yet' } : { ok: true };
  }

  groups(): GroupContribution[] {
    const now = performance.now();
    return [...this.routers.values()].map((router) => ({
      id: router.config.id,
      interrogation: router.config.interrogation,
      owner: this.options.instance,
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
      rates: { commandsPerSecond: this.rates.get(router.config.id)!.update(router.counters.commands, now) },
      counters: {
        routed: router.delivery.counters.routed,
        broadcast: router.delivery.counters.broadcast,
        replies: router.delivery.counters.replies,
        notForwarded: router.delivery.counters.notForwarded,
        unmatchedAnswers: router.counters.unmatchedAnswers,
        commands: router.counters.commands,
        commandsRefused: router.counters.commandsRefused,
        mastersAdmitted: router.counters.admitted,
        mastersRefused: Object.values(router.counters.refusals).reduce((sum, count) => sum + count, 0),
        lostByNamedMasters: router.counters.lostByNamedMasters,
        feedDropped: router.feed.dropped,
      },
    }));
  }

  private async own(group: GroupConfig, fence: number): Promise<void> {
    const extent = await this.options.bus.eventLog(group.id).extent();
    const router = new GroupRouter(group, this.options, fence, extent.first);
    this.routers.set(group.id, router);
    router.start();
  }

  private disown(group: string): void {
    this.routers.get(group)?.stop();
    this.routers.delete(group);
  }

  private registerMetrics(registry: Registry): void {
    const labelNames = ['group', 'name'] as const;
    const each = (value: (router: GroupRouter) => number) => () =>
      [...this.routers.values()].map((router) => ({ labels: labelsOf(router), value: value(router) }));
    const counter = (name: string, help: string, value: (router: GroupRouter) => number): void => {
      numericCounter(registry, { name, help, labelNames }, each(value));
    };
    counter('mm2ss_router_asdus_routed_total', 'ASDUs routed.', ({ delivery }) => delivery.counters.routed);
    counter('mm2ss_router_asdus_broadcast_total', 'ASDUs published for all masters.', ({ delivery }) => delivery.counters.broadcast);
    counter('mm2ss_router_replies_total', 'Answers forwarded to the master that asked.', ({ delivery }) => delivery.counters.replies);
    counter(
      'mm2ss_router_not_forwarded_total',
      'ASDUs of the RTU that were for nobody.',
      ({ delivery }) => delivery.counters.notForwarded,
    );
    counter(
      'mm2ss_router_unmatched_answers_total',
      'Answers of the RTU that belong to no command.',
      ({ counters }) => counters.unmatchedAnswers,
    );
    counter('mm2ss_commands_total', 'Commands received from masters.', ({ counters }) => counters.commands);
    counter('mm2ss_commands_refused_total', 'Commands answered with a refusal by the multiplexer.', ({ counters }) => counters.commandsRefused);
    counter(
      'mm2ss_named_master_events_lost_total',
      'Events given up for named masters that were away too long.',
      ({ counters }) => counters.lostByNamedMasters,
    );
    counter('mm2ss_feed_dropped_total', 'ASDUs left out of the decoded feed.', ({ feed }) => feed.dropped);
    numericCounter(
      registry,
      {
        name: 'mm2ss_masters_refused_total',
        help: 'Connections of masters refused, by reason.',
        labelNames: ['group', 'name', 'reason'] as const,
      },
      () =>
        [...this.routers.values()].flatMap((router) =>
          Object.entries(router.counters.refusals).map(([reason, value]) => ({
            labels: { ...labelsOf(router), reason },
            value,
          })),
        ),
    );
    numericGauge(
      registry,
      {
        name: 'mm2ss_masters',
        help: 'Masters connected, by state.',
        labelNames: ['group', 'name', 'state'] as const,
      },
      () =>
        [...this.routers.values()].flatMap((router) => {
          const sessions = [...router.sessions.values()];
          const started = sessions.filter((session) => session.started).length;
          return [
            { labels: { ...labelsOf(router), state: 'started' }, value: started },
            { labels: { ...labelsOf(router), state: 'stopped' }, value: sessions.length - started },
          ];
        }),
    );
  }
}

function labelsOf(router: GroupRouter): { group: string; name: string } {
  return { group: router.config.id, name: router.config.name };
}
