import { GroupMetrics, type Registry } from '@iec104mm2ss/observability';
import type { GroupRouter } from './group-router.js';

/** Metrics of the groups that this process owns. */
export function registerRouterMetrics(registry: Registry, routers: () => readonly GroupRouter[]): void {
  const metrics = new GroupMetrics(registry, routers);
  metrics.counter('mm2ss_router_asdus_routed_total', ({ parts }) => parts.delivery.routing.counters.routed);
  metrics.counter('mm2ss_router_asdus_broadcast_total', ({ parts }) => parts.delivery.routing.counters.broadcast);
  metrics.counter('mm2ss_router_replies_total', ({ parts }) => parts.delivery.routing.counters.replies);
  metrics.counter('mm2ss_router_not_forwarded_total', ({ parts }) => parts.delivery.routing.counters.notForwarded);
  metrics.counterBy('reason', 'mm2ss_router_not_forwarded_reasons_total', ({ parts }) =>
    Object.entries(parts.commands.counters.notForwarded),
  );
  metrics.counter('mm2ss_router_unmatched_answers_total', ({ parts }) => parts.commands.counters.unmatchedAnswers);
  metrics.counter('mm2ss_commands_total', ({ parts }) => parts.commands.counters.commands);
  metrics.counter('mm2ss_commands_refused_total', ({ parts }) => parts.commands.counters.commandsRefused);
  metrics.counterBy('rule', 'mm2ss_commands_denied_total', ({ parts }) => Object.entries(parts.door.refused));
  metrics.gauge('mm2ss_group_observe', ({ parts }) => (parts.observe.on ? 1 : 0));
  metrics.counter('mm2ss_commands_unknown_total', ({ parts }) => parts.commands.counters.commandsUnknown);
  metrics.counter('mm2ss_audit_records_dropped_total', ({ parts }) => parts.commands.counters.auditDropped);
  metrics.counterBy('master', 'mm2ss_master_events_lost_total', ({ parts }) => parts.losses.all());
  metrics.counter('mm2ss_named_master_events_lost_total', ({ parts }) => parts.losses.named);
  metrics.counter('mm2ss_feed_dropped_total', ({ parts }) => parts.feed.dropped);
  metrics.counterBy('reason', 'mm2ss_masters_refused_total', ({ parts }) => Object.entries(parts.admissions.refusals));
  metrics.gaugeBy('state', 'mm2ss_masters', ({ parts }) => {
    const started = parts.table.all().filter((session) => session.started).length;
    return [
      ['started', started],
      ['stopped', parts.table.size - started],
    ];
  });
}
