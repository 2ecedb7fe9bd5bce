import { grown, m, maxByGroup, sumByGroup } from '../metric.js';
import { type Alert, THE_GROUP } from './rule.js';

/** Of jobs that were a system of ours within a day: one that is down as a whole has nothing else that tells so. */
const ofOurs = (expr: string): string => `${expr} and on (job) present_over_time(${m('mm2ss_build_info')}[1d:5m])`;

/** About what is not read, and so not watched. */
export const METRICS_MISSING: Alert = {
  alert: 'MetricsMissing',
  conditions: [
    {
      cause: 'all',
      severity: 'critical',
      for: '5m',
      // `absent` knows no job, and says nothing while another system is there.
      expr: [
        `count by (job) (${ofOurs(m('up'))}) unless on (job) ${m('mm2ss_build_info')}`,
        `or on () absent(${m('mm2ss_build_info')})`,
      ].join('\n'),
      summary: 'No process of mm2ss{{ with $labels.job }} of the job {{ . }}{{ end }} gives metrics',
      description:
        'All of them are down, or Prometheus does not reach any: no other alert of this product can fire for this system.',
    },
    {
      cause: 'target',
      severity: 'warning',
      for: '5m',
      expr: ofOurs(`${m('up')} == 0`),
      summary: '{{ $labels.instance }} gives no metrics',
      description: 'The process is down, or Prometheus does not reach it. What it alone tells of is not watched.',
    },
    {
      cause: 'connector',
      severity: 'warning',
      for: '5m',
      expr: `${maxByGroup(m('mm2ss_group_connector_heard'))} == 1 unless on (job, group) ${m('mm2ss_rtu_up')}`,
      summary: `The connector of ${THE_GROUP} runs, and Prometheus does not read it`,
      description: 'It is missing among the targets: an alert about this RTU cannot fire.',
    },
    {
      cause: 'router',
      severity: 'warning',
      for: '5m',
      expr: `${maxByGroup(m('mm2ss_group_router_heard'))} == 1 unless on (job, group) ${m('mm2ss_masters')}`,
      summary: `The router of ${THE_GROUP} runs, and Prometheus does not read it`,
      description: 'It is missing among the targets: an alert about masters and commands of this group cannot fire.',
    },
    {
      cause: 'gateway',
      severity: 'warning',
      for: '5m',
      expr: `count by (job) (${m('mm2ss_group_owner')}) unless on (job) ${m('mm2ss_listener_open')}`,
      summary: 'No gateway of the job {{ $labels.job }} gives metrics',
      description:
        'None runs, or they are missing among the targets: whether groups have a connector and a router is not watched.',
    },
    {
      cause: 'sessions',
      severity: 'warning',
      for: '5m',
      // Where no gateway is read at all, `gateway` says it once.
      expr: `${sumByGroup(m('mm2ss_masters'))} > on (job, group) ${sumByGroup(m('mm2ss_master_sessions'))}`,
      summary: `A gateway serves masters of ${THE_GROUP}, and Prometheus does not read it`,
      description:
        'The router knows of {{ $value }} masters, and the gateways that are read have fewer: another one is missing among the targets.',
    },
    {
      cause: 'incomplete',
      severity: 'warning',
      for: '0m',
      expr: `sum by (job, instance, metric) (${grown(m('mm2ss_metrics_collect_failures_total'), '15m')}) > 0`,
      summary: '{{ $labels.instance }} could not read {{ $labels.metric }}',
      description: 'A defect of this program: the metric is incomplete. Please report it with the log.',
    },
  ],
};
