/** The few octets of APCI both ends of the bench need. Deliberately not libs/iec104: a bench must not share its subject's bugs. */
export const START = 0x68;
export const SEQUENCE_MASK = 0x7fff;

export const STARTDT_ACT = 0x07;
export const STARTDT_CON = 0x0b;
export const STOPDT_ACT = 0x13;
export const STOPDT_CON = 0x23;
export const TESTFR_ACT = 0x43;
export const TESTFR_CON = 0x83;

/** The parameters of the manual's sample, used on every link of the bench. Times in milliseconds. */
export const K = 12;
export const W = 8;
/** k of the RTUs: how many of their events may be on the way. Set by `--rtu-k`, for the processes started after that. */
export const RTU_K_VARIABLE = 'MM2SS_BENCH_RTU_K';
export const RTU_K = Number(process.env[RTU_K_VARIABLE] ?? K);
export const T1_MS = 15_000;
export const T2_MS = 10_000;
export const T3_MS = 20_000;

/**
 * When a link that has just started sends its first TESTFR act: somewhere within t3. Links of a real control centre came up
 * at different times; without this, hundreds opened at once would test at once, and a short idle window would see none.
 */
export function firstTestAtMs(): number {
  return performance.now() + Math.random() * T3_MS;
}

export const C_SC_NA_1 = 45;
export const COMMAND_OCTETS = 16;
export const COT_ACT = 6;
export const COT_ACT_CON = 7;
export const COT_NEGATIVE = 0x40;

export function uFrame(function_: number): Buffer {
  return Buffer.from([START, 4, function_, 0, 0, 0]);
}

export function putSequence(buf: Uint8Array, at: number, n: number): void {
  buf[at] = (n << 1) & 0xff;
  buf[at + 1] = n >> 7;
}

export function getSequence(buf: Uint8Array, at: number): number {
  return (buf[at]! >> 1) | (buf[at + 1]! << 7);
}
