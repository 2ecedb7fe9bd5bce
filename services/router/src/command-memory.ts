import { type AsduView, BROADCAST_CA, sameRequest } from '@iec104mm2ss/iec104';
import { SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';
import type { Participant, RecordOrigin } from './command-context.js';
import { mayAnswer, type Transaction } from './command-transaction.js';

/** Commands that are over and remembered; the oldest go first. */
export const MAX_REMEMBERED = 2_000;

const NOBODY: readonly Participant[] = [];

/**
 * Commands that were handed over, for as long as the RTU may answer them: also when they are over (some stacks answer
 * twice, or late), and when their masters have left. So nothing that answers one of them is taken for an answer to
 * somebody who got its OA since.
 */
export class CommandMemory {
  private readonly byOa = new Map<number, Set<Transaction>>();
  /** Until when those that are over are remembered. */
  private readonly ended = new Map<Transaction, number>();

  get size(): number {
    let size = 0;
    for (const transactions of this.byOa.values()) size += transactions.size;
    return size;
  }

  /** The command is handed over. */
  add(transaction: Transaction): void {
    const transactions = this.byOa.get(transaction.oa);
    if (transactions === undefined) this.byOa.set(transaction.oa, new Set([transaction]));
    else transactions.add(transaction);
  }

  /** It was not sent, and will not be. */
  drop(transaction: Transaction): void {
    this.ended.delete(transaction);
    const transactions = this.byOa.get(transaction.oa);
    transactions?.delete(transaction);
    if (transactions?.size === 0) this.byOa.delete(transaction.oa);
  }

  /** It is over. */
  end(transaction: Transaction): void {
    this.ended.set(transaction, transaction.sentAt + SENT_REMEMBERED_MS);
    if (this.ended.size <= MAX_REMEMBERED) return;
    const [oldest] = this.ended.keys();
    if (oldest !== undefined) this.drop(oldest);
  }

  /** True while a command with this OA is under way. */
  answerable(oa: number): boolean {
    for (const transaction of this.byOa.get(oa) ?? []) if (!this.ended.has(transaction)) return true;
    return false;
  }

  /**
   * Who gets an answer that no command under way expects, by its OA. The commands it fits best decide; when they are of
   * several sessions, nobody.
   */
  participants(answer: AsduView, position: number, record: RecordOrigin): readonly Participant[] {
    const possible = [...(this.byOa.get(answer.oa) ?? [])].filter((sent) => mayAnswer(sent, position, record));
    const octets = answer.subarray();
    const ofType = possible.filter(
      ({ typeId, ca }) => typeId === answer.typeId && (ca === answer.ca || ca === BROADCAST_CA),
    );
    const exact = ofType.filter(({ ioa, asdu }) => ioa === answer.ioa && sameRequest(asdu, octets));
    const best = exact.length > 0 ? exact : ofType.length > 0 ? ofType : possible;
    const last = best.at(-1);
    return last !== undefined && best.every(({ owner }) => owner === last.owner) ? last.participants : NOBODY;
  }

  /** Who asked for an interrogation (C_IC or C_CI) of this station with this OA; undefined when that is not certain. */
  interrogators(typeId: number, ca: number, oa: number): readonly Participant[] | undefined {
    const possible = [...(this.byOa.get(oa) ?? [])].filter(
      (sent) => sent.typeId === typeId && (sent.ca === ca || sent.ca === BROADCAST_CA),
    );
    const last = possible.at(-1);
    return possible.every(({ owner }) => owner === last?.owner) ? last?.participants : undefined;
  }

  /** Commands that are over and remembered. */
  over(): Iterable<Transaction> {
    return this.ended.keys();
  }

  expire(now: number): void {
    for (const [transaction, until] of this.ended) if (until <= now) this.drop(transaction);
  }
}
