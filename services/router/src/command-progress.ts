import { type AsduView, BROADCAST_CA, Cause, TypeId } from '@iec104mm2ss/iec104';
import { laneOf } from './command-lanes.js';
import {
  ANSWER_TIMEOUT_MS,
  CONFIRMATION_LATE_MS,
  FIRST_ANSWER_MS,
  FIRST_PRIVATE_TYPE,
  INTERROGATION_TIMEOUT_MS,
  OWN_QUIET_MS,
  RELEASE_MS,
  Seen,
  SILENT_MS,
  STATIONS_QUIET_MS,
  TERMINATION_TIMEOUT_MS,
  type Transaction,
  UNKNOWN_TERMINATION_MS,
  UNSEEN_TERMINATION_MS,
} from './command-transaction.js';
import { FREEZE_KIND, type RtuHabits, SELECTED_KIND } from './rtu-habits.js';
import { endsWithTermination, isInterrogation } from './rules.js';

/** FRZ of QCC: the counters are frozen or reset, not read (IEC 60870-5-101 clause 7.2.6.23). */
const FREEZE_BITS = 0xc0;

/** What an answer means to its command: whether more will come, until when that is waited for, how it ended. */
export class CommandProgress {
  constructor(private readonly habits: RtuHabits) {}

  /** The RTU got the command at this time. */
  sent(transaction: Transaction, at: number): void {
    const { habits } = this;
    const { typeId } = transaction;
    const patienceMs = habits.patienceMs(ANSWER_TIMEOUT_MS);
    // One that takes its time may have been given up too early: what it then says would be taken for the next one's answer.
    const silent = habits.isSilent(laneOf(transaction)) && (isHarmless(typeId) || !habits.isSlow);
    const [silentMs, otherwiseMs] = isHarmless(typeId)
      ? [SILENT_MS, habits.patienceMs(FIRST_ANSWER_MS)]
      : [UNKNOWN_TERMINATION_MS, patienceMs];
    const yieldsMs = silent ? silentMs : otherwiseMs;
    transaction.expiresAt = at + (isInterrogation(typeId) ? INTERROGATION_TIMEOUT_MS : patienceMs);
    transaction.yieldsAt = at + yieldsMs;
    transaction.yieldsToOwnAt = at + yieldsMs;
  }

  /** The RTU was stopped (STOPDT), and is started again: what has not been answered may never be. */
  resumed(transaction: Transaction, now: number): void {
    transaction.mayBeDropped = true;
    transaction.expiresAt = Math.min(transaction.expiresAt, now + ANSWER_TIMEOUT_MS);
    transaction.yieldsAt = Math.min(transaction.yieldsAt, now + UNKNOWN_TERMINATION_MS);
    transaction.yieldsToOwnAt = Math.min(transaction.yieldsToOwnAt, now + OWN_QUIET_MS);
  }

  /** Objects of this interrogation come. */
  alive(transaction: Transaction, now: number): void {
    transaction.heardAt = now;
    transaction.mayBeDropped = false;
    transaction.expiresAt = now + INTERROGATION_TIMEOUT_MS;
    this.yieldWhenQuiet(transaction, now);
  }

  /** How the command ended, undefined while more may come. */
  advance(transaction: Transaction, answer: AsduView, now: number): string | undefined {
    const { ca, cot, negative } = answer;
    const { typeId } = transaction;
    const before = transaction.seen.get(ca) ?? 0;
    transaction.heardAt = now;
    this.note(transaction, answer);
    if (cot >= Cause.UNKNOWN_TYPE && cot <= Cause.UNKNOWN_IOA) {
      return this.end(transaction, ca, `refused (COT ${cot})`, now);
    }
    switch (cot) {
      case Cause.ACT_CON:
        if (transaction.cot === Cause.DEACT) {
          return this.end(transaction, ca, negative ? 'deactivation refused' : 'deactivated', now);
        }
        if (negative) return this.end(transaction, ca, 'refused', now);
        if (transaction.select) return this.end(transaction, ca, 'selected', now);
        if (endsWithTermination(typeId)) {
          if ((before & Seen.TERMINATION) !== 0) return this.end(transaction, ca, 'terminated', now);
          this.awaitTermination(transaction, now);
          return undefined;
        }
        if (typeId < FIRST_PRIVATE_TYPE) return this.end(transaction, ca, 'confirmed', now);
        break;
      case Cause.DEACT_CON:
        return this.end(transaction, ca, negative ? 'deactivation refused' : 'deactivated', now);
      case Cause.ACT_TERM:
        if ((before & Seen.FIRST) !== 0 || transaction.ca === BROADCAST_CA || this.habits.isUnconfirmed(typeId)) {
          return this.end(transaction, ca, 'terminated', now);
        }
        transaction.state = 'confirmed';
        transaction.outcome = 'terminated';
        this.waitUntil(transaction, now + CONFIRMATION_LATE_MS);
        return undefined;
      default:
        if (negative) return this.end(transaction, ca, `refused (COT ${cot})`, now);
        // Mirrored instead of an object.
        if (typeId === TypeId.C_RD_NA_1 && cot === Cause.REQ) return this.end(transaction, ca, 'answered', now);
    }
    // Private types answer as they like: what follows within a time limit still belongs to this command.
    if (typeId >= FIRST_PRIVATE_TYPE) awaitMore(transaction, now + UNSEEN_TERMINATION_MS, now);
    return undefined;
  }

  /** What the RTU has answered. */
  private note({ typeId, seen, select }: Transaction, { ca, cot, negative }: AsduView): void {
    let bits = seen.get(ca) ?? 0;
    if (cot === Cause.ACT_TERM || (cot === Cause.REQ && typeId === TypeId.C_RD_NA_1)) {
      bits |= Seen.TERMINATION | Seen.OVER;
    } else if (cot === Cause.ACT_CON || cot === Cause.DEACT_CON || cot >= Cause.UNKNOWN_TYPE || negative) {
      bits |= Seen.FIRST;
      if (negative || cot >= Cause.UNKNOWN_TYPE) bits |= Seen.REFUSAL | Seen.OVER;
      else if (select || !endsWithTermination(typeId)) bits |= Seen.OVER;
    }
    seen.set(ca, bits);
  }

  /** An answer to a command that was over. */
  late(transaction: Transaction, answer: AsduView): void {
    this.note(transaction, answer);
    if (transaction.ca === BROADCAST_CA) this.habits.stationAnswered(transaction.typeId, answer.ca);
  }

  /** How it ends when nothing more has come. What that says of the RTU is learnt. */
  givenUp(transaction: Transaction, now: number): string {
    const { habits } = this;
    const { typeId, state, outcome, ca, asdu, heardAt } = transaction;
    if (transaction.mayBeDropped) return outcome || (state === 'confirmed' ? 'confirmed' : 'unknown');
    if (ca === BROADCAST_CA) habits.stationsAre(typeId, stationsOver(transaction));
    if (state !== 'confirmed') {
      // Objects may have come without any ACT_CON.
      if (heardAt === 0) habits.notAnswered(laneOf(transaction));
      return transaction.answersMissed ? 'unknown' : 'no answer';
    }
    if (outcome === 'terminated' && isUnconfirmed(transaction)) habits.notConfirmed(typeId, transaction.sentAt);
    const waitedMs = isFreeze(asdu) ? UNSEEN_TERMINATION_MS : UNKNOWN_TERMINATION_MS;
    const hasWaited = now - heardAt >= waitedMs;
    if (outcome === '' && hasWaited && endsWithTermination(typeId)) {
      habits.notTerminated(kindOf(transaction), laneOf(transaction));
    }
    return outcome || 'confirmed';
  }

  private awaitTermination(transaction: Transaction, now: number): void {
    const { habits } = this;
    if (isInterrogation(transaction.typeId)) {
      transaction.state = 'confirmed';
      this.alive(transaction, now);
      return;
    }
    const kind = kindOf(transaction);
    const known = habits.terminates(kind);
    if (habits.terminatesAt(kind, laneOf(transaction))) awaitMore(transaction, now + TERMINATION_TIMEOUT_MS, now);
    else if (known === false) awaitMore(transaction, now + UNSEEN_TERMINATION_MS, now);
    else {
      awaitMore(transaction, now + (known === true ? TERMINATION_TIMEOUT_MS : ANSWER_TIMEOUT_MS), now);
      transaction.yieldsAt = now + UNKNOWN_TERMINATION_MS;
    }
  }

  private yieldWhenQuiet(transaction: Transaction, now: number): void {
    const { asdu, expiresAt } = transaction;
    const kind = kindOf(transaction);
    const terminates = this.habits.terminates(kind);
    if (this.habits.terminatesAt(kind, laneOf(transaction))) {
      transaction.yieldsAt = transaction.yieldsToOwnAt = expiresAt;
    } else if (isFreeze(asdu)) {
      transaction.yieldsToOwnAt = now;
      transaction.yieldsAt = now + (terminates === false ? 0 : UNSEEN_TERMINATION_MS);
    } else {
      // Other stations behind this RTU end theirs: this one is likely to.
      const likelyMs = terminates === true ? ANSWER_TIMEOUT_MS : 0;
      transaction.yieldsToOwnAt = now + Math.max(OWN_QUIET_MS, likelyMs);
      const knownMs = terminates === false ? UNSEEN_TERMINATION_MS : UNKNOWN_TERMINATION_MS;
      transaction.yieldsAt = now + Math.max(knownMs, likelyMs);
    }
  }

  /** An answer that ends the command, unless other stations are still to answer. */
  private end(transaction: Transaction, ca: number, outcome: string, now: number): string | undefined {
    const { typeId, seen } = transaction;
    seen.set(ca, (seen.get(ca) ?? 0) | Seen.OVER);
    // An answer from CA 65535 is one of all stations.
    if (transaction.ca !== BROADCAST_CA || ca === BROADCAST_CA) return outcome;
    const open = [...seen.values()].some((bits) => (bits & Seen.OVER) === 0);
    if (!open && this.habits.areAll(typeId, stationsOver(transaction))) return outcome;
    transaction.state = 'confirmed';
    transaction.outcome = outcome;
    transaction.expiresAt = now + (open ? INTERROGATION_TIMEOUT_MS : STATIONS_QUIET_MS);
    if (open) this.yieldWhenQuiet(transaction, now);
    else transaction.yieldsAt = transaction.yieldsToOwnAt = transaction.expiresAt;
    return undefined;
  }

  private waitUntil(transaction: Transaction, until: number): void {
    transaction.expiresAt = transaction.yieldsAt = transaction.yieldsToOwnAt = until;
  }
}

/** Nothing is done twice when it is asked for twice. */
function isHarmless(typeId: number): boolean {
  return isInterrogation(typeId) || typeId === TypeId.C_RD_NA_1 || typeId === TypeId.C_CS_NA_1;
}

/** What ends with ACT_TERM or does not: a TypeID; for themselves a freeze of counters, and what was selected before. */
export function kindOf({ asdu, typeId, isSelected }: Transaction): number {
  if (isSelected) return SELECTED_KIND + typeId;
  return isFreeze(asdu) ? FREEZE_KIND + typeId : typeId;
}

/** True for what nothing more is expected from this station of: a command to it need not wait for one to all. */
export function isOverAt({ ca: asked, seen }: Transaction, ca: number): boolean {
  return asked === BROADCAST_CA && ca !== BROADCAST_CA && ((seen.get(ca) ?? 0) & Seen.OVER) !== 0;
}

export function isFreeze(asdu: Uint8Array): boolean {
  return asdu[0] === TypeId.C_CI_NA_1 && ((asdu[9] ?? 0) & FREEZE_BITS) !== 0;
}

/** True when this station may still end the command, as far as is known. */
export function isOpenAt({ seen }: Transaction, ca: number): boolean {
  return ((seen.get(ca) ?? 0) & (Seen.TERMINATION | Seen.REFUSAL)) === 0;
}

/** True when all stations that have ended the command had not confirmed it, and nobody missed that. */
function isUnconfirmed({ seen, isRestored, answersMissed, mayBeAnothers }: Transaction): boolean {
  const isConfirmed = [...seen.values()].some((bits) => (bits & Seen.FIRST) !== 0);
  return !isConfirmed && !isRestored && !answersMissed && !mayBeAnothers;
}

function stationsOver({ seen }: Transaction): number[] {
  return [...seen].flatMap(([ca, bits]) => ((bits & Seen.OVER) !== 0 ? [ca] : []));
}

function awaitMore(transaction: Transaction, until: number, now: number): void {
  transaction.state = 'confirmed';
  transaction.expiresAt = transaction.yieldsAt = until;
  transaction.releaseAt = Math.min(transaction.releaseAt, now + RELEASE_MS);
}
