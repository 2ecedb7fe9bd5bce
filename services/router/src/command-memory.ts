import { BROADCAST_CA } from '@iec104mm2ss/iec104';
import { SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';
import { asksStation } from './command-lanes.js';
import type { Transaction } from './command-transaction.js';

/** Commands that are over and remembered; the oldest go first. */
export const MAX_REMEMBERED = 2_000;

/**
 * Commands that were handed over, for as long as the RTU may answer them: also when they are over (some stacks answer
 * twice, or late), and when their masters have left. So nothing that answers one of them is taken for an answer to
 * somebody else.
 */
export class CommandMemory {
  private readonly byOa = new Index((transaction) => transaction.oa);
  private readonly byObject = new Index(({ typeId, ca, ioa }) => objectKey(typeId, ca, ioa));
  /** Until when those that are over are remembered. */
  private readonly ended = new Map<Transaction, number>();

  get size(): number {
    return this.byOa.size;
  }

  /** The command is handed over. */
  add(transaction: Transaction): void {
    this.byOa.add(transaction);
    this.byObject.add(transaction);
  }

  /** It was not sent, and will not be. */
  drop(transaction: Transaction): void {
    this.ended.delete(transaction);
    this.byOa.delete(transaction);
    this.byObject.delete(transaction);
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
    return this.byOa.get(oa).some((transaction) => !this.ended.has(transaction));
  }

  /** All with this OA, the oldest first. */
  withOa(oa: number): readonly Transaction[] {
    return this.byOa.get(oa);
  }

  /** Those that are over and that an answer of this type, station and object may be to, the oldest first. */
  overAt(typeId: number, ca: number, ioa: number): readonly Transaction[] {
    return this.at(typeId, ca, ioa).filter((transaction) => this.ended.has(transaction));
  }

  /** The same, and those that are under way. */
  at(typeId: number, ca: number, ioa: number): readonly Transaction[] {
    const own = this.byObject.get(objectKey(typeId, ca, ioa));
    const toAll = ca === BROADCAST_CA ? [] : this.byObject.get(objectKey(typeId, BROADCAST_CA, ioa));
    return [...own, ...toAll];
  }

  /** All that the RTU may answer, under way or over. */
  all(): Iterable<Transaction> {
    return this.byOa.all();
  }

  isOver(transaction: Transaction): boolean {
    return this.ended.has(transaction);
  }

  /** Commands that are over and remembered. */
  over(): Iterable<Transaction> {
    return this.ended.keys();
  }

  expire(now: number): void {
    for (const [transaction, until] of this.ended) if (until <= now) this.drop(transaction);
  }
}

/** Transactions by a number of theirs, each in the order they came. */
class Index {
  size = 0;
  private readonly sets = new Map<number, Set<Transaction>>();

  constructor(private readonly keyOf: (transaction: Transaction) => number) {}

  get(key: number): Transaction[] {
    return [...(this.sets.get(key) ?? [])];
  }

  *all(): Iterable<Transaction> {
    for (const set of this.sets.values()) yield* set;
  }

  add(transaction: Transaction): void {
    const key = this.keyOf(transaction);
    const set = this.sets.get(key);
    if (set === undefined) this.sets.set(key, new Set([transaction]));
    else set.add(transaction);
    this.size++;
  }

  delete(transaction: Transaction): void {
    const key = this.keyOf(transaction);
    const set = this.sets.get(key);
    if (set?.delete(transaction) !== true) return;
    this.size--;
    if (set.size === 0) this.sets.delete(key);
  }
}

/** The object does not count for what a station as a whole is asked. */
function objectKey(typeId: number, ca: number, ioa: number): number {
  return (typeId * 0x10000 + ca) * 0x1000000 + (asksStation(typeId) ? 0 : ioa);
}
