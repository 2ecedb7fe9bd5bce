import { Cause, Rqt, TypeId } from '@iec104mm2ss/iec104';
import type { AnswerParts } from './command-answers.js';
import type { Participant } from './command-context.js';
import { isFreeze } from './command-progress.js';
import { INTERROGATION_TIMEOUT_MS, Seen, type Transaction } from './command-transaction.js';

/** RQT of QCC: which counters (IEC 60870-5-101 clause 7.2.6.23). */
const REQUEST_BITS = 0x3f;

/** Who gets objects of interrogations that are over, or seem to be. Times are monotonic. */
export class LateObjects {
  constructor(private readonly parts: Pick<AnswerParts, 'matching' | 'memory' | 'clock'>) {}

  /**
   * Together with those who asked for the interrogation under way, those whose own was given up for it: without an ACT_TERM
   * nobody knows where its objects end.
   */
  withUnfinished(
    participants: readonly Participant[],
    typeId: number,
    cot: number,
    ca: number,
  ): readonly Participant[] {
    const unfinished = this.over(typeId, cot, ca).filter((transaction) => this.isUnfinished(transaction, ca));
    const others = unfinished.flatMap((transaction) => transaction.participants);
    if (others.length === 0) return participants;
    const all = [...participants];
    for (const other of others) if (all.every(({ session }) => session !== other.session)) all.push(other);
    return all;
  }

  /**
   * Who asked last: with this OA, if the RTU mirrors it, else if nobody else has asked lately. Undefined when that is not
   * certain, or they have left: then all get it.
   */
  of(typeId: number, cot: number, ca: number, oa: number): readonly Participant[] | undefined {
    const { matching, clock } = this.parts;
    const over = this.over(typeId, cot, ca);
    const since = clock.now() - INTERROGATION_TIMEOUT_MS;
    const isRecent = ({ heardAt, sentAt }: Transaction): boolean => Math.max(heardAt, sentAt) > since;
    // A station sends no objects of an interrogation that it has refused.
    const isRefused = ({ seen }: Transaction): boolean => ((seen.get(ca) ?? 0) & Seen.REFUSAL) !== 0;
    const possible = over.filter((one) => !isRefused(one) && (matching.mirrors ? one.oa === oa : isRecent(one)));
    const last = possible.at(-1);
    const isCertain = last !== undefined && possible.every(({ owner }) => owner === last.owner);
    return isCertain && last.participants.length > 0 ? last.participants : undefined;
  }

  private over(typeId: number, cot: number, ca: number): Transaction[] {
    return this.parts.memory
      .overAt(typeId, ca, 0)
      .filter((transaction) => transaction.cot !== Cause.DEACT && asksFor(transaction.asdu, cot));
  }

  private isUnfinished({ seen, sentAt }: Transaction, ca: number): boolean {
    const bits = seen.get(ca) ?? 0;
    const isRecent = this.parts.clock.now() - sentAt < INTERROGATION_TIMEOUT_MS;
    return isRecent && (bits & (Seen.TERMINATION | Seen.REFUSAL)) === 0;
  }
}

/** True when objects with this cause are what the interrogation `asdu` asks for. Who freezes or resets counters asks for none. */
export function asksFor(asdu: Uint8Array, cot: number): boolean {
  const qualifier = asdu[9] ?? 0;
  if (asdu[0] === TypeId.C_IC_NA_1) return cot === qualifier;
  if (isFreeze(asdu)) return false;
  const request = qualifier & REQUEST_BITS;
  return cot === (request === Rqt.GENERAL ? Cause.REQCOGEN : Cause.REQCOGEN + request);
}
