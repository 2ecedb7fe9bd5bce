import { encodeAsdu } from './asdu-codec.js';
import { Cause } from './cause.js';
import { Coi, Frz, Qoi, Qrp, Rqt } from './qualifiers.js';
import type { Cp56Time } from './time-tag.js';

/*
 * The ASDUs one sends most, on top of `encodeAsdu`: every builder returns new octets and throws its Iec104Error
 * `ASDU_VALUE_RANGE` for what does not fit. The cause is ACT unless said otherwise, so `{ cot: Cause.DEACT }` makes the
 * deactivation. Answers are not built but mirrored, see `mirror`.
 */

export interface SystemOptions {
  /** Cause of transmission instead of the command's usual one. */
  cot?: number;
  /** Originator address, 0 when left out. */
  oa?: number;
  negative?: boolean;
  test?: boolean;
}

export interface CommandOptions extends SystemOptions {
  /** S/E: true = select, false or left out = execute. */
  select?: boolean;
  /** Qualifier of command QU 0..31 (set-points: QL 0..127), 0 when left out. */
  qualifier?: number;
  /** Makes it the type with CP56Time2a (58..64). */
  time?: Cp56Time;
}

interface Unit {
  cot: number;
  ca: number;
  oa?: number;
  negative?: boolean;
  test?: boolean;
}

function unit(ca: number, options: SystemOptions, usualCause: number = Cause.ACT): Unit {
  const { oa = 0, negative = false, test = false, cot = usualCause } = options;
  return { ca, cot, oa, negative, test };
}

/** C_IC_NA_1. @param qoi 20 = station, 21..36 = group 1..16 */
export function interrogation(ca: number, qoi: number = Qoi.STATION, options: SystemOptions = {}): Uint8Array {
  return encodeAsdu({ type: 'C_IC_NA_1', ...unit(ca, options), objects: [{ ioa: 0, qoi }] });
}

/** C_CI_NA_1. @param rqt 5 = general, 1..4 = group @param frz 0 = read, 1..3 = freeze and reset, see `Frz` */
export function counterInterrogation(
  ca: number,
  rqt: number = Rqt.GENERAL,
  frz: number = Frz.READ,
  options: SystemOptions = {},
): Uint8Array {
  return encodeAsdu({ type: 'C_CI_NA_1', ...unit(ca, options), objects: [{ ioa: 0, rqt, frz }] });
}

/** C_RD_NA_1, cause REQ: there is no ACT_CON, the answer is the object itself. */
export function readCommand(ca: number, ioa: number, options: SystemOptions = {}): Uint8Array {
  return encodeAsdu({ type: 'C_RD_NA_1', ...unit(ca, options, Cause.REQ), objects: [{ ioa }] });
}

/** C_CS_NA_1. `epochMsToCp56` makes the time. */
export function clockSync(ca: number, time: Cp56Time, options: SystemOptions = {}): Uint8Array {
  return encodeAsdu({ type: 'C_CS_NA_1', ...unit(ca, options), objects: [{ ioa: 0, time }] });
}

/** C_RP_NA_1. @param qrp 1 = reset of the process, 2 = clear the event buffer */
export function resetProcess(ca: number, qrp: number = Qrp.PROCESS_RESET, options: SystemOptions = {}): Uint8Array {
  return encodeAsdu({ type: 'C_RP_NA_1', ...unit(ca, options), objects: [{ ioa: 0, qrp }] });
}

/** C_TS_TA_1. @param counter test sequence counter 0..65535 */
export function testCommand(ca: number, counter: number, time: Cp56Time, options: SystemOptions = {}): Uint8Array {
  return encodeAsdu({ type: 'C_TS_TA_1', ...unit(ca, options), objects: [{ ioa: 0, counter, time }] });
}

/** M_EI_NA_1, cause INIT. @param coi 0 = power on, 1 = local reset, 2 = remote reset */
export function endOfInitialization(
  ca: number,
  coi: number = Coi.POWER_ON,
  options: SystemOptions & { parametersChanged?: boolean } = {},
): Uint8Array {
  const { parametersChanged = false } = options;
  return encodeAsdu({
    type: 'M_EI_NA_1',
    ...unit(ca, options, Cause.INIT),
    objects: [{ ioa: 0, coi, parametersChanged }],
  });
}

/** C_SC_NA_1, or C_SC_TA_1 with `time`. */
export function singleCommand(ca: number, ioa: number, value: boolean, options: CommandOptions = {}): Uint8Array {
  const { select = false, qualifier: qu = 0, time } = options;
  const object = { ioa, value, qu, select };
  return time === undefined
    ? encodeAsdu({ type: 'C_SC_NA_1', ...unit(ca, options), objects: [object] })
    : encodeAsdu({ type: 'C_SC_TA_1', ...unit(ca, options), objects: [{ ...object, time }] });
}

/** C_DC_NA_1, or C_DC_TA_1 with `time`. @param value 1 = off, 2 = on */
export function doubleCommand(ca: number, ioa: number, value: number, options: CommandOptions = {}): Uint8Array {
  return stateCommand('C_DC_NA_1', 'C_DC_TA_1', ca, ioa, value, options);
}

/** C_RC_NA_1, or C_RC_TA_1 with `time`. @param value 1 = lower, 2 = higher */
export function stepCommand(ca: number, ioa: number, value: number, options: CommandOptions = {}): Uint8Array {
  return stateCommand('C_RC_NA_1', 'C_RC_TA_1', ca, ioa, value, options);
}

/** C_SE_NA_1, or C_SE_TA_1 with `time`. @param value -1..1-2^-15, rounded to steps of 2^-15 */
export function setpointNormalized(ca: number, ioa: number, value: number, options: CommandOptions = {}): Uint8Array {
  return setpoint('C_SE_NA_1', 'C_SE_TA_1', ca, ioa, value, options);
}

/** C_SE_NB_1, or C_SE_TB_1 with `time`. @param value -32768..32767 */
export function setpointScaled(ca: number, ioa: number, value: number, options: CommandOptions = {}): Uint8Array {
  return setpoint('C_SE_NB_1', 'C_SE_TB_1', ca, ioa, value, options);
}

/** C_SE_NC_1, or C_SE_TC_1 with `time`. @param value single precision */
export function setpointFloat(ca: number, ioa: number, value: number, options: CommandOptions = {}): Uint8Array {
  return setpoint('C_SE_NC_1', 'C_SE_TC_1', ca, ioa, value, options);
}

/** C_BO_NA_1, or C_BO_TA_1 with `time`. It has neither qualifier nor select. @param value 0..0xFFFFFFFF */
export function bitstringCommand(
  ca: number,
  ioa: number,
  value: number,
  options: SystemOptions & { time?: Cp56Time } = {},
): Uint8Array {
  const { time } = options;
  return time === undefined
    ? encodeAsdu({ type: 'C_BO_NA_1', ...unit(ca, options), objects: [{ ioa, value }] })
    : encodeAsdu({ type: 'C_BO_TA_1', ...unit(ca, options), objects: [{ ioa, value, time }] });
}

function stateCommand(
  type: 'C_DC_NA_1' | 'C_RC_NA_1',
  timedType: 'C_DC_TA_1' | 'C_RC_TA_1',
  ca: number,
  ioa: number,
  value: number,
  options: CommandOptions,
): Uint8Array {
  const { select = false, qualifier: qu = 0, time } = options;
  const object = { ioa, value, qu, select };
  return time === undefined
    ? encodeAsdu({ type, ...unit(ca, options), objects: [object] })
    : encodeAsdu({ type: timedType, ...unit(ca, options), objects: [{ ...object, time }] });
}

function setpoint(
  type: 'C_SE_NA_1' | 'C_SE_NB_1' | 'C_SE_NC_1',
  timedType: 'C_SE_TA_1' | 'C_SE_TB_1' | 'C_SE_TC_1',
  ca: number,
  ioa: number,
  value: number,
  options: CommandOptions,
): Uint8Array {
  const { select = false, qualifier: ql = 0, time } = options;
  const object = { ioa, value, ql, select };
  return time === undefined
    ? encodeAsdu({ type, ...unit(ca, options), objects: [object] })
    : encodeAsdu({ type: timedType, ...unit(ca, options), objects: [{ ...object, time }] });
}
