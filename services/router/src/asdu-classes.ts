import { Cause, isCommandAnswer, isInterrogated } from '@iec104mm2ss/iec104';

/** What an ASDU of the RTU is, as its cause tells. */
const CLASSES = [
  'spontaneous',
  'cyclic',
  'background',
  'requested',
  'interrogated',
  'initialized',
  'answer',
  'file',
  'other',
] as const;
export type AsduClass = (typeof CLASSES)[number];

export function asduClass(cause: number): AsduClass {
  if (cause === Cause.SPONT || cause === Cause.RETREM || cause === Cause.RETLOC) return 'spontaneous';
  if (cause === Cause.PERCYC) return 'cyclic';
  if (cause === Cause.BACK) return 'background';
  if (cause === Cause.REQ) return 'requested';
  if (isInterrogated(cause)) return 'interrogated';
  if (cause === Cause.INIT) return 'initialized';
  if (cause === Cause.FILE) return 'file';
  return isCommandAnswer(cause) ? 'answer' : 'other';
}

/** Counts by cause, added up by class; every class is there. */
export function byClass(causes: ArrayLike<number>): [AsduClass, number][] {
  const counts = new Map<AsduClass, number>(CLASSES.map((each) => [each, 0]));
  for (let cause = 0; cause < causes.length; cause++) {
    const count = causes[cause] as number;
    if (count > 0) counts.set(asduClass(cause), (counts.get(asduClass(cause)) as number) + count);
  }
  return [...counts];
}
