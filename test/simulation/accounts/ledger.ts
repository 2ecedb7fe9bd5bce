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
  private readonly byKey = new Map<string, number[]>();

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
    if (same === undefined) this.byKey.set(key, [entry.index]);
    else same.push(entry.index);
    return entry;
  }

  at(index: number): LedgerEntry | undefined {
    return this.entries[index];
  }

  /** All entries with this key. */
  all(key: string): LedgerEntry[] {
    return this.byKey.get(key)?.map((index) => this.entries[index] as LedgerEntry) ?? [];
  }

  /** It was said once: who gets it knows where it belongs. */
  isUnique(key: string): boolean {
    return (this.byKey.get(key)?.length ?? 0) < 2;
  }

  /** The first entry with this key at or behind `from`. */
  next(key: string, from: number): LedgerEntry | undefined {
    const index = this.byKey.get(key)?.find((candidate) => candidate >= from);
    return index === undefined ? undefined : this.entries[index];
  }

  /** The last entries with this key before `before`, newest first. */
  earlier(key: string, before: number): LedgerEntry[] {
    const indexes = this.byKey.get(key)?.filter((candidate) => candidate < before) ?? [];
    return indexes.reverse().map((index) => this.entries[index] as LedgerEntry);
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
}
