/** Causes of transmission, six bits (IEC 60870-5-101 clause 7.2.3), by the standard's abbreviations. */
export const Cause = {
  PERCYC: 1,
  BACK: 2,
  SPONT: 3,
  INIT: 4,
  REQ: 5,
  ACT: 6,
  ACT_CON: 7,
  DEACT: 8,
  DEACT_CON: 9,
  ACT_TERM: 10,
  RETREM: 11,
  RETLOC: 12,
  FILE: 13,
  INROGEN: 20,
  INRO1: 21,
  INRO2: 22,
  INRO3: 23,
  INRO4: 24,
  INRO5: 25,
  INRO6: 26,
  INRO7: 27,
  INRO8: 28,
  INRO9: 29,
  INRO10: 30,
  INRO11: 31,
  INRO12: 32,
  INRO13: 33,
  INRO14: 34,
  INRO15: 35,
  INRO16: 36,
  REQCOGEN: 37,
  REQCO1: 38,
  REQCO2: 39,
  REQCO3: 40,
  REQCO4: 41,
  UNKNOWN_TYPE: 44,
  UNKNOWN_CAUSE: 45,
  UNKNOWN_CA: 46,
  UNKNOWN_IOA: 47,
} as const;

export type CauseName = keyof typeof Cause;

const TEXTS: Partial<Record<CauseName, string>> = {
  PERCYC: 'periodic, cyclic',
  BACK: 'background scan',
  SPONT: 'spontaneous',
  INIT: 'initialized',
  REQ: 'request or requested',
  ACT: 'activation',
  ACT_CON: 'activation confirmation',
  DEACT: 'deactivation',
  DEACT_CON: 'deactivation confirmation',
  ACT_TERM: 'activation termination',
  RETREM: 'return information caused by a remote command',
  RETLOC: 'return information caused by a local command',
  FILE: 'file transfer',
  INROGEN: 'interrogated by station interrogation',
  REQCOGEN: 'requested by general counter request',
  UNKNOWN_TYPE: 'unknown type identification',
  UNKNOWN_CAUSE: 'unknown cause of transmission',
  UNKNOWN_CA: 'unknown common address of ASDU',
  UNKNOWN_IOA: 'unknown information object address',
};

const NAMES = new Map<number, CauseName>();
for (const [name, value] of Object.entries(Cause)) NAMES.set(value, name as CauseName);

/** Abbreviation of a cause, such as `SPONT`; `COT_<n>` for reserved and private values, so it is always printable. */
export function causeName(cause: number): CauseName | `COT_${number}` {
  return NAMES.get(cause) ?? `COT_${cause}`;
}

/** A cause in words, such as `spontaneous`. */
export function causeText(cause: number): string {
  if (cause >= Cause.INRO1 && cause <= Cause.INRO16) return `interrogated by group ${cause - Cause.INRO1 + 1}`;
  if (cause >= Cause.REQCO1 && cause <= Cause.REQCO4)
    return `requested by group ${cause - Cause.REQCO1 + 1} counter request`;
  const name = NAMES.get(cause);
  if (name !== undefined) return TEXTS[name] ?? name;
  if (cause === 0) return 'not used';
  if (cause >= 14 && cause <= 16) return 'authentication (IEC 60870-5-7)';
  return cause >= 48 && cause <= 63 ? 'private range' : 'reserved';
}

/** True for the causes of what an interrogation or counter interrogation brings, 20..41. */
export function isInterrogated(cot: number): boolean {
  return cot >= Cause.INROGEN && cot <= Cause.REQCO4;
}

/** True for the causes of answers to commands (IEC 60870-5-101 clause 7.2.3): mirrored ones, and what was not understood. */
export function isCommandAnswer(cot: number): boolean {
  return (cot >= Cause.ACT && cot <= Cause.ACT_TERM) || (cot >= Cause.UNKNOWN_TYPE && cot <= Cause.UNKNOWN_IOA);
}
