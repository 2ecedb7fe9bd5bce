/**
 * Type identifications by their standard names (IEC 60870-5-101 clause 7.2.1, IEC 60870-5-104 clause 8).
 *
 * Types with CP24Time2a, C_TS_NA_1 and C_CD_NA_1 exist in 101 only; they are listed because gateways and older RTUs
 * send them over 104 all the same. `typeInfo(id)?.profile104` tells the two apart.
 */
export const TypeId = {
  // Process information in monitor direction.
  M_SP_NA_1: 1,
  M_SP_TA_1: 2,
  M_DP_NA_1: 3,
  M_DP_TA_1: 4,
  M_ST_NA_1: 5,
  M_ST_TA_1: 6,
  M_BO_NA_1: 7,
  M_BO_TA_1: 8,
  M_ME_NA_1: 9,
  M_ME_TA_1: 10,
  M_ME_NB_1: 11,
  M_ME_TB_1: 12,
  M_ME_NC_1: 13,
  M_ME_TC_1: 14,
  M_IT_NA_1: 15,
  M_IT_TA_1: 16,
  M_EP_TA_1: 17,
  M_EP_TB_1: 18,
  M_EP_TC_1: 19,
  M_PS_NA_1: 20,
  M_ME_ND_1: 21,
  M_SP_TB_1: 30,
  M_DP_TB_1: 31,
  M_ST_TB_1: 32,
  M_BO_TB_1: 33,
  M_ME_TD_1: 34,
  M_ME_TE_1: 35,
  M_ME_TF_1: 36,
  M_IT_TB_1: 37,
  M_EP_TD_1: 38,
  M_EP_TE_1: 39,
  M_EP_TF_1: 40,
  // Process information in control direction.
  C_SC_NA_1: 45,
  C_DC_NA_1: 46,
  C_RC_NA_1: 47,
  C_SE_NA_1: 48,
  C_SE_NB_1: 49,
  C_SE_NC_1: 50,
  C_BO_NA_1: 51,
  C_SC_TA_1: 58,
  C_DC_TA_1: 59,
  C_RC_TA_1: 60,
  C_SE_TA_1: 61,
  C_SE_TB_1: 62,
  C_SE_TC_1: 63,
  C_BO_TA_1: 64,
  // System information.
  M_EI_NA_1: 70,
  C_IC_NA_1: 100,
  C_CI_NA_1: 101,
  C_RD_NA_1: 102,
  C_CS_NA_1: 103,
  C_TS_NA_1: 104,
  C_RP_NA_1: 105,
  C_CD_NA_1: 106,
  C_TS_TA_1: 107,
  // Parameters in control direction.
  P_ME_NA_1: 110,
  P_ME_NB_1: 111,
  P_ME_NC_1: 112,
  P_AC_NA_1: 113,
  // File transfer.
  F_FR_NA_1: 120,
  F_SR_NA_1: 121,
  F_SC_NA_1: 122,
  F_LS_NA_1: 123,
  F_AF_NA_1: 124,
  F_SG_NA_1: 125,
  F_DR_TA_1: 126,
  F_SC_NB_1: 127,
} as const;

/** Standard name of a known type, such as `M_SP_NA_1`. */
export type TypeName = keyof typeof TypeId;

/** Number of a known type. Any other 0..255 is reserved or private and stays opaque. */
export type KnownTypeId = (typeof TypeId)[TypeName];

/** Last TypeID of process information in monitor direction. */
export const LAST_MONITOR_TYPE = 40;
