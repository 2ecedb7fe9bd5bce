import { type ObjectInput, TypeId, type TypeName } from '@iec104mm2ss/iec104';
import { qualityFlags } from './quality.js';

/** What a point is. A command has the kind of the point it works on, unless the point list says otherwise. */
export type PointKind = 'single' | 'double' | 'step' | 'bitstring' | 'normalized' | 'scaled' | 'float' | 'counter';

/** Kinds that can be commanded; `step` is the regulating step command. */
export type CommandKind = Exclude<PointKind, 'counter'>;

export interface PointKindInfo {
  /** Type without time tag, for interrogations and reads. */
  readonly plain: TypeName;
  /** Type with CP56Time2a, for events. */
  readonly timed: TypeName;
  /** Command types without and with CP56Time2a; absent for counters. */
  readonly command?: { readonly plain: TypeName; readonly timed: TypeName };
  readonly min: number;
  readonly max: number;
  /** True when only integers are values of this kind. */
  readonly integer: boolean;
}

export const POINT_KINDS: Readonly<Record<PointKind, PointKindInfo>> = {
  single: {
    plain: 'M_SP_NA_1',
    timed: 'M_SP_TB_1',
    command: { plain: 'C_SC_NA_1', timed: 'C_SC_TA_1' },
    min: 0,
    max: 1,
    integer: true,
  },
  double: {
    plain: 'M_DP_NA_1',
    timed: 'M_DP_TB_1',
    command: { plain: 'C_DC_NA_1', timed: 'C_DC_TA_1' },
    min: 0,
    max: 3,
    integer: true,
  },
  step: {
    plain: 'M_ST_NA_1',
    timed: 'M_ST_TB_1',
    command: { plain: 'C_RC_NA_1', timed: 'C_RC_TA_1' },
    min: -64,
    max: 63,
    integer: true,
  },
  bitstring: {
    plain: 'M_BO_NA_1',
    timed: 'M_BO_TB_1',
    command: { plain: 'C_BO_NA_1', timed: 'C_BO_TA_1' },
    min: 0,
    max: 0xffffffff,
    integer: true,
  },
  normalized: {
    plain: 'M_ME_NA_1',
    timed: 'M_ME_TD_1',
    command: { plain: 'C_SE_NA_1', timed: 'C_SE_TA_1' },
    min: -1,
    max: 1 - 2 ** -15,
    integer: false,
  },
  scaled: {
    plain: 'M_ME_NB_1',
    timed: 'M_ME_TE_1',
    command: { plain: 'C_SE_NB_1', timed: 'C_SE_TB_1' },
    min: -32768,
    max: 32767,
    integer: true,
  },
  float: {
    plain: 'M_ME_NC_1',
    timed: 'M_ME_TF_1',
    command: { plain: 'C_SE_NC_1', timed: 'C_SE_TC_1' },
    min: -3.4028234663852886e38,
    max: 3.4028234663852886e38,
    integer: false,
  },
  counter: { plain: 'M_IT_NA_1', timed: 'M_IT_TB_1', min: -0x80000000, max: 0x7fffffff, integer: true },
};

export const COMMAND_KINDS: readonly CommandKind[] = [
  'single',
  'double',
  'step',
  'bitstring',
  'normalized',
  'scaled',
  'float',
];

const NORMALIZED_STEPS = 32768;

/** The value a point of this kind really holds: normalized values are whole steps of 2^-15, floats are single precision. */
export function representable(kind: PointKind, value: number): number {
  if (kind === 'normalized') return Math.round(value * NORMALIZED_STEPS) / NORMALIZED_STEPS;
  return kind === 'float' ? Math.fround(value) : value;
}

/** Why no point of the kind can have the value; undefined: it can. 1 will do for the largest normalized one. */
export function whyNoValue(kind: PointKind, value: number): string | undefined {
  const { min, integer } = POINT_KINDS[kind];
  const max = Math.ceil(POINT_KINDS[kind].max);
  if (value >= min && value <= max && (!integer || Number.isInteger(value))) return undefined;
  return `${value} is no value of a ${kind} point: ${integer ? 'an integer ' : ''}from ${min} to ${max}`;
}

/**
 * An information object of the kind's plain type, for `encodeAsdu`. `quality`: bits of its descriptor. Sequence 0..31 is the
 * counter's reading number.
 */
export function plainObject(kind: PointKind, ioa: number, value: number, quality = 0, sequence = 0): ObjectInput {
  const flags = quality === 0 ? undefined : { quality: qualityFlags(kind, quality) };
  if (kind === 'single') return { ioa, value: value !== 0, ...flags };
  if (kind === 'counter') return { ioa, value, sequence, ...flags };
  return { ioa, value, ...flags };
}

export interface CommandTypeInfo {
  readonly kind: CommandKind;
  readonly timed: boolean;
  /** Offset of the octet with the S/E bit within the ASDU; undefined for bitstrings, which have no select. */
  readonly selectOffset: number | undefined;
  /** Octets of the object without IOA and time tag. */
  readonly elementOctets: number;
}

const ELEMENT_OCTETS: Readonly<Record<CommandKind, number>> = {
  single: 1,
  double: 1,
  step: 1,
  normalized: 3,
  scaled: 3,
  float: 5,
  bitstring: 4,
};

/** First octet of an object's elements: behind the data unit identifier and the IOA. */
const ELEMENT_OFFSET = 9;

const COMMAND_TYPES = new Map<number, CommandTypeInfo>();
for (const kind of COMMAND_KINDS) {
  const { command } = POINT_KINDS[kind];
  if (command === undefined) continue;
  const elementOctets = ELEMENT_OCTETS[kind];
  // The qualifier with S/E is the only octet of on/off commands and the last one of set-points.
  const selectOffset = kind === 'bitstring' ? undefined : ELEMENT_OFFSET + elementOctets - 1;
  COMMAND_TYPES.set(TypeId[command.plain], { kind, timed: false, selectOffset, elementOctets });
  COMMAND_TYPES.set(TypeId[command.timed], { kind, timed: true, selectOffset, elementOctets });
}

/** What is known of a process command (types 45-51 and 58-64); undefined for any other type. */
export function commandType(typeId: number): CommandTypeInfo | undefined {
  return COMMAND_TYPES.get(typeId);
}
