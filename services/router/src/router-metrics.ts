import { GroupMetrics, type Registry } from '@iec104mm2ss/observability';
import type { GroupRouter } from './group-router.js';

/** Metrics of the groups that this process owns. */
export function registerRouterMetrics(registry: Registry, routers: () => readonly GroupRouter[]): void {
  const metrics = new GroupMetrics(registry, routers);
  metrics.counter(
    'mm2ss_router_asdus_routed_total',
    'ASDUs routed.',
    ({ parts }) => parts.delivery.routing.counters.routed,
  );
  metrics.counter(
    'mm2ss_router_asdus_broadcast_total',
    'ASDUs published for all masters.',
    ({ parts }) => parts.delivery.routing.counters.broadcast,
  );
  metrics.counter(
    'mm2ss_router_replies_total',
    'Answers forwarded to the master that asked.',
    ({ parts }) => parts.delivery.routing.counters.replies,
  );
  metrics.counter(
    'mm2ss_router_not_forwarded_total',
    'ASDUs of the RTU that were for nobody.',
    ({ parts }) => parts.delivery.routing.counters.notForwarded,
  );
  metrics.counterBy(
    'reason',
    'mm2ss_router_not_forwarded_reasons_total',
    'ASDUs of the RTU that were for nobody, by reason.',
    ({ parts }) => Object.entries(parts.commands.counters.notForwarded),
  );
  metrics.counter(
    'mm2ss_router_unmatched_answers_total',
    'Answers of the RTU that belong to no command, or may belong to those of several masters.',
    ({ parts }) => parts.commands.counters.unmatchedAnswers,
  );
  metrics.counter(
    'mm2ss_commands_total',
    'Commands received from masters.',
    ({ parts }) => parts.commands.counters.commands,
  );
  metrics.counter(
    'mm2ss_commands_refused_total',
    'Commands answered with a refusal by the multiplexer.',
    ({ parts }) => parts.commands.counters.commandsRefused,
  );
  metrics.counterBy(
    'rule',
    'mm2ss_commands_denied_total',
    'Commands refused because of the rights of their master, of observe mode, or of the clock rule.',
    ({ parts }) => Object.entries(parts.door.refused),
  );
  metrics.gauge('mm2ss_group_observe', '1 while the group is in observe mode.', ({ parts }) =>
    parts.observe.on ? 1 : 0,
  );
  metrics.counter(
    'mm2ss_commands_unknown_total',
    'Commands of which nobody knows what became of them.',
    ({ parts }) => parts.commands.counters.commandsUnknown,
  );
  metrics.counter(
    'mm2ss_audit_records_dropped_total',
    'Audit records that could not be stored for too long.',
    ({ parts }) => parts.commands.counters.auditDropped,
  );
  metrics.counterBy(
    'master',
    'mm2ss_master_events_lost_total',
    'ASDUs that a master did not get, because they were given up for it or lost: events, and at most as many more as ' +
      'others were answered in between; `unnamed`: all without a name.',
    ({ parts }) => parts.losses.all(),
  );
  metrics.counter(
    'mm2ss_named_master_events_lost_total',
    'ASDUs that named masters did not get, counted as in mm2ss_master_events_lost_total.',
    ({ parts }) => parts.losses.named,
  );
  metrics.counter('mm2ss_feed_dropped_total', 'ASDUs left out of the decoded feed.', ({ parts }) => parts.feed.dropped);
  metrics.counterBy(
    'reason',
    'mm2ss_masters_refused_total',
    'Connections of masters refused, by reason.',
    ({ parts }) => Object.entries(parts.admissions.refusals),
  );
  metrics.gaugeBy('state', 'mm2ss_masters', 'Masters connected, by state.', ({ parts }) => {
    const started = parts.table.all().filter((session) => session.started).length;
    return [
      ['started', started],
      ['stopped', parts.table.size - started],
    ];
  });
}
