import { Cause, COT_CAUSE_MASK, COT_NEGATIVE_BIT, isSelect } from '@iec104mm2ss/iec104';

/** How a command ended as far as its gateway saw. */
export function outcomeOf(asdu: Uint8Array, answered: number): string {
  const cause = answered & COT_CAUSE_MASK;
  if ((answered & COT_NEGATIVE_BIT) !== 0) {
    if (cause === Cause.DEACT_CON) return 'deactivation refused';
    return cause === Cause.ACT_CON ? 'refused' : `refused (COT ${cause})`;
  }
  switch (cause) {
    case Cause.ACT_CON:
      return isSelect(asdu) ? 'selected' : 'confirmed';
    case Cause.DEACT_CON:
      return 'deactivated';
    case Cause.ACT_TERM:
      return 'terminated';
    default:
      return `answered (COT ${cause})`;
  }
}
