import { asduKey } from './asdu-key.ts';

/** What an ASDU of the RTU is: for everybody, part of the answer to an interrogation, or an answer to one command. */
export type EntryKind = 'event' | 'object' | 'answer';

/** One ASDU that an RTU has to say, in the order in which it says it. */
export interface LedgerEntry {
  readonly index: number;
  readonly key: string;
  readonly kind: EntryKind;
  readonly createdAt: number;
  /** Of the command that it answers; undefined: none. */
  readonly command: number | undefined;
  /** How often it was handed to a link, and when last. */
  sends: number;
  sentAt: number;
  acknowledgedAt: number | undefined;
  /** It was sent, not acknowledged, and will not be sent again: its RTU is one that does not repeat. */
  givenUp: boolean;
  /** It may be missing although it was acknowledged, and why: the store that had it was lost, for instance. */
  excuse: string | undefined;
  /** Masters that have got it. */
  readonly receivedBy: Set<string>;
}

/** Everything one RTU has said, kept outside of the product. */
export class Ledger {
  readonly entries: LedgerEntry[] = [];
  private readonly byKey = new Map<string, LedgerEntry[]>();
  private readonly excusedTimes: { readonly from: number; readonly until: number }[] = [];
  private readonly receipts = new Map<string, number>();

  constructor(readonly group: string) {}

  add(asdu: Uint8Array, kind: EntryKind, createdAt: number, command?: number): LedgerEntry {
    const key = asduKey(asdu);
    const entry: LedgerEntry = {
      index: this.entries.length,
      key,
      kind,
      createdAt,
      command,
      sends: 0,
      sentAt: -1,
      acknowledgedAt: undefined,
      givenUp: false,
      excuse: undefined,
      receivedBy: new Set(),
    };
    this.entries.push(entry);
    const same = this.byKey.get(key);
    if (same === undefined) this.byKey.set(key, [entry]);
    else same.push(entry);
    return entry;
  }

  at(index: number): LedgerEntry | undefined {
    return this.entries[index];
  }

  /** All entries with this key: several look alike. */
  all(key: string): readonly LedgerEntry[] {
    return this.byKey.get(key) ?? [];
  }

  /** The last entry with this key before `index`. */
  before(key: string, index: number): LedgerEntry | undefined {
    return this.all(key).findLast((entry) => entry.index < index);
  }

  /** Index of the first entry created at or after `time`. */
  firstCreatedAt(time: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle] as LedgerEntry).createdAt >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** What is sent meanwhile may be missing: new places in the log cannot be told from old ones. */
  excuseSentBetween(from: number, until: number): void {
    this.excusedTimes.push({ from, until });
  }

  isExcused({ excuse, sentAt }: LedgerEntry): boolean {
    return excuse !== undefined || this.excusedTimes.some(({ from, until }) => sentAt >= from && sentAt <= until);
  }

  /** A master has got an ASDU with this key. */
  countReceipt(key: string): void {
    this.receipts.set(key, (this.receipts.get(key) ?? 0) + 1);
  }

  /** Several look like this one, and as many have come to masters: which one is missing cannot be told. */
  mayHaveCome({ key }: LedgerEntry): boolean {
    const all = this.all(key);
    const owed = all.filter((each) => each.acknowledgedAt !== undefined && !this.isExcused(each));
    return all.length > 1 && (this.receipts.get(key) ?? 0) >= owed.length;
  }
}
