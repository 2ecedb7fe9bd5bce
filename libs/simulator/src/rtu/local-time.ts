import { type Cp56Time, epochMsToCp56 } from '@iec104mm2ss/iec104';

const SUMMER_MINUTES = 60;

/**
 * The computer's clock in its zone at an instant, ms since 1970-01-01 UTC. SU says whether summer time is in force, IEC 60870-5-4,
 * 6.8: so the hour that comes twice in autumn can be told apart.
 */
export function localCp56(epochMs: number): Cp56Time {
  const minutes = aheadOfUtc(new Date(epochMs));
  const year = new Date(epochMs).getFullYear();
  const standard = Math.min(aheadOfUtc(new Date(year, 0)), aheadOfUtc(new Date(year, 6)));
  const su = minutes > standard;
  return epochMsToCp56(epochMs, { utcOffsetMinutes: minutes - (su ? SUMMER_MINUTES : 0), su });
}

const aheadOfUtc = (date: Date): number => -date.getTimezoneOffset();
