import { AsduView, UFunction } from '@iec104mm2ss/iec104';
import { type Check, isAsdu, isU } from './check.js';
import type { RawEnd } from './raw-end.js';

/** What a check needs to know of the station. */
export interface StationUnderTest {
  readonly ca: number;
  /** k of the station. */
  readonly k: number;
  /** How long an answer may take. */
  readonly answerMs: number;
  /** t1, t2 and t3 of the station; its timers are checked only when `timers` is true, as that takes their time. */
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t3Ms: number;
  readonly timers: boolean;
  /** A process command that the station carries out, as `parseCommand` reads it; without one it is not checked. */
  readonly command: string | undefined;
}

/** A behaviour of a controlled station. */
export type ConformanceCheck = Check<StationUnderTest>;

/** STARTDT. Rejects when it is not confirmed. */
export async function start(master: RawEnd, { answerMs }: StationUnderTest): Promise<void> {
  master.sendU(UFunction.STARTDT_ACT);
  if ((await master.until(isU(UFunction.STARTDT_CON), answerMs)) === undefined) throw new Error('no STARTDT con');
}

/** The answer to a request with this cause, or that there is none. */
export async function answered(
  master: RawEnd,
  asdu: Uint8Array,
  cot: number,
  { answerMs }: StationUnderTest,
): Promise<AsduView | undefined> {
  master.sendI(asdu);
  const apdu = await master.until(isAsdu(asdu[0] ?? 0, cot), answerMs);
  return apdu === undefined ? undefined : new AsduView(apdu.asdu);
}
