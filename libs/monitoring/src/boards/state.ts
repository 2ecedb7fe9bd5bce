import { m, type Where } from '../metric.js';
import { GREEN, RED, words, YELLOW } from './panel.js';

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
