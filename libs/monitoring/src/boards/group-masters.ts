import { buckets, m } from '../metric.js';
import { GREEN, heatmap, lines, type Placed, RED, words, YELLOW, RATE } from './panel.js';
import { table } from './table.js';
import { OF_GROUP as here } from './uids.js';

const max = (expr: string): string => `max by (master) (${expr})`;
const sum = (expr: string): string => `sum by (master) (${expr})`;

export const MASTER_PANELS: readonly Placed[] = [
  table({
    id: 20,
    title: 'Masters by name',
    text: 'Those of the column `masters`. Lag is what a master has not acknowledged; lost must be 0.',
    width: 24,
    height: 7,
    keys: { master: 'Master' },
    worstFirst: 'Lag',
    columns: [
      {
        title: 'Data transfer',
        expr: max(m('mm2ss_named_master_started', here)),
        mappings: [words({ 0: ['not started', RED], 1: ['started', GREEN] })],
      },
      {
        title: 'Connection',
        expr: max(m('mm2ss_named_master_connected', here)),
        mappings: [words({ 0: ['none', RED], 1: ['connected', GREEN] })],
      },
      { title: 'Lag', expr: max(m('mm2ss_named_master_lag_asdus', here)), unit: 'short', decimals: 0 },
      {
        title: 'Oldest not acknowledged',
        expr: max(m('mm2ss_named_master_oldest_seconds', here)),
        unit: 's',
        decimals: 0,
        colours: [GREEN, [10, YELLOW], [60, RED]],
      },
      {
        title: 'Last acknowledgement',
        expr: `time() - ${max(m('mm2ss_named_master_last_acknowledgement_timestamp_seconds', here))}`,
        unit: 's',
        decimals: 0,
      },
      {
        title: 'Delivered/s',
        expr: sum(`rate(${m('mm2ss_named_master_asdus_delivered_total', here)}[5m])`),
        unit: 'ops',
        decimals: 1,
      },
      {
        title: 'Acknowledged/s',
        expr: sum(`rate(${m('mm2ss_named_master_asdus_acknowledged_total', here)}[5m])`),
        unit: 'ops',
        decimals: 1,
      },
      {
        title: 'Lost',
        expr: sum(`increase(${m('mm2ss_master_events_lost_total', { ...here, master: '!=*' })}[$__range])`),
        unit: 'short',
        decimals: 0,
        colours: [GREEN, [1, RED]],
      },
      {
        title: 'Gaps',
        expr: sum(`increase(${m('mm2ss_master_gaps_total', { ...here, master: '!=*' })}[$__range])`),
        unit: 'short',
        decimals: 0,
        colours: [GREEN, [1, RED]],
      },
    ],
  }),
  lines({
    id: 21,
    title: 'Events in, and out to each named master',
    text: 'All lines on one another: everybody gets everything.',
    unit: 'ops',
    width: 12,
    height: 8,
    queries: [
      { expr: `sum(rate(${m('mm2ss_rtu_asdus_received_total', here)}[${RATE}]))`, legend: 'in from the RTU' },
      {
        expr: sum(`rate(${m('mm2ss_named_master_asdus_delivered_total', here)}[${RATE}])`),
        legend: 'out to {{master}}',
      },
    ],
  }),
  lines({
    id: 22,
    title: 'Acknowledged by each named master',
    text: 'A line that stays behind the one before: the master takes the events and does not acknowledge them.',
    unit: 'ops',
    width: 12,
    height: 8,
    queries: [
      { expr: sum(`rate(${m('mm2ss_named_master_asdus_acknowledged_total', here)}[${RATE}])`), legend: '{{master}}' },
    ],
  }),
  lines({
    id: 23,
    title: 'Lag of each named master',
    text: 'Age of the oldest event that it has not acknowledged.',
    unit: 's',
    colours: [GREEN, [60, RED]],
    width: 12,
    height: 8,
    queries: [{ expr: max(m('mm2ss_named_master_oldest_seconds', here)), legend: '{{master}}' }],
  }),
  lines({
    id: 24,
    title: 'All masters together',
    text: 'ASDUs sent by each gateway, and the longest queue of a master there.',
    unit: 'short',
    width: 12,
    height: 8,
    queries: [
      {
        expr: `sum by (instance) (rate(${m('mm2ss_master_asdus_sent_total', here)}[${RATE}]))`,
        legend: 'sent/s by {{instance}}',
      },
      { expr: `max by (instance) (${m('mm2ss_master_queue_asdus', here)})`, legend: 'queue at {{instance}}' },
    ],
  }),
  heatmap({
    id: 25,
    title: 'Latency of events',
    text: 'From the read from the RTU to the write to a master. Darker: more of them.',
    unit: 's',
    width: 24,
    height: 8,
    queries: [
      {
        expr: `sum by (le) (increase(${buckets('mm2ss_event_latency_seconds', here)}[${RATE}]))`,
        legend: '{{le}}',
      },
    ],
  }),
];
