import { m, type Where } from '../metric.js';
import { figure, GREEN, type Placed, RED, words, YELLOW } from './panel.js';

const KEYS = 'group, name';
type GroupWhere = Where<'mm2ss_group_info'>;

export const max = (expr: string): string => `max by (${KEYS}) (${expr})`;
export const sum = (expr: string): string => `sum by (${KEYS}) (${expr})`;
/** 0 for a group of the file of which nothing is told. */
export const orZero = (expr: string, where: GroupWhere): string =>
  `(${expr} or 0 * ${max(m('mm2ss_group_info', where))})`;

/** How a group is, as one number: 0 no connector, 1 the RTU is down, 2 no master is started, 3 it works. */
export function groupState(where: GroupWhere): string {
  const started = orZero(`${max(m('mm2ss_masters', { ...where, state: 'started' }))} > bool 0`, where);
  const up = orZero(max(m('mm2ss_group_rtu_up', where)), where);
  return `${orZero(max(m('mm2ss_group_connector_heard', where)), where)} + ${up} * (1 + ${started})`;
}

export const STATE_WORDS = words({
  0: ['no connector', RED],
  1: ['RTU down', RED],
  2: ['no master', YELLOW],
  3: ['works', GREEN],
});

/** Age of what nobody has acknowledged: of all groups, or of one. */
export const oldestUndelivered = (text: string, where: GroupWhere): Placed =>
  figure({
    id: 5,
    title: 'Oldest undelivered',
    text,
    unit: 's',
    decimals: 0,
    colours: [GREEN, [10, YELLOW], [60, RED]],
    width: 3,
    height: 4,
    queries: [{ expr: `max(${m('mm2ss_undelivered_oldest_seconds', where)})` }],
  });
