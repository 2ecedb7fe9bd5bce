import { describe } from './asdu-key.ts';
import type { FaultsLog } from './faults-log.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { Violations } from './violations.ts';

/** How long a fault is felt: what was acknowledged just before it may come once more, and what comes just after it. */
const FAULT_LAG_MS = 6_000;

/** An acknowledgement that was sent so shortly before may not have come when another session began. */
const ON_ITS_WAY_MS = 500;

/** What is known of a master over all its sessions. */
export interface MasterAccount {
  /** Of this connection's owner: `m1`. */
  readonly id: string;
  /** Redundant connections of one named master share it; undefined: not named. */
  readonly cursor: Cursor | undefined;
}

/** A named master: it gets everything, across sessions. */
export class Cursor {
  /** Next entry it must get; undefined before its first start. */
  expected: number | undefined;
  /** When it acknowledged each entry. */
  readonly acknowledgedAt = new Map<number, number>();
  /** The product has said that events were given up for it, so often, and how often that has excused a gap. */
  lossesTold = 0;
  lossesSeen = 0;
  /** The connection that was started last: the others of this master get nothing since. */
  active = '';

  constructor(readonly name: string) {}
}

export interface SessionRules {
  readonly ledger: Ledger;
  readonly violations: Violations;
  readonly faults: FaultsLog;
  readonly now: () => number;
  /** Data of an interrogation goes to all (`all`), or for certain only to the master that asked. */
  readonly interrogation: 'all' | 'originator';
  /** `master/session` that gave a command, if there is only one that can have given it. */
  readonly askerOf: (command: number) => string | undefined;
}

/** What one session of a master gets, from STARTDT con until it stops or is closed. */
export class SessionAccount {
  /** Next entry expected; undefined: nothing has come yet. */
  private pointer: number | undefined;
  /** Entries in the order received, to know which ones an N(R) acknowledges. */
  private readonly received: (LedgerEntry | undefined)[] = [];
  private readonly got = new Set<number>();
  private readonly prefix: { asdu: Uint8Array; key: string; slot: number }[] = [];
  private acknowledged = 0;
  /** Created after it was started: it must get it. */
  private readonly mustHaveFrom: number;

  constructor(
    private readonly master: MasterAccount,
    private readonly rules: SessionRules,
    /** Counts the connections of its master. */
    private readonly session: number,
    readonly startedAt: number,
  ) {
    this.mustHaveFrom = rules.ledger.firstCreatedAt(startedAt);
  }

  /** An ASDU came that the RTU must have sent. Returns its entry when that is known at once. */
  onAsdu(asdu: Uint8Array, key: string, isAnswer: boolean): LedgerEntry | undefined {
    if (this.pointer === undefined && isAnswer) {
      // It may be the product's own, which looks like an earlier one of the RTU.
      this.received.push(undefined);
      return undefined;
    }
    if (this.pointer === undefined && !this.rules.ledger.isUnique(key)) {
      // Where a session begins can be told only when something comes that was said once.
      this.prefix.push({ asdu, key, slot: this.received.length });
      this.received.push(undefined);
      return undefined;
    }
    if (this.prefix.length > 0) this.placePrefix(key);
    const entry = this.place(asdu, key, isAnswer);
    this.received.push(entry);
    return entry;
  }

  private place(asdu: Uint8Array, key: string, isAnswer: boolean): LedgerEntry | undefined {
    const { ledger, violations } = this.rules;
    const from = this.pointer ?? 0;
    let entry = this.pointer === undefined ? undefined : this.expected(from, key);
    if (entry === undefined) {
      const known = this.pointer === undefined ? undefined : this.repeatOf(key, from);
      if (known !== undefined) return known;
      entry = ledger.next(key, from);
    }
    if (entry === undefined) {
      const again = ledger.earlier(key, from)[0];
      if (again === undefined)
        violations.add('answer', `${this.master.id} got what no RTU has sent: ${describe(asdu)}`);
      else if (!isAnswer) violations.add('repeat', `${this.master.id} got #${again.index} again: ${describe(asdu)}`);
      return undefined;
    }
    this.checkStart(entry);
    this.checkGap(this.pointer ?? entry.index, entry.index);
    this.pointer = entry.index + 1;
    this.got.add(entry.index);
    entry.receivedBy.add(this.master.id);
    const { cursor } = this.master;
    if (cursor !== undefined) cursor.expected = Math.max(cursor.expected ?? 0, this.pointer);
    return entry;
  }

  /** The next entry that may come, if it has this key. */
  private expected(from: number, key: string): LedgerEntry | undefined {
    // What may be missing is taken for it only when what may not does not fit: several may look alike.
    let optional: LedgerEntry | undefined;
    for (let index = from; ; index++) {
      const entry = this.rules.ledger.at(index);
      if (entry === undefined) return optional;
      if (this.isOwed(entry)) return entry.key === key ? entry : optional;
      if (entry.key === key) optional ??= entry;
    }
  }

  /** The first ASDUs of the session look like others; what follows them was said once, so they are those just before it. */
  private placePrefix(key: string): void {
    const { ledger } = this.rules;
    const prefix = this.prefix.splice(0);
    let before = ledger.next(key, 0)?.index ?? 0;
    for (const { key: earlierKey } of prefix.toReversed())
      before = ledger.earlier(earlierKey, before)[0]?.index ?? before;
    let next = before;
    for (const { asdu, key: prefixKey, slot } of prefix) {
      const entry = ledger.next(prefixKey, next);
      this.pointer ??= entry?.index;
      if (entry !== undefined && slot === prefix[0]?.slot) {
        this.pointer = undefined;
        this.checkStart(entry);
        this.pointer = entry.index;
      }
      this.received[slot] = this.place(asdu, prefixKey, false);
      next = this.pointer ?? next;
    }
  }

  /** An ASDU of the product's own: it counts in the link's window only. */
  onOther(): void {
    this.received.push(undefined);
  }

  /** The master has acknowledged the first `count` ASDUs of this session. */
  onAcknowledged(count: number): void {
    for (; this.acknowledged < count && this.acknowledged < this.received.length; this.acknowledged++) {
      const entry = this.received[this.acknowledged];
      if (entry !== undefined) this.master.cursor?.acknowledgedAt.set(entry.index, this.rules.now());
    }
  }

  /** At the end of a story, in which nothing has gone wrong for a while: it must have got all up to `end`. */
  checkComplete(end: number): void {
    this.leave();
    if (this.pointer === undefined) this.checkGap(this.startIndex(end), end);
    else this.checkGap(this.pointer, end);
  }

  /** The session is over. What could not be placed may have been any of those that look like it. */
  leave(): void {
    const { ledger } = this.rules;
    const { cursor } = this.master;
    for (const { key } of this.prefix.splice(0)) {
      for (const entry of ledger.earlier(key, Infinity)) entry.receivedBy.add(this.master.id);
      const next = cursor?.expected === undefined ? undefined : this.expected(cursor.expected, key);
      if (cursor !== undefined && next !== undefined) cursor.expected = next.index + 1;
    }
  }

  private startIndex(end: number): number {
    const { cursor } = this.master;
    return Math.min(end, cursor?.expected ?? this.mustHaveFrom, this.mustHaveFrom);
  }

  private checkStart(entry: LedgerEntry): void {
    if (this.pointer !== undefined) return;
    const { cursor } = this.master;
    if (cursor?.expected !== undefined && entry.index > cursor.expected) {
      this.checkGap(cursor.expected, entry.index);
      return;
    }
    if (entry.index > this.mustHaveFrom) this.checkGap(this.mustHaveFrom, entry.index);
    const acknowledgedAt = cursor?.acknowledgedAt.get(entry.index);
    if (acknowledgedAt === undefined || acknowledgedAt > this.startedAt - ON_ITS_WAY_MS || entry.sends > 1) return;
    const { faults, now, violations } = this.rules;
    if (faults.between(acknowledgedAt - FAULT_LAG_MS, Math.min(now(), acknowledgedAt + FAULT_LAG_MS))) return;
    violations.add(
      'repeat',
      `${this.master.id} gets #${entry.index} again, which it acknowledged at ${acknowledgedAt}`,
    );
  }

  private checkGap(from: number, to: number): void {
    const missing: LedgerEntry[] = [];
    for (let index = from; index < to; index++) {
      const entry = this.rules.ledger.at(index);
      if (entry !== undefined && this.isOwed(entry) && !this.got.has(index)) missing.push(entry);
    }
    const [first] = missing;
    if (first === undefined) return;
    const { cursor } = this.master;
    if (cursor !== undefined && cursor.lossesTold > cursor.lossesSeen) {
      cursor.lossesSeen = cursor.lossesTold;
      return;
    }
    const span = missing.length === 1 ? `#${first.index}` : `#${first.index}..#${missing.at(-1)?.index}`;
    this.rules.violations.add('gap', `${this.master.id} did not get ${missing.length} of ${span} (${first.kind})`);
  }

  private isOwed(entry: LedgerEntry): boolean {
    if (entry.givenUp || entry.excuse !== undefined || entry.sends === 0) return false;
    if (entry.kind === 'event') return true;
    if (entry.kind === 'answer' || entry.command === undefined) return false;
    return (
      this.rules.interrogation === 'all' || this.rules.askerOf(entry.command) === `${this.master.id}/${this.session}`
    );
  }

  /** What was not acknowledged when something went wrong may come twice, and so may what the RTU has sent twice. */
  private repeatOf(key: string, before: number): LedgerEntry | undefined {
    const { ledger, faults } = this.rules;
    return ledger
      .earlier(key, before)
      .find(
        ({ sends, kind, sentAt, acknowledgedAt }) =>
          sends > 1 || kind === 'answer' || faults.between(sentAt - FAULT_LAG_MS, acknowledgedAt ?? Infinity),
      );
  }
}
