import type { GroupConfig } from '@iec104mm2ss/config';
import { GroupMetrics, registerGroupInfo, registerGroupOwner, type Registry } from '@iec104mm2ss/observability';
import { byClass } from './asdu-classes.js';
import type { GroupRouter } from './group-router.js';
import { type NamedMasterFigures, namedMasters, undeliveredSeconds } from './named-masters.js';

/**
 * Metrics of the groups that this process owns.
 *
 * @param groups all of the file
 */
export function registerRouterMetrics(
  registry: Registry,
  routers: () => readonly GroupRouter[],
  groups: () => Iterable<GroupConfig>,
): void {
  registerGroupInfo(registry, groups);
  registerGroupOwner(registry, 'router', groups, routers);
  registerNamedMasters(registry, routers);
  const metrics = new GroupMetrics(registry, routers);
  metrics.counter('mm2ss_router_asdus_routed_total', ({ parts }) => parts.delivery.routing.counters.routed);
  metrics.counter('mm2ss_router_asdus_broadcast_total', ({ parts }) => parts.delivery.routing.counters.broadcast);
  metrics.counterBy('class', 'mm2ss_router_asdus_class_total', ({ parts }) => byClass(parts.delivery.routing.causes));
  metrics.gauge('mm2ss_undelivered_oldest_seconds', ({ parts }) => undeliveredSeconds(parts));
  metrics.counter('mm2ss_router_replies_total', ({ parts }) => parts.delivery.routing.counters.replies);
  metrics.counter('mm2ss_router_not_forwarded_total', ({ parts }) => parts.delivery.routing.counters.notForwarded);
  metrics.counterByReason(
    'mm2ss_router_not_forwarded_reasons_total',
    ({ parts }) => parts.commands.counters.notForwarded,
  );
  metrics.counter('mm2ss_router_unmatched_answers_total', ({ parts }) => parts.commands.counters.unmatchedAnswers);
  metrics.counter('mm2ss_commands_total', ({ parts }) => parts.commands.counters.commands);
  metrics.counter('mm2ss_commands_refused_total', ({ parts }) => parts.commands.counters.commandsRefused);
  metrics.histogramBy('outcome', 'mm2ss_command_duration_seconds', ({ parts }) => parts.commands.durations);
  metrics.counterBy('rule', 'mm2ss_commands_denied_total', ({ parts }) => Object.entries(parts.door.refused));
  metrics.gauge('mm2ss_group_observe', ({ parts }) => (parts.observe.on ? 1 : 0));
  metrics.counter('mm2ss_commands_unknown_total', ({ parts }) => parts.commands.counters.commandsUnknown);
  metrics.counter('mm2ss_audit_records_dropped_total', ({ parts }) => parts.commands.counters.auditDropped);
  metrics.counter('mm2ss_feed_dropped_total', ({ parts }) => parts.feed.dropped);
  metrics.counterByReason('mm2ss_masters_refused_total', ({ parts }) => parts.admissions.refusals);
  metrics.gaugeBy('state', 'mm2ss_masters', ({ parts }) => {
    const started = parts.table.all().filter((session) => session.started).length;
    return [
      ['started', started],
      ['stopped', parts.table.size - started],
    ];
  });
}

/** What every master of the file has from the start. */
function registerNamedMasters(registry: Registry, routers: () => readonly GroupRouter[]): void {
  const metrics = new GroupMetrics(registry, routers);
  const names = ({ config }: GroupRouter): string[] => config.masters.map(({ name }) => name);
  const each = (value: (master: NamedMasterFigures) => number) => (router: GroupRouter) =>
    namedMasters(router.parts).map((master) => [master.name, value(master)] as const);
  metrics.gaugeBy(
    'master',
    'mm2ss_named_master_connected',
    each(({ connected }) => (connected ? 1 : 0)),
  );
  metrics.gaugeBy(
    'master',
    'mm2ss_named_master_started',
    each(({ started }) => (started ? 1 : 0)),
  );
  metrics.gaugeBy(
    'master',
    'mm2ss_named_master_lag_asdus',
    each(({ lag }) => lag),
  );
  metrics.gaugeBy(
    'master',
    'mm2ss_named_master_oldest_seconds',
    each(({ oldestSeconds }) => oldestSeconds),
  );
  metrics.counterBy('master', 'mm2ss_master_events_lost_total', (router) => router.parts.losses.counts(names(router)));
  metrics.counterBy('master', 'mm2ss_master_gaps_total', (router) => router.parts.losses.gaps(names(router)));
  metrics.counter('mm2ss_named_master_events_lost_total', ({ parts }) => parts.losses.named);
}
