import type { ElementKind } from './element.js';
import { ELEMENT_OCTETS } from './element-octets.js';
import { TypeId } from './type-id.js';
import type { KnownTypeId, TypeName } from './type-id.js';

export type TimeTag = 'none' | 'CP24' | 'CP56';

/** Which way a type travels. Answers to control types travel back under the same type. */
export type Direction = 'monitor' | 'control' | 'both';

export interface TypeInfo {
  readonly typeId: KnownTypeId;
  readonly name: TypeName;
  /** What it is, such as `measured value, short float`. */
  readonly text: string;
  /** Information elements of one object, in wire order, without the IOA. */
  readonly layout: readonly ElementKind[];
  /** Octets of these elements. For F_SG_NA_1 the least: its segment has a length of its own. */
  readonly elementOctets: number;
  /** True when `elementOctets` is only the least. */
  readonly variable: boolean;
  readonly timeTag: TimeTag;
  readonly direction: Direction;
  /** False for what only 101 selects: CP24Time2a types, C_TS_NA_1 and C_CD_NA_1. */
  readonly profile104: boolean;
  /** True when the standard defines SQ = 1 for this type. (The decoder accepts it on all.) */
  readonly sequence: boolean;
}

/** Information elements of each type, in wire order (IEC 60870-5-101 clause 7.3, 60870-5-104 clause 8). */
export const LAYOUTS = {
  M_SP_NA_1: ['SIQ'],
  M_SP_TA_1: ['SIQ', 'CP24'],
  M_DP_NA_1: ['DIQ'],
  M_DP_TA_1: ['DIQ', 'CP24'],
  M_ST_NA_1: ['VTI', 'QDS'],
  M_ST_TA_1: ['VTI', 'QDS', 'CP24'],
  M_BO_NA_1: ['BSI', 'QDS'],
  M_BO_TA_1: ['BSI', 'QDS', 'CP24'],
  M_ME_NA_1: ['NVA', 'QDS'],
  M_ME_TA_1: ['NVA', 'QDS', 'CP24'],
  M_ME_NB_1: ['SVA', 'QDS'],
  M_ME_TB_1: ['SVA', 'QDS', 'CP24'],
  M_ME_NC_1: ['R32', 'QDS'],
  M_ME_TC_1: ['R32', 'QDS', 'CP24'],
  M_IT_NA_1: ['BCR'],
  M_IT_TA_1: ['BCR', 'CP24'],
  M_EP_TA_1: ['SEP', 'CP16', 'CP24'],
  M_EP_TB_1: ['SPE', 'QDP', 'CP16', 'CP24'],
  M_EP_TC_1: ['OCI', 'QDP', 'CP16', 'CP24'],
  M_PS_NA_1: ['SCD', 'QDS'],
  M_ME_ND_1: ['NVA'],
  M_SP_TB_1: ['SIQ', 'CP56'],
  M_DP_TB_1: ['DIQ', 'CP56'],
  M_ST_TB_1: ['VTI', 'QDS', 'CP56'],
  M_BO_TB_1: ['BSI', 'QDS', 'CP56'],
  M_ME_TD_1: ['NVA', 'QDS', 'CP56'],
  M_ME_TE_1: ['SVA', 'QDS', 'CP56'],
  M_ME_TF_1: ['R32', 'QDS', 'CP56'],
  M_IT_TB_1: ['BCR', 'CP56'],
  M_EP_TD_1: ['SEP', 'CP16', 'CP56'],
  M_EP_TE_1: ['SPE', 'QDP', 'CP16', 'CP56'],
  M_EP_TF_1: ['OCI', 'QDP', 'CP16', 'CP56'],
  C_SC_NA_1: ['SCO'],
  C_DC_NA_1: ['DCO'],
  C_RC_NA_1: ['RCO'],
  C_SE_NA_1: ['NVA', 'QOS'],
  C_SE_NB_1: ['SVA', 'QOS'],
  C_SE_NC_1: ['R32', 'QOS'],
  C_BO_NA_1: ['BSI'],
  C_SC_TA_1: ['SCO', 'CP56'],
  C_DC_TA_1: ['DCO', 'CP56'],
  C_RC_TA_1: ['RCO', 'CP56'],
  C_SE_TA_1: ['NVA', 'QOS', 'CP56'],
  C_SE_TB_1: ['SVA', 'QOS', 'CP56'],
  C_SE_TC_1: ['R32', 'QOS', 'CP56'],
  C_BO_TA_1: ['BSI', 'CP56'],
  M_EI_NA_1: ['COI'],
  C_IC_NA_1: ['QOI'],
  C_CI_NA_1: ['QCC'],
  C_RD_NA_1: [],
  C_CS_NA_1: ['CP56'],
  C_TS_NA_1: ['FBP'],
  C_RP_NA_1: ['QRP'],
  C_CD_NA_1: ['CP16'],
  C_TS_TA_1: ['TSC', 'CP56'],
  P_ME_NA_1: ['NVA', 'QPM'],
  P_ME_NB_1: ['SVA', 'QPM'],
  P_ME_NC_1: ['R32', 'QPM'],
  P_AC_NA_1: ['QPA'],
  F_FR_NA_1: ['NOF', 'LOF', 'FRQ'],
  F_SR_NA_1: ['NOF', 'NOS', 'LOF', 'SRQ'],
  F_SC_NA_1: ['NOF', 'NOS', 'SCQ'],
  F_LS_NA_1: ['NOF', 'NOS', 'LSQ', 'CHS'],
  F_AF_NA_1: ['NOF', 'NOS', 'AFQ'],
  F_SG_NA_1: ['NOF', 'NOS', 'SEG'],
  F_DR_TA_1: ['NOF', 'LOF', 'SOF', 'CP56'],
  F_SC_NB_1: ['NOF', 'RANGE_START', 'RANGE_STOP'],
} as const satisfies Record<TypeName, readonly ElementKind[]>;

const TEXTS: Record<TypeName, string> = {
  M_SP_NA_1: 'single point',
  M_SP_TA_1: 'single point, CP24Time2a',
  M_DP_NA_1: 'double point',
  M_DP_TA_1: 'double point, CP24Time2a',
  M_ST_NA_1: 'step position',
  M_ST_TA_1: 'step position, CP24Time2a',
  M_BO_NA_1: 'bitstring of 32 bits',
  M_BO_TA_1: 'bitstring of 32 bits, CP24Time2a',
  M_ME_NA_1: 'measured value, normalized',
  M_ME_TA_1: 'measured value, normalized, CP24Time2a',
  M_ME_NB_1: 'measured value, scaled',
  M_ME_TB_1: 'measured value, scaled, CP24Time2a',
  M_ME_NC_1: 'measured value, short float',
  M_ME_TC_1: 'measured value, short float, CP24Time2a',
  M_IT_NA_1: 'integrated total',
  M_IT_TA_1: 'integrated total, CP24Time2a',
  M_EP_TA_1: 'event of protection equipment, CP24Time2a',
  M_EP_TB_1: 'packed start events of protection equipment, CP24Time2a',
  M_EP_TC_1: 'packed output circuit information of protection equipment, CP24Time2a',
  M_PS_NA_1: 'packed single points with change detection',
  M_ME_ND_1: 'measured value, normalized, without quality',
  M_SP_TB_1: 'single point, CP56Time2a',
  M_DP_TB_1: 'double point, CP56Time2a',
  M_ST_TB_1: 'step position, CP56Time2a',
  M_BO_TB_1: 'bitstring of 32 bits, CP56Time2a',
  M_ME_TD_1: 'measured value, normalized, CP56Time2a',
  M_ME_TE_1: 'measured value, scaled, CP56Time2a',
  M_ME_TF_1: 'measured value, short float, CP56Time2a',
  M_IT_TB_1: 'integrated total, CP56Time2a',
  M_EP_TD_1: 'event of protection equipment, CP56Time2a',
  M_EP_TE_1: 'packed start events of protection equipment, CP56Time2a',
  M_EP_TF_1: 'packed output circuit information of protection equipment, CP56Time2a',
  C_SC_NA_1: 'single command',
  C_DC_NA_1: 'double command',
  C_RC_NA_1: 'regulating step command',
  C_SE_NA_1: 'set-point command, normalized',
  C_SE_NB_1: 'set-point command, scaled',
  C_SE_NC_1: 'set-point command, short float',
  C_BO_NA_1: 'bitstring command of 32 bits',
  C_SC_TA_1: 'single command, CP56Time2a',
  C_DC_TA_1: 'double command, CP56Time2a',
  C_RC_TA_1: 'regulating step command, CP56Time2a',
  C_SE_TA_1: 'set-point command, normalized, CP56Time2a',
  C_SE_TB_1: 'set-point command, scaled, CP56Time2a',
  C_SE_TC_1: 'set-point command, short float, CP56Time2a',
  C_BO_TA_1: 'bitstring command of 32 bits, CP56Time2a',
  M_EI_NA_1: 'end of initialization',
  C_IC_NA_1: 'interrogation command',
  C_CI_NA_1: 'counter interrogation command',
  C_RD_NA_1: 'read command',
  C_CS_NA_1: 'clock synchronization command',
  C_TS_NA_1: 'test command',
  C_RP_NA_1: 'reset process command',
  C_CD_NA_1: 'delay acquisition command',
  C_TS_TA_1: 'test command, CP56Time2a',
  P_ME_NA_1: 'parameter of measured value, normalized',
  P_ME_NB_1: 'parameter of measured value, scaled',
  P_ME_NC_1: 'parameter of measured value, short float',
  P_AC_NA_1: 'parameter activation',
  F_FR_NA_1: 'file ready',
  F_SR_NA_1: 'section ready',
  F_SC_NA_1: 'call directory, select file, call file, call section',
  F_LS_NA_1: 'last section, last segment',
  F_AF_NA_1: 'acknowledge file, acknowledge section',
  F_SG_NA_1: 'segment',
  F_DR_TA_1: 'directory, CP56Time2a',
  F_SC_NB_1: 'query log',
};

const NOT_IN_104 = new Set<TypeName>(['C_TS_NA_1', 'C_CD_NA_1']);

const SEQUENCES = new Set<TypeName>([
  'M_SP_NA_1',
  'M_DP_NA_1',
  'M_ST_NA_1',
  'M_BO_NA_1',
  'M_ME_NA_1',
  'M_ME_NB_1',
  'M_ME_NC_1',
  'M_IT_NA_1',
  'M_PS_NA_1',
  'M_ME_ND_1',
  'F_DR_TA_1',
]);

function directionOf(typeId: number): Direction {
  if (typeId === TypeId.F_DR_TA_1) return 'monitor';
  if (typeId === TypeId.F_SC_NB_1) return 'control';
  if (typeId >= TypeId.F_FR_NA_1) return 'both';
  return typeId <= TypeId.M_EP_TF_1 || typeId === TypeId.M_EI_NA_1 ? 'monitor' : 'control';
}

function timeTagOf(layout: readonly ElementKind[]): TimeTag {
  if (layout.includes('CP56')) return 'CP56';
  return layout.includes('CP24') ? 'CP24' : 'none';
}

function describeType(name: TypeName): TypeInfo {
  const layout: readonly ElementKind[] = LAYOUTS[name];
  const typeId = TypeId[name];
  const timeTag = timeTagOf(layout);
  return {
    typeId,
    name,
    text: TEXTS[name],
    layout,
    elementOctets: layout.reduce((sum, kind) => sum + ELEMENT_OCTETS[kind], 0),
    variable: layout.includes('SEG'),
    timeTag,
    direction: directionOf(typeId),
    profile104: timeTag !== 'CP24' && !NOT_IN_104.has(name),
    sequence: SEQUENCES.has(name),
  };
}

/** Every known type, in the order of the type identifications. */
export const TYPES: readonly TypeInfo[] = (Object.keys(TypeId) as TypeName[]).map(describeType);

const BY_ID: (TypeInfo | undefined)[] = new Array<TypeInfo | undefined>(256).fill(undefined);
const BY_NAME = new Map<string, TypeInfo>();
for (const info of TYPES) {
  BY_ID[info.typeId] = info;
  BY_NAME.set(info.name, info);
}

/** The type's row of the table; undefined for reserved and private type identifications. */
export function typeInfo(typeId: number): TypeInfo | undefined {
  return BY_ID[typeId];
}

/** As `typeInfo`, by standard name such as `M_SP_NA_1` (upper case). */
export function typeByName(name: string): TypeInfo | undefined {
  return BY_NAME.get(name);
}

/** Standard name of a type, `TYPE_<n>` for reserved and private ones, so it is always printable. */
export function typeName(typeId: number): TypeName | `TYPE_${number}` {
  return BY_ID[typeId]?.name ?? `TYPE_${typeId}`;
}
