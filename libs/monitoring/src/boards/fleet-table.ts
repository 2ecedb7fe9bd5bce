import { buckets, m } from '../metric.js';
import { GREEN, type Placed, RED, YELLOW } from './panel.js';
import { groupState, max, orZero, STATE_WORDS, sum } from './state.js';
import { table } from './table.js';
import { GROUP_UID, JOB } from './uids.js';

const here = { job: JOB } as const;
const fill = `${max(m('mm2ss_log_unconfirmed_asdus', here))} / ${max(m('mm2ss_log_capacity_asdus', here))}`;
const lag = max(m('mm2ss_named_master_oldest_seconds', here));
const reconnects = sum(`increase(${m('mm2ss_rtu_connects_total', here)}[1h])`);

/** What to look at first: a group that does not work before one that is slow, and that before one that was. */
const trouble = [
  `100 * (3 - (${groupState(here)}))`,
  `90 * ${orZero(`clamp_max(${fill}, 1)`, here)}`,
  `40 * ${orZero(`${lag} > bool 60`, here)}`,
  `2 * ${orZero(`clamp_max(${reconnects}, 10)`, here)}`,
].join(' + ');

/** A row a group. */
export const fleetTable = (): Placed =>
  table({
    id: 10,
    title: 'Groups',
    text: 'The worst first. A click on the group opens its board.',
    width: 24,
    height: 9,
    keys: { group: 'Group', name: 'RTU' },
    worstFirst: 'Trouble',
    link: {
      key: 'group',
      title: 'Board of this group',
      url: `/d/${GROUP_UID}?var-group=\${__value.raw}&\${job:queryparam}&\${datasource:queryparam}&\${__url_time_range}`,
    },
    columns: [
      { title: 'Trouble', expr: trouble, decimals: 0, colours: [GREEN, [10, YELLOW], [90, RED]], width: 90 },
      { title: 'State', expr: groupState(here), mappings: [STATE_WORDS], width: 130 },
      { title: 'For', expr: max(`time() - ${m('mm2ss_rtu_state_timestamp_seconds', here)}`), unit: 's', decimals: 0 },
      { title: 'Masters', expr: max(m('mm2ss_masters', { ...here, state: 'started' })), width: 90 },
      {
        title: 'Events/s',
        expr: sum(`rate(${m('mm2ss_rtu_asdus_received_total', here)}[5m])`),
        unit: 'ops',
        decimals: 1,
      },
      {
        title: 'Latency p99',
        expr: `histogram_quantile(0.99, sum by (group, name, le) (rate(${buckets('mm2ss_event_latency_seconds', here)}[5m])))`,
        unit: 's',
        colours: [GREEN, [0.5, YELLOW], [5, RED]],
      },
      { title: 'Log fill', expr: fill, unit: 'percentunit', decimals: 0, colours: [GREEN, [0.1, YELLOW], [0.5, RED]] },
      { title: 'Worst lag', expr: lag, unit: 's', decimals: 0, colours: [GREEN, [10, YELLOW], [60, RED]] },
      {
        title: 'Connects in 1 h',
        expr: reconnects,
        unit: 'short',
        decimals: 0,
        colours: [GREEN, [2, YELLOW], [6, RED]],
      },
    ],
  });
