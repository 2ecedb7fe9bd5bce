import {
  type Asker,
  MAX_COMMANDS,
  MAX_COMMANDS_PER_SESSION,
  type NewCommand,
  newTransaction,
  type Transaction,
} from './command-transaction.js';

const LARGEST_NUMBER = 0xffffffff;

/** The commands of one group that are not over, by number, and how many each session has among them. */
export class CommandTable {
  private readonly byNumber = new Map<number, Transaction>();
  private readonly counts = new Map<number, number>();
  private count = 0;
  private nextNumber = 1;

  get size(): number {
    return this.byNumber.size;
  }

  /** Number of the last command, see Transaction. */
  get lastNumber(): number {
    return this.nextNumber - 1;
  }

  get(number: number): Transaction | undefined {
    return this.byNumber.get(number);
  }

  /** A copy: what is done with one may end others. */
  all(): Transaction[] {
    return [...this.byNumber.values()];
  }

  /** True when `session` may have one more command under way. */
  hasRoom(session: number): boolean {
    return this.count < MAX_COMMANDS && (this.counts.get(session) ?? 0) < MAX_COMMANDS_PER_SESSION;
  }

  /** A transaction that `add` may take in. */
  make(command: NewCommand): Transaction {
    return newTransaction(this.nextNumber, command);
  }

  add(transaction: Transaction): void {
    this.byNumber.set(transaction.number, transaction);
    this.nextNumber = (this.nextNumber % LARGEST_NUMBER) + 1;
    for (const { session } of transaction.askers) this.countOne(session, 1);
  }

  /** One more master that gets the answers. */
  join(transaction: Transaction, asker: Asker): void {
    this.countOne(asker.session, 1);
    transaction.askers.push(asker);
    // Not in place: whoever got the list may still go through it.
    transaction.participants = [...transaction.participants, { session: asker.session, ownOa: asker.ownOa }];
  }

  delete(transaction: Transaction): void {
    if (!this.byNumber.delete(transaction.number)) return;
    for (const { session } of transaction.askers) this.countOne(session, -1);
  }

  private countOne(session: number, by: number): void {
    const count = (this.counts.get(session) ?? 0) + by;
    if (count > 0) this.counts.set(session, count);
    else this.counts.delete(session);
    this.count += by;
  }
}
