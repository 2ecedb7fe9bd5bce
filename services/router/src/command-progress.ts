import { type AsduView, BROADCAST_CA, Cause } from '@iec104mm2ss/iec104';
import { FIRST_PRIVATE_TYPE } from './command-matching.js';
import {
  ANSWER_TIMEOUT_MS,
  INTERROGATION_TIMEOUT_MS,
  RELEASE_MS,
  STATIONS_QUIET_MS,
  TERMINATION_TIMEOUT_MS,
  type Transaction,
  UNSEEN_TERMINATION_MS,
} from './command-transaction.js';
import { endsWithTermination, isInterrogation, isProcessCommand } from './rules.js';

/** What an answer means to its command: whether more will come, until when that is waited for, how it ended. */
export class CommandProgress {
  /** TypeIDs of process commands that this RTU ends with ACT_TERM, and of those it was found not to. */
  private readonly terminated = new Set<number>();
  private readonly unterminated = new Set<number>();

  /** An answer of the RTU, whether it belongs to a command or not. */
  seen({ typeId, cot }: AsduView): void {
    if (cot === Cause.ACT_TERM && isProcessCommand(typeId)) this.terminated.add(typeId);
  }

  /** The command was confirmed, and its ACT_TERM did not come. */
  endedWithoutTermination({ typeId }: Transaction): void {
    if (isProcessCommand(typeId)) this.unterminated.add(typeId);
  }

  /** How the command ended, undefined while more may come. */
  advance(transaction: Transaction, { cot, negative }: AsduView, now: number): string | undefined {
    const isPrivate = transaction.typeId >= FIRST_PRIVATE_TYPE;
    if (cot >= Cause.UNKNOWN_TYPE && cot <= Cause.UNKNOWN_IOA) return end(transaction, `refused (COT ${cot})`, now);
    switch (cot) {
      case Cause.ACT_CON:
        if (negative) return end(transaction, 'refused', now);
        if (transaction.select) return end(transaction, 'selected', now);
        if (endsWithTermination(transaction.typeId)) {
          transaction.openStations++;
          this.awaitTermination(transaction, now);
          return undefined;
        }
        if (!isPrivate) return end(transaction, 'confirmed', now);
        break;
      case Cause.DEACT_CON:
        return end(transaction, negative ? 'deactivation refused' : 'deactivated', now);
      case Cause.ACT_TERM:
        transaction.openStations--;
        return end(transaction, 'terminated', now);
      default:
        if (negative) return end(transaction, `refused (COT ${cot})`, now);
    }
    // Private types answer as they like: what follows within a time limit still belongs to this command.
    if (isPrivate) awaitMore(transaction, now + UNSEEN_TERMINATION_MS, now);
    return undefined;
  }

  forget(): void {
    this.terminated.clear();
    this.unterminated.clear();
  }

  private awaitTermination(transaction: Transaction, now: number): void {
    const { typeId } = transaction;
    if (isInterrogation(typeId)) {
      transaction.state = 'confirmed';
      transaction.expiresAt = now + INTERROGATION_TIMEOUT_MS;
      return;
    }
    const patienceMs = this.terminated.has(typeId)
      ? TERMINATION_TIMEOUT_MS
      : this.unterminated.has(typeId)
        ? UNSEEN_TERMINATION_MS
        : ANSWER_TIMEOUT_MS;
    awaitMore(transaction, now + patienceMs, now);
  }
}

function awaitMore(transaction: Transaction, until: number, now: number): void {
  transaction.state = 'confirmed';
  transaction.expiresAt = until;
  transaction.releaseAt = Math.min(transaction.releaseAt, now + RELEASE_MS);
}

/** An answer that ends the command, unless other stations are still to answer. */
function end(transaction: Transaction, outcome: string, now: number): string | undefined {
  if (transaction.ca !== BROADCAST_CA) return outcome;
  transaction.state = 'confirmed';
  transaction.outcome = outcome;
  transaction.expiresAt = now + (transaction.openStations > 0 ? INTERROGATION_TIMEOUT_MS : STATIONS_QUIET_MS);
  return undefined;
}
