import { COMMAND_BOUNDS_MS } from './buckets.js';
import { GROUP, type MetricEntries } from './description.js';
import { MASTER_REFUSALS, NOT_FORWARDED } from './reasons.js';

const counter = { type: 'counter', labels: GROUP, exposedBy: ['router'] } as const;
const gauge = { type: 'gauge', labels: GROUP, exposedBy: ['router'] } as const;

/** Of the groups that this process owns as a router. */
export const ROUTER_METRICS = {
  mm2ss_router_asdus_routed_total: { ...counter, help: 'ASDUs routed.', unit: 'asdus' },
  mm2ss_router_asdus_broadcast_total: { ...counter, help: 'ASDUs published for all masters.', unit: 'asdus' },
  mm2ss_router_asdus_class_total: {
    ...counter,
    help:
      'ASDUs routed, by class, which their cause tells: spontaneous (3, 11, 12), cyclic (1), background (2), requested ' +
      '(5), interrogated (20-41), initialized (4), answer (6-10, 44-47), file (13), other.',
    unit: 'asdus',
    labels: [...GROUP, 'class'],
  },
  mm2ss_router_replies_total: { ...counter, help: 'Answers forwarded to the master that asked.', unit: 'asdus' },
  mm2ss_router_not_forwarded_total: { ...counter, help: 'ASDUs of the RTU that were for nobody.', unit: 'asdus' },
  mm2ss_router_not_forwarded_reasons_total: {
    ...counter,
    help: 'ASDUs of the RTU that were for nobody, by reason.',
    unit: 'asdus',
    labels: [...GROUP, 'reason'],
    values: { reason: NOT_FORWARDED },
  },
  mm2ss_router_unmatched_answers_total: {
    ...counter,
    help: 'Answers of the RTU that belong to no command, or may belong to those of several masters.',
    unit: 'asdus',
  },
  mm2ss_undelivered_oldest_seconds: {
    ...gauge,
    help: 'Age of the oldest event that no master has acknowledged; 0: there is none.',
    unit: 'seconds',
  },
  mm2ss_commands_total: { ...counter, help: 'Commands received from masters.', unit: 'commands' },
  mm2ss_commands_refused_total: {
    ...counter,
    help: 'Commands answered with a refusal by the multiplexer.',
    unit: 'commands',
  },
  mm2ss_commands_denied_total: {
    ...counter,
    help: 'Commands refused because of the rights of their master, of observe mode, or of the clock rule.',
    unit: 'commands',
    labels: [...GROUP, 'rule'],
  },
  mm2ss_commands_unknown_total: {
    ...counter,
    help: 'Commands of which nobody knows what became of them.',
    unit: 'commands',
  },
  mm2ss_command_duration_seconds: {
    type: 'histogram',
    help:
      'From the command to its end. outcome: done (also: selected, deactivated), refused (by us or by the RTU), unknown, ' +
      'master_gone.',
    unit: 'seconds',
    labels: [...GROUP, 'outcome'],
    exposedBy: ['router'],
    boundsMs: COMMAND_BOUNDS_MS,
  },
  mm2ss_audit_records_dropped_total: {
    ...counter,
    help: 'Audit records that could not be stored for too long.',
    unit: 'records',
  },
  mm2ss_group_observe: { ...gauge, help: '1 while the group is in observe mode.', unit: 'flag' },
  mm2ss_feed_dropped_total: { ...counter, help: 'ASDUs left out of the decoded feed.', unit: 'asdus' },
  mm2ss_masters_refused_total: {
    ...counter,
    help: 'Connections of masters refused, by reason.',
    unit: 'connections',
    labels: [...GROUP, 'reason'],
    values: { reason: MASTER_REFUSALS },
  },
  mm2ss_masters: { ...gauge, help: 'Masters connected, by state.', unit: 'masters', labels: [...GROUP, 'state'] },
} as const satisfies MetricEntries;
