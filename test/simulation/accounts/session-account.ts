import { AsduView } from '@iec104mm2ss/iec104';
import { describe } from './asdu-key.ts';
import type { FaultsLog } from './faults-log.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { type Arrived, fill } from './segment.ts';
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
  /** Its connections: what one has got, the master has. */
  readonly members = new Set<string>();
  /** Counts how often the product has lost what it knew of it: what sessions of before still get says nothing then. */
  forgotten = 0;
  /** The connection that was started last: the others of this master get nothing since. */
  active = '';
  current: SessionAccount | undefined;

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

/**
 * What one session of a master gets, from STARTDT con until it stops or is closed. ASDUs that look like others are counted
 * between two that do not: only so many may be missing as have not come.
 */
export class SessionAccount {
  /** Next entry expected; undefined: nothing that tells has come yet. */
  private pointer: number | undefined;
  /** Look like others, and have come since the last one that does not. */
  private arrived: Arrived[] = [];
  /** Something has been repeated since then. */
  private repeats = false;
  /** Entries in the order received, to know which ones an N(R) acknowledges. */
  private readonly received: (LedgerEntry | undefined)[] = [];
  private acknowledged = 0;
  private hasBegun = false;
  private readonly forgotten: number;
  /** Created after it was started: it must get it. */
  private mustHaveFrom: number;
  /** What is before it has been got already, by this master if it is named, by some master else. */
  private owedFrom: number;

  constructor(
    private readonly master: MasterAccount,
    private readonly rules: SessionRules,
    /** Counts the connections of its master. */
    private readonly session: number,
    readonly startedAt: number,
  ) {
    const { cursor } = master;
    cursor?.current?.leave();
    if (cursor !== undefined) cursor.current = this;
    this.forgotten = cursor?.forgotten ?? -1;
    this.mustHaveFrom = rules.ledger.firstCreatedAt(startedAt);
    this.owedFrom = Math.min(this.mustHaveFrom, cursor?.expected ?? Infinity);
  }

  /**
   * The product says that data transfer begins. That is at once, unless the word of it got lost in a fault: then events may
   * have gone by.
   */
  began(): void {
    const { faults, now, ledger } = this.rules;
    if (this.hasBegun || this.pointer !== undefined) return;
    this.hasBegun = true;
    if (!faults.between(this.startedAt - FAULT_LAG_MS, now())) return;
    this.mustHaveFrom = ledger.firstCreatedAt(now());
    this.owedFrom = Math.min(this.mustHaveFrom, this.master.cursor?.expected ?? Infinity);
  }

  /** An ASDU came that the RTU must have sent. Returns its entry when that is known at once. */
  onAsdu(asdu: Uint8Array, key: string, isAnswer: boolean): LedgerEntry | undefined {
    const { ledger, violations } = this.rules;
    ledger.countReceipt(key);
    const [entry, another] = ledger.all(key);
    // A negative answer may be the product's own and look like one of the RTU to somebody else; before anything else any.
    const isUseless = isAnswer && (another !== undefined || this.pointer === undefined || new AsduView(asdu).negative);
    if (another !== undefined && !isAnswer) this.arrived.push({ key, slot: this.received.length });
    this.received.push(undefined);
    if (another !== undefined || isUseless) return undefined;
    if (entry === undefined) {
      violations.add('answer', `${this.master.id} got what no RTU has sent: ${describe(asdu)}`);
      return undefined;
    }
    if (this.pointer !== undefined && entry.index < this.pointer) this.checkRepeat(entry, asdu, isAnswer);
    else this.place(entry);
    this.received[this.received.length - 1] = entry;
    return entry;
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
    const from = this.pointer ?? Math.min(end, this.owedFrom);
    if (end > from) this.checkSegment(from, end);
    this.leave();
  }

  /** The session is over. What looks like others and came last is what follows, as far as it can be placed at all. */
  leave(): void {
    const { ledger } = this.rules;
    const { cursor, id } = this.master;
    const arrived = this.arrived.splice(0);
    if (this.pointer !== undefined) {
      const { placed } = fill(ledger, this.pointer, ledger.entries.length, arrived, (entry) => this.isOwed(entry));
      for (const { entry } of placed) entry.receivedBy.add(id);
    } else {
      for (const { key } of arrived) for (const entry of ledger.all(key)) if (entry.sends > 0) entry.receivedBy.add(id);
    }
    if (cursor?.expected === undefined) return;
    // As far as they reach.
    for (let entry = ledger.at(cursor.expected); entry !== undefined; entry = ledger.at(cursor.expected)) {
      const at = arrived.findIndex(({ key }) => key === entry?.key);
      if (at >= 0) arrived.splice(at, 1);
      else if (this.isOwed(entry)) return;
      cursor.expected++;
    }
  }

  private place(entry: LedgerEntry): void {
    if (this.pointer === undefined) this.pointer = this.begin(entry);
    this.checkSegment(this.pointer, entry.index);
    this.pointer = entry.index + 1;
    entry.receivedBy.add(this.master.id);
    const { cursor } = this.master;
    if (cursor?.forgotten === this.forgotten) cursor.expected = Math.max(cursor.expected ?? 0, this.pointer);
  }

  /** Where the session begins: what looks like others and came first is just before `entry`. */
  private begin(entry: LedgerEntry): number {
    const { ledger } = this.rules;
    // What comes with a repetition may be anywhere.
    const wasRepeated = ({ key }: Arrived): boolean => ledger.all(key).some(({ sends }) => sends > 1);
    if (this.arrived.some(wasRepeated) || (entry.sends > 1 && this.arrived.length > 0)) {
      return Math.min(entry.index, this.owedFrom);
    }
    let first = entry.index;
    for (const { key } of this.arrived.toReversed()) first = ledger.before(key, first)?.index ?? first;
    this.checkKnown(ledger.at(first) ?? entry);
    return Math.min(first, this.owedFrom);
  }

  /** A named master that had acknowledged it gets it again only after a fault. */
  private checkKnown(entry: LedgerEntry): void {
    const acknowledgedAt = this.master.cursor?.acknowledgedAt.get(entry.index);
    if (acknowledgedAt === undefined || acknowledgedAt > this.startedAt - ON_ITS_WAY_MS || entry.sends > 1) return;
    const { faults, now, violations } = this.rules;
    if (faults.between(acknowledgedAt - FAULT_LAG_MS, Math.min(now(), acknowledgedAt + FAULT_LAG_MS))) return;
    if (this.isForgotten) return;
    const when = `which it acknowledged at ${acknowledgedAt.toFixed(0)}`;
    violations.add('repeat', `${this.master.id} gets #${entry.index} again, ${when}`);
  }

  private checkRepeat(entry: LedgerEntry, asdu: Uint8Array, isAnswer: boolean): void {
    this.repeats = true;
    if (
      !isAnswer &&
      this.pointer !== undefined &&
      !entry.receivedBy.has(this.master.id) &&
      entry.index >= this.owedFrom
    ) {
      this.rules.violations.add(
        'gap',
        `${this.master.id} gets #${entry.index} behind #${this.pointer - 1}: ${describe(asdu)}`,
      );
      return;
    }
    if (isAnswer || this.mayRepeat(entry)) return;
    this.rules.violations.add('repeat', `${this.master.id} got #${entry.index} again: ${describe(asdu)}`);
  }

  /** What was not acknowledged when something went wrong may come twice, and so may what the RTU has sent twice. */
  private mayRepeat({ sends, sentAt, acknowledgedAt }: LedgerEntry): boolean {
    return (
      sends > 1 || this.isForgotten || this.rules.faults.between(sentAt - FAULT_LAG_MS, acknowledgedAt ?? Infinity)
    );
  }

  /** What was acknowledged is not known any more: the saved state was spoilt, or the log was another one for a while. */
  private get isForgotten(): boolean {
    const { faults, now } = this.rules;
    return faults.between(0, now(), ['value spoilt']) || faults.count(now(), ['store lost', 'store restored']) > 1;
  }

  /** All that is between two entries has come, or need not. */
  private checkSegment(from: number, to: number): void {
    const { ledger, violations } = this.rules;
    // What it has already got was placed when another connection of the same master took over.
    const isOwed = (entry: LedgerEntry): boolean => this.isOwed(entry) && !entry.receivedBy.has(this.master.id);
    const { missing, placed, left } = fill(ledger, from, to, this.arrived, isOwed);
    for (const { entry, slot } of placed) {
      entry.receivedBy.add(this.master.id);
      this.received[slot] = entry;
    }
    this.arrived = [];
    const isExplained = this.repeats || left.every(({ key }) => ledger.all(key).some((entry) => this.mayRepeat(entry)));
    if (!isExplained) violations.add('repeat', `${this.master.id} got ${left.length} more of those that look alike`);
    this.repeats = false;
    this.checkMissing(missing.filter((entry) => this.isMissed(entry)));
  }

  private checkMissing(missing: readonly LedgerEntry[]): void {
    const [first] = missing;
    if (first === undefined) return;
    const { cursor } = this.master;
    if (cursor !== undefined && cursor.lossesTold > cursor.lossesSeen) {
      cursor.lossesSeen = cursor.lossesTold;
      return;
    }
    const span = missing.length === 1 ? `#${first.index}` : `#${first.index}..#${missing.at(-1)?.index}`;
    const what = `${missing.length} of ${span} (${first.kind})`;
    this.rules.violations.add('gap', `${this.master.id} did not get ${what}`);
  }

  /** It is owed to this session, not only to whom it was sent before. */
  private isMissed({ index, receivedBy }: LedgerEntry): boolean {
    if (index < this.owedFrom && receivedBy.size > 0) return false;
    return ![...(this.master.cursor?.members ?? [])].some((id) => receivedBy.has(id));
  }

  private isOwed(entry: LedgerEntry): boolean {
    if (entry.givenUp || entry.sends === 0 || this.rules.ledger.isExcused(entry)) return false;
    if (entry.kind === 'event') return true;
    if (entry.kind === 'answer' || entry.command === undefined) return false;
    return (
      this.rules.interrogation === 'all' || this.rules.askerOf(entry.command) === `${this.master.id}/${this.session}`
    );
  }
}
