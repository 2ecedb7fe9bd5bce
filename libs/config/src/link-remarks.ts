import type { LinkConstant } from './general-settings.js';
import type { ColumnName } from './layout.js';
import { nearest } from './parsed.js';
import type { AckPolicy, Problem } from './types.js';

/** The constants that both sides of a group have: towards the masters, and towards the RTU. Times in seconds. */
export type LinkSideConstant = Exclude<LinkConstant, 'idletime'>;
export type LinkSide = Readonly<Record<LinkSideConstant, number>>;

export interface LinkSettings {
  readonly masterSide: LinkSide;
  readonly rtuSide: LinkSide;
  readonly idleTime: number;
  readonly buffsize: number;
  readonly ack: AckPolicy | undefined;
  /** The row has a value in this column. */
  readonly isGiven: (column: ColumnName) => boolean;
}

export type LinkRemark = Pick<Problem, 'field' | 'reason'> & { readonly severity: 'skipped' | 'warning' };

/** What masters are mostly set to, the defaults of the standard: nobody can read it from here. */
const MASTERS = { t1: 15, t2: 10, w: 8 } as const;
/** `delivered` is given up so long before the RTU's t1 ends. */
const HOLD_MARGIN_SECONDS = 1;

/**
 * What of the link constants cannot be, or works badly together. A cell that was refused reads as NaN, for which none of these
 * comparisons holds.
 */
export function linkRemarks(settings: LinkSettings): LinkRemark[] {
  const { masterSide, rtuSide } = settings;
  const both = masterSide.t1 === rtuSide.t1 && masterSide.t2 === rtuSide.t2;
  return [
    ...sideRemarks('', masterSide, settings),
    ...sideRemarks('rtu ', rtuSide, settings).filter(({ field }) => !isSame(field, masterSide, rtuSide)),
    ...masterRemarks(masterSide, both),
    ...deliveredRemarks(settings),
  ];
}

/**
 * What one side has in itself. Of two constants that do not fit the one that the row has is named, and of the other where it
 * comes from.
 *
 * @param prefix of its columns
 */
function sideRemarks(prefix: '' | 'rtu ', side: LinkSide, settings: LinkSettings): LinkRemark[] {
  const { t1, t2, t3, w, k } = side;
  const { idleTime, buffsize, isGiven } = settings;
  const remarks: LinkRemark[] = [];
  const remark = (fields: readonly ColumnName[], reason: string, severity: LinkRemark['severity']): void => {
    const [usual = 'id'] = fields;
    remarks.push({ field: fields.find(isGiven) ?? usual, reason, severity });
  };
  /** `t2 (10 s)`, and why that is in force if the row does not say so. */
  const named = (key: LinkSideConstant | 'idletime' | 'buffsize', value: string): string => {
    const column = key === 'idletime' || key === 'buffsize' ? key : (`${prefix}${key}` as const);
    if (isGiven(column)) return `${column} (${value})`;
    return column !== key && isGiven(key) ? `${column} (${value}, that of ${key})` : `${column} (${value} by default)`;
  };
  if (t2 >= t1) {
    const form = isGiven(`${prefix}t2`) || t1 < 2 ? undefined : `${prefix}t2 = ${Math.floor((2 * t1) / 3)}`;
    const reason = `${named('t2', `${t2} s`)} must be below ${named('t1', `${t1} s`)}${nearest(form)}`;
    remark([`${prefix}t2`, `${prefix}t1`], reason, 'skipped');
  }
  if (buffsize < k) {
    const reason = `${named('buffsize', `${buffsize}`)} must not be below ${named('k', `${k}`)}`;
    remark(prefix === '' ? ['buffsize', 'k'] : ['rtu k'], reason, 'skipped');
  }
  if (3 * w > 2 * k) {
    const reason = `${named('w', `${w}`)} should not exceed two thirds of ${named('k', `${k}`)}: the peer's window may run full`;
    remark([`${prefix}w`, `${prefix}k`], reason, 'warning');
  }
  if (idleTime <= t3) {
    const link = 'a quiet link is closed before its test';
    const reason = `${named('idletime', `${idleTime} s`)} should exceed ${named('t3', `${t3} s`)}: ${link}`;
    remark(prefix === '' ? ['idletime', 't3'] : ['rtu t3'], reason, 'warning');
  }
  return remarks;
}

/** True when the RTU's side has what the masters' side has, where it was said already. */
function isSame(field: string, masterSide: LinkSide, rtuSide: LinkSide): boolean {
  const matters: Readonly<Record<string, readonly LinkSideConstant[]>> = {
    'rtu t2': ['t1', 't2'],
    'rtu t1': ['t1', 't2'],
    'rtu k': ['k'],
    'rtu w': ['w', 'k'],
    'rtu t3': ['t3'],
  };
  return (matters[field] ?? []).every((key) => masterSide[key] === rtuSide[key]);
}

/** What goes badly with masters as they mostly are. @param both the RTU's side has the same times */
function masterRemarks({ t1, t2 }: LinkSide, both: boolean): LinkRemark[] {
  const remarks: LinkRemark[] = [];
  const own = both ? '; if it is the RTU that is so fast, it has columns of its own: rtu t1, rtu t2' : '';
  if (t1 <= MASTERS.t2) {
    const reason =
      `t1 (${t1} s) should exceed the t2 of every master (mostly ${MASTERS.t2} s): ` +
      `one that acknowledges at its t2 is disconnected${own}`;
    remarks.push({ field: 't1', reason, severity: 'warning' });
  }
  if (t2 >= MASTERS.t1) {
    const reason =
      `t2 (${t2} s) should be below the t1 of every master (mostly ${MASTERS.t1} s): ` +
      `a master ends the link when what it sent is not acknowledged${own}`;
    remarks.push({ field: 't2', reason, severity: 'warning' });
  }
  return remarks;
}

/** Under `delivered` the RTU waits for the masters. */
function deliveredRemarks({ rtuSide, ack }: LinkSettings): LinkRemark[] {
  if (ack !== undefined && ack !== 'delivered') return [];
  const remarks: LinkRemark[] = [];
  const how = ack === undefined ? 'delivered, the default in one process' : 'delivered';
  const held = Math.max(rtuSide.t1 - HOLD_MARGIN_SECONDS, rtuSide.t1 / 2);
  if (held <= MASTERS.t2) {
    const reason =
      `the RTU's t1 (${rtuSide.t1} s) leaves ${held} s for a master to acknowledge (ack = ${how}), masters mostly take ` +
      `${MASTERS.t2} s (their t2): events are acknowledged to the RTU before a master has them for certain`;
    remarks.push({ field: 'ack', reason, severity: 'warning' });
  }
  // An RTU whose k is not in the file is known by a small w.
  const window = Math.min(rtuSide.k, Math.ceil((3 * rtuSide.w) / 2));
  if (window < MASTERS.w) {
    const reason =
      `an RTU with k = ${window} waits for each acknowledgement of a master (ack = ${how}), which masters mostly give after ` +
      `${MASTERS.w} ASDUs or ${MASTERS.t2} s: bursts of events become slow; ack = stored or received does without`;
    remarks.push({ field: 'ack', reason, severity: 'warning' });
  }
  return remarks;
}
