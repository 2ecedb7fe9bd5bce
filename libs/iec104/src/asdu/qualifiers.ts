/** Qualifier of interrogation (clause 7.2.6.22): 20 = whole station, 21..36 = group 1..16. */
export const Qoi = { STATION: 20, GROUP_1: 21, GROUP_16: 36 } as const;

/** QCC request field RQT (clause 7.2.6.23): which counters. */
export const Rqt = { GROUP_1: 1, GROUP_2: 2, GROUP_3: 3, GROUP_4: 4, GENERAL: 5 } as const;

/** QCC freeze field FRZ (clause 7.2.6.23). */
export const Frz = { READ: 0, FREEZE: 1, FREEZE_AND_RESET: 2, RESET: 3 } as const;

/** Cause of initialization (clause 7.2.6.21). */
export const Coi = { POWER_ON: 0, LOCAL_RESET: 1, REMOTE_RESET: 2 } as const;

/** Qualifier of reset process (clause 7.2.6.27). */
export const Qrp = { PROCESS_RESET: 1, CLEAR_EVENT_BUFFER: 2 } as const;

/** Qualifier of command QU (clause 7.2.6.26). */
export const Qu = { NONE: 0, SHORT_PULSE: 1, LONG_PULSE: 2, PERSISTENT: 3 } as const;

/** Kind of parameter KPA in the qualifier of parameter QPM (clause 7.2.6.24). */
export const Kpa = { THRESHOLD: 1, SMOOTHING: 2, LOW_LIMIT: 3, HIGH_LIMIT: 4 } as const;

/** Qualifier of parameter activation (clause 7.2.6.25). */
export const Qpa = { GENERAL: 1, OBJECT: 2, TRANSMISSION: 3 } as const;

/** Double-point states (clause 7.2.6.2); the event state ES of protection equipment uses the same four. */
export const DoublePoint = { INTERMEDIATE: 0, OFF: 1, ON: 2, INDETERMINATE: 3 } as const;

/** Double command states (clause 7.2.6.16); 0 and 3 are not permitted. */
export const DoubleCommand = { OFF: 1, ON: 2 } as const;

/** Regulating step command states (clause 7.2.6.17); 0 and 3 are not permitted. */
export const StepCommand = { LOWER: 1, HIGHER: 2 } as const;

/** The fixed test pattern FBP of C_TS_NA_1 (clause 7.2.6.14): octets AA 55 on the wire. */
export const TEST_PATTERN = 0x55aa;

export function qoiText(qoi: number): string {
  if (qoi === Qoi.STATION) return 'station interrogation';
  if (qoi >= Qoi.GROUP_1 && qoi <= Qoi.GROUP_16) return `interrogation of group ${qoi - Qoi.GROUP_1 + 1}`;
  return outside(qoi, 64);
}

export function rqtText(rqt: number): string {
  if (rqt === Rqt.GENERAL) return 'general counter request';
  if (rqt >= Rqt.GROUP_1 && rqt <= Rqt.GROUP_4) return `counter group ${rqt}`;
  return outside(rqt, 32);
}

export function frzText(frz: number): string {
  return ['read, no freeze or reset', 'freeze without reset', 'freeze with reset', 'reset'][frz] ?? 'reserved';
}

export function coiText(coi: number): string {
  return ['local power switch on', 'local manual reset', 'remote reset'][coi] ?? outside(coi, 32);
}

export function qrpText(qrp: number): string {
  return ['not used', 'general reset of process', 'reset of pending time-tagged events'][qrp] ?? outside(qrp, 128);
}

export function quText(qu: number): string {
  if (qu <= 3) return ['no additional definition', 'short pulse', 'long pulse', 'persistent output'][qu] ?? '';
  return outside(qu, 16);
}

export function qlText(ql: number): string {
  return ql === 0 ? 'default' : outside(ql, 64);
}

export function kpaText(kpa: number): string {
  const names = ['not used', 'threshold value', 'smoothing factor', 'low limit', 'high limit'];
  return names[kpa] ?? outside(kpa, 32);
}

export function qpaText(qpa: number): string {
  const names = ['not used', 'of previously loaded parameters', 'of the addressed object', 'of cyclic transmission'];
  return names[qpa] ?? outside(qpa, 128);
}

/** Name of a double-point state 0..3. */
export function doublePointName(state: number): string {
  return ['INTERMEDIATE', 'OFF', 'ON', 'INDETERMINATE'][state] ?? `STATE_${state}`;
}

/** Name of a double command state 0..3. */
export function doubleCommandName(state: number): string {
  return ['NOT_PERMITTED', 'OFF', 'ON', 'NOT_PERMITTED'][state] ?? `STATE_${state}`;
}

/** Name of a regulating step command state 0..3. */
export function stepCommandName(state: number): string {
  return ['NOT_PERMITTED', 'LOWER', 'HIGHER', 'NOT_PERMITTED'][state] ?? `STATE_${state}`;
}

/** Below the first private value everything not named is reserved by the standard. */
function outside(value: number, firstPrivate: number): string {
  return value < firstPrivate ? 'reserved' : 'private range';
}
