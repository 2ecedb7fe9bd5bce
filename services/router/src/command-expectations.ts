import { Cause, TypeId } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import {
  FIRST_PRIVATE_TYPE,
  Seen,
  SETTLED_BEFORE,
  TERMINATION_TIMEOUT_MS,
  type Transaction,
} from './command-transaction.js';
import type { RtuHabits } from './rtu-habits.js';
import { endsWithTermination } from './rules.js';

/** How well the cause of an answer fits what a command still has to get. */
export type Expectation = 'due' | 'unusual' | 'again';

/** What a command is, as far as its answers go. */
export interface Standing {
  /** It is over: what comes is late, or not the first of its kind. */
  readonly isOver: boolean;
  /** Its gateway has stated what came of it: see Transaction. */
  readonly isCounted: boolean;
}

/** What may still be answered to a command. */
export class CommandExpectations {
  constructor(
    private readonly habits: RtuHabits,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Whether an answer with this cause can come for the transaction from station `ca`; undefined: it cannot. */
  of(transaction: Transaction, ca: number, cot: number, { isOver, isCounted }: Standing): Expectation | undefined {
    const expected = this.now(transaction, ca, cot, isOver);
    return isCounted ? before(transaction, ca, cot, expected) : expected;
  }

  private now(transaction: Transaction, ca: number, cot: number, isOver: boolean): Expectation | undefined {
    const { typeId, select } = transaction;
    const isDeactivation = transaction.cot === Cause.DEACT;
    const seen = transaction.seen.get(ca) ?? 0;
    const isFirst = (seen & Seen.FIRST) === 0;
    switch (cot) {
      case Cause.ACT_CON:
        if (isDeactivation) return isFirst ? 'unusual' : 'again';
        return isFirst || typeId >= FIRST_PRIVATE_TYPE ? 'due' : 'again';
      case Cause.DEACT_CON:
        if (!isDeactivation) return undefined;
        return isFirst ? 'due' : 'again';
      case Cause.ACT_TERM:
        if (isDeactivation) return undefined;
        if ((seen & (Seen.TERMINATION | Seen.REFUSAL)) !== 0) return 'again';
        if (select) return 'again';
        if (!endsWithTermination(typeId) || (isOver && this.isLongAgo(transaction))) return 'unusual';
        return !isFirst || this.habits.isUnconfirmed(typeId) ? 'due' : 'unusual';
      case Cause.UNKNOWN_TYPE:
      case Cause.UNKNOWN_CAUSE:
      case Cause.UNKNOWN_CA:
      case Cause.UNKNOWN_IOA:
        // A station that is not there has nothing more to say to what was for all.
        return isFirst && !(isOver && transaction.ca !== ca) ? 'due' : 'again';
      default:
        return typeId >= FIRST_PRIVATE_TYPE || typeId === TypeId.C_RD_NA_1 ? 'due' : 'unusual';
    }
  }

  private isLongAgo({ sentAt }: Transaction): boolean {
    return this.clock.now() - sentAt > TERMINATION_TIMEOUT_MS;
  }
}

/** What a command had been answered with when its gateway stated that it can have had then. */
function before(
  { seen, outcome }: Transaction,
  ca: number,
  cot: number,
  expected: Expectation | undefined,
): Expectation | undefined {
  const hadAll = ((seen.get(ca) ?? 0) & Seen.TERMINATION) !== 0;
  if (cot === Cause.ACT_TERM && !hadAll && outcome !== SETTLED_BEFORE) return undefined;
  return expected === 'again' ? 'due' : expected;
}
