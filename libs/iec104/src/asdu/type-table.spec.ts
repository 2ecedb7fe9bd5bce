import { describe, expect, it } from 'vitest';
import { Cause, causeName, causeText, TypeId, typeByName, typeInfo, typeName, TYPES } from './index.js';
import type { TypeName } from './index.js';

/*
 * TypeID, name and octets of the elements of one object, counted by hand from the figures of IEC 60870-5-101
 * clause 7.3 (without IOA): an independent second source for the layouts.
 */
const EXPECTED: [number, TypeName, number][] = [
  [1, 'M_SP_NA_1', 1],
  [2, 'M_SP_TA_1', 4],
  [3, 'M_DP_NA_1', 1],
  [4, 'M_DP_TA_1', 4],
  [5, 'M_ST_NA_1', 2],
  [6, 'M_ST_TA_1', 5],
  [7, 'M_BO_NA_1', 5],
  [8, 'M_BO_TA_1', 8],
  [9, 'M_ME_NA_1', 3],
  [10, 'M_ME_TA_1', 6],
  [11, 'M_ME_NB_1', 3],
  [12, 'M_ME_TB_1', 6],
  [13, 'M_ME_NC_1', 5],
  [14, 'M_ME_TC_1', 8],
  [15, 'M_IT_NA_1', 5],
  [16, 'M_IT_TA_1', 8],
  [17, 'M_EP_TA_1', 6],
  [18, 'M_EP_TB_1', 7],
  [19, 'M_EP_TC_1', 7],
  [20, 'M_PS_NA_1', 5],
  [21, 'M_ME_ND_1', 2],
  [30, 'M_SP_TB_1', 8],
  [31, 'M_DP_TB_1', 8],
  [32, 'M_ST_TB_1', 9],
  [33, 'M_BO_TB_1', 12],
  [34, 'M_ME_TD_1', 10],
  [35, 'M_ME_TE_1', 10],
  [36, 'M_ME_TF_1', 12],
  [37, 'M_IT_TB_1', 12],
  [38, 'M_EP_TD_1', 10],
  [39, 'M_EP_TE_1', 11],
  [40, 'M_EP_TF_1', 11],
  [45, 'C_SC_NA_1', 1],
  [46, 'C_DC_NA_1', 1],
  [47, 'C_RC_NA_1', 1],
  [48, 'C_SE_NA_1', 3],
  [49, 'C_SE_NB_1', 3],
  [50, 'C_SE_NC_1', 5],
  [51, 'C_BO_NA_1', 4],
  [58, 'C_SC_TA_1', 8],
  [59, 'C_DC_TA_1', 8],
  [60, 'C_RC_TA_1', 8],
  [61, 'C_SE_TA_1', 10],
  [62, 'C_SE_TB_1', 10],
  [63, 'C_SE_TC_1', 12],
  [64, 'C_BO_TA_1', 11],
  [70, 'M_EI_NA_1', 1],
  [100, 'C_IC_NA_1', 1],
  [101, 'C_CI_NA_1', 1],
  [102, 'C_RD_NA_1', 0],
  [103, 'C_CS_NA_1', 7],
  [104, 'C_TS_NA_1', 2],
  [105, 'C_RP_NA_1', 1],
  [106, 'C_CD_NA_1', 2],
  [107, 'C_TS_TA_1', 9],
  [110, 'P_ME_NA_1', 3],
  [111, 'P_ME_NB_1', 3],
  [112, 'P_ME_NC_1', 5],
  [113, 'P_AC_NA_1', 1],
  [120, 'F_FR_NA_1', 6],
  [121, 'F_SR_NA_1', 7],
  [122, 'F_SC_NA_1', 4],
  [123, 'F_LS_NA_1', 5],
  [124, 'F_AF_NA_1', 4],
  [125, 'F_SG_NA_1', 4],
  [126, 'F_DR_TA_1', 13],
  [127, 'F_SC_NB_1', 16],
];

describe('the type table', () => {
  it('has exactly the types of the standard, with their sizes', () => {
    expect(TYPES.map(({ typeId, name, elementOctets }) => [typeId, name, elementOctets])).toEqual(EXPECTED);
  });

  it('finds a type by number and by name', () => {
    for (const [typeId, name] of EXPECTED) {
      expect(TypeId[name]).toBe(typeId);
      expect(typeInfo(typeId)?.name).toBe(name);
      expect(typeByName(name)?.typeId).toBe(typeId);
      expect(typeName(typeId)).toBe(name);
    }
    expect(typeInfo(41)).toBeUndefined();
    expect(typeInfo(256)).toBeUndefined();
    expect(typeInfo(-1)).toBeUndefined();
    expect(typeByName('toString')).toBeUndefined();
    expect(typeName(200)).toBe('TYPE_200');
  });

  it('says which way a type travels', () => {
    const ids = (direction: string) => TYPES.filter((info) => info.direction === direction).map((info) => info.typeId);
    expect(ids('monitor')).toEqual([...EXPECTED.map(([id]) => id).filter((id) => id <= 40), 70, 126]);
    expect(ids('both')).toEqual([120, 121, 122, 123, 124, 125]);
    expect(ids('control')).toEqual(
      EXPECTED.map(([id]) => id).filter((id) => (id > 40 && id < 120 && id !== 70) || id === 127),
    );
  });

  it('knows time tags, the 104 profile and sequences', () => {
    const ids = (select: (info: (typeof TYPES)[number]) => boolean) => TYPES.filter(select).map((info) => info.typeId);
    const cp24 = [2, 4, 6, 8, 10, 12, 14, 16, 17, 18, 19];
    expect(ids((info) => info.timeTag === 'CP24')).toEqual(cp24);
    expect(ids((info) => info.timeTag === 'CP56')).toEqual([
      30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 58, 59, 60, 61, 62, 63, 64, 103, 107, 126,
    ]);
    expect(ids((info) => !info.profile104)).toEqual([...cp24, 104, 106]);
    expect(ids((info) => info.sequence)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 20, 21, 126]);
    expect(ids((info) => info.variable)).toEqual([125]);
  });
});

describe('the cause table', () => {
  it('names every cause and prints the others', () => {
    for (const [name, cause] of Object.entries(Cause)) expect(causeName(cause)).toBe(name);
    const named = new Set<number>(Object.values(Cause));
    expect([...named].sort((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37,
      38, 39, 40, 41, 44, 45, 46, 47,
    ]);
    expect(causeName(0)).toBe('COT_0');
    expect(causeName(48)).toBe('COT_48');
  });

  it('has words for all 64', () => {
    expect(causeText(Cause.SPONT)).toBe('spontaneous');
    expect(causeText(Cause.INRO16)).toBe('interrogated by group 16');
    expect(causeText(Cause.REQCO4)).toBe('requested by group 4 counter request');
    expect([0, 14, 17, 42, 63].map(causeText)).toEqual([
      'not used',
      'authentication (IEC 60870-5-7)',
      'reserved',
      'reserved',
      'private range',
    ]);
    for (let cause = 0; cause < 64; cause++) expect(causeText(cause)).not.toBe('');
  });
});
