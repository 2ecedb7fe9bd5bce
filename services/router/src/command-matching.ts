import { type AsduView, Cause, isSelect, Likeness, likeness, TypeId } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import type { RecordOrigin } from './command-context.js';
import { asksStation, type CommandLanes, laneOf } from './command-lanes.js';
import type { CommandMemory } from './command-memory.js';
import { kindOf } from './command-progress.js';
import {
  FIRST_PRIVATE_TYPE,
  isCounted,
  mayAnswer,
  Seen,
  TERMINATION_TIMEOUT_MS,
  type Transaction,
} from './command-transaction.js';
import type { RtuHabits } from './rtu-habits.js';
import { endsWithTermination, isProcessCommand, otherTimeTag } from './rules.js';

/** How well the cause of an answer fits what a command still has to get. */
type Expectation = 'due' | 'unusual' | 'again';

export interface Match {
  readonly transaction: Transaction;
  /** The command is over: the answer is late, or not the first of its kind. */
  readonly isOver: boolean;
  /** Its gateway has stated what came of it: see Transaction. */
  readonly isCounted: boolean;
  readonly likeness: Likeness;
  /** The smaller the better. */
  readonly rank: number;
  /** It is one to a select, and the command was none; or the other way round. */
  readonly isOtherSelect: boolean;
}

/** The answer to a command that is over, once more: its rank, and within which time. */
const REPEATED = -1;
const REPEATED_MS = 2_000;
/** From this rank on, a command has had such an answer. */
const AGAIN = 100;

/**
 * Which command an answer belongs to. There is no transaction id in the protocol: TypeID, CA, IOA and value tie an answer to
 * its command, and so does what the command has been answered with so far. Only between several that fit alike the OA
 * decides, if this RTU is proven to mirror it. docs/decisions/answers-of-real-rtus.md says why.
 */
export class CommandMatching {
  constructor(
    private readonly lanes: CommandLanes,
    private readonly memory: CommandMemory,
    private readonly habits: RtuHabits,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** The command that `answer`, an ASDU at this place of the log, belongs to; undefined when there is none, or no telling. */
  match(answer: AsduView, position: number, record: RecordOrigin, underWayOnly = false): Match | undefined {
    const { typeId, ca, ioa } = answer;
    if (ioa === undefined) return undefined;
    const sibling = otherTimeTag(typeId);
    const found: Match[] = [];
    const consider = (transaction: Transaction, isOver: boolean): void => {
      const isOfType = transaction.typeId === typeId || transaction.typeId === sibling;
      if (!isOfType || !mayAnswer(transaction, position, record)) return;
      const match = this.judge(transaction, answer, isOver, isCounted(transaction, position, record));
      // What was received before the command was sent may have been written anew, when the log had lost its end. And of
      // what an earlier owner sent nobody knows which answers it has had, and what else that owner had sent.
      const isKnown = transaction.floor?.generation === record.generation && !isRestoredProcess(transaction);
      const isCertain = isKnown || match?.likeness === Likeness.SAME;
      if (match !== undefined && isCertain) found.push(match);
    };
    for (const transaction of this.lanes.active(typeId, ca, ioa)) consider(transaction, false);
    if (!underWayOnly) {
      for (const transaction of this.memory.overAt(typeId, ca, ioa)) consider(transaction, true);
      if (sibling !== typeId)
        for (const transaction of this.memory.overAt(sibling, ca, ioa)) consider(transaction, true);
      if (found.length === 0) return this.byOa(answer, position, record);
    }
    // Nothing is repeated where it may be the answer to one of that OA, or the ACT_TERM of one that is confirmed.
    const isDue = ({ rank, transaction }: Match): boolean =>
      rank !== REPEATED && (transaction.oa === answer.oa || (rank < 1 && endsInOrder(answer)));
    const fitting = found.some(isDue) ? found.filter(({ rank }) => rank !== REPEATED) : found;
    return this.decide(fitting, answer.oa, endsInOrder(answer));
  }

  /** True when `next` may be sent while `other` is under way, because their answers can be told apart. */
  canBeToldApart(next: Transaction, other: Transaction): boolean {
    if (this.maySeemAlike(other) || other.typeId !== next.typeId) return true;
    return likeness(other.asdu, next.asdu) > Math.max(Likeness.OTHER_QUALIFIER, this.habits.tolerated(next.typeId));
  }

  /**
   * True when `other`, which is confirmed, has nothing more to get that could be taken for the answer to the same command of
   * another master: it may be sent at once. An RTU that seems to mirror is believed only if no ACT_TERM is known to come.
   */
  maySeemAlike(other: Transaction): boolean {
    const { habits } = this;
    const ends = habits.terminatesAt(kindOf(other), laneOf(other));
    return this.mirrors || (habits.oa.mayMirror && isProcessCommand(other.typeId) && !ends);
  }

  get mirrors(): boolean {
    return this.habits.oa.behaviour === 'mirrors';
  }

  private judge(transaction: Transaction, answer: AsduView, isOver: boolean, counted: boolean): Match | undefined {
    const { typeId, ca, cot, ioa } = answer;
    // What a station as a whole is asked may be answered with any IOA, and a command with a time tag without one.
    const isOtherIoa = transaction.ioa !== ioa;
    if (isOtherIoa && !asksStation(typeId)) return undefined;
    const alike = likeness(transaction.asdu, answer.subarray());
    // The select that a station repeats in the ACT_TERM of its execute rather belongs to a select, once that execute is over.
    const isOtherSelect = isSelect(transaction.asdu) !== isSelect(answer.subarray());
    const given = this.expects(transaction, ca, cot, isOver);
    const expected = given !== undefined && isOver && isOtherSelect ? 'again' : given;
    const expectation = counted ? this.expectedBefore(transaction, ca, cot, expected) : expected;
    if (expectation === undefined) return undefined;
    const found = alike <= this.habits.tolerated(typeId) ? Likeness.SAME : alike;
    const isOther = isOtherIoa || (isOver && isOtherSelect) || transaction.typeId !== typeId;
    const likely = (isOther ? Math.max(found, Likeness.OTHER_QUALIFIER) : found) as Likeness;
    const isConfirmed = ((transaction.seen.get(ca) ?? 0) & Seen.FIRST) !== 0;
    const match = { transaction, isOver, isCounted: counted, isOtherSelect };
    if (isOver && expectation === 'again' && this.isRepeated(transaction, answer, likely)) {
      return { ...match, likeness: Likeness.SAME, rank: REPEATED };
    }
    const rank = rankOf(likely, expectation, isOver, isConfirmed && endsInOrder(answer));
    // What was for this station comes before what was for all.
    return { ...match, likeness: likely, rank: transaction.ca === ca ? rank : rank + 0.5 };
  }

  /** The best one. When there are several of them, of different masters, nobody can tell: unless the RTU mirrors OAs. */
  private decide(found: readonly Match[], oa: number, endedFirst: boolean): Match | undefined {
    const best = Math.min(...found.map(({ rank }) => rank));
    const likest = found.find(({ rank }) => rank === best)?.likeness;
    const fitting = found.filter((match) => match.likeness === likest && match.rank >= AGAIN === best >= AGAIN);
    const mirrored = fitting.filter(({ transaction }) => this.isTold(transaction, oa));
    const candidates = mirrored.length > 0 ? mirrored : fitting;
    const least = Math.min(...candidates.map(({ rank }) => rank));
    const likeliest = candidates.filter(({ rank }) => rank === least);
    // One drive moves once at a time: equal commands end in their order.
    if (endedFirst && least < AGAIN) return this.earliest(likeliest, found);
    if (endedFirst && mirrored.length === 0) return this.saidAgain(likeliest, found);
    const [first, ...others] = likeliest;
    return others.every(({ transaction }) => transaction.owner === first?.transaction.owner) ? first : undefined;
  }

  /** Nobody's when it repeats a select that another master has made since: that, too, may be what it ends. */
  private earliest(likeliest: readonly Match[], found: readonly Match[]): Match | undefined {
    const [first] = [...likeliest].sort(byOrder);
    if (first?.isOtherSelect !== true) return first;
    const isRival = (match: Match): boolean =>
      !match.isOtherSelect &&
      match.likeness === Likeness.SAME &&
      match.transaction.owner !== first.transaction.owner &&
      byOrder(first, match) < 0;
    return found.some(isRival) ? undefined : first;
  }

  /**
   * Whose an ACT_TERM is that nobody waits for: the last one's on this object, or that of the master whose command it fits
   * best. Where these are two masters nobody can tell.
   */
  private saidAgain(likeliest: readonly Match[], found: readonly Match[]): Match | undefined {
    const last = [...found].sort(byOrder).at(-1);
    return likeliest.filter(({ transaction }) => transaction.owner === last?.transaction.owner).at(-1);
  }

  /** Some stations answer twice: the OA says so, unless the RTU may write it because it saw it last, or always. */
  private isRepeated(transaction: Transaction, answer: AsduView, alike: number): boolean {
    const { oa } = this.habits;
    const isFresh = this.clock.now() - transaction.heardAt < REPEATED_MS;
    const isLast = oa.isLast(transaction);
    return isFresh && isLast && alike === Likeness.SAME && transaction.oa === answer.oa && oa.mayMirror;
  }

  /** Whether an answer with this cause can come for the transaction from station `ca`. */
  private expects(transaction: Transaction, ca: number, cot: number, isOver: boolean): Expectation | undefined {
    const { typeId, select } = transaction;
    const isDeactivation = transaction.cot === Cause.DEACT;
    const seen = transaction.seen.get(ca) ?? 0;
    const isFirst = (seen & Seen.FIRST) === 0;
    switch (cot) {
      case Cause.ACT_CON:
        if (isDeactivation) return isFirst ? 'unusual' : 'again';
        return isFirst || typeId >= FIRST_PRIVATE_TYPE ? 'due' : 'again';
      case Cause.DEACT_CON:
        if (!isDeactivation) return undefined;
        return isFirst ? 'due' : 'again';
      case Cause.ACT_TERM:
        if (isDeactivation) return undefined;
        if ((seen & (Seen.TERMINATION | Seen.REFUSAL)) !== 0) return 'again';
        if (select) return 'again';
        if (!endsWithTermination(typeId) || (isOver && this.isLongAgo(transaction))) return 'unusual';
        return !isFirst || this.habits.isUnconfirmed(typeId) ? 'due' : 'unusual';
      case Cause.UNKNOWN_TYPE:
      case Cause.UNKNOWN_CAUSE:
      case Cause.UNKNOWN_CA:
      case Cause.UNKNOWN_IOA:
        // A station that is not there has nothing more to say to what was for all.
        return isFirst && !(isOver && transaction.ca !== ca) ? 'due' : 'again';
      default:
        return typeId >= FIRST_PRIVATE_TYPE || typeId === TypeId.C_RD_NA_1 ? 'due' : 'unusual';
    }
  }

  /** What a command had been answered with when its gateway stated that it can have had then. */
  private expectedBefore(
    { seen }: Transaction,
    ca: number,
    cot: number,
    expected: Expectation | undefined,
  ): Expectation | undefined {
    const hadAll = ((seen.get(ca) ?? 0) & Seen.TERMINATION) !== 0;
    if (cot === Cause.ACT_TERM && !hadAll) return undefined;
    return expected === 'again' ? 'due' : expected;
  }

  private isLongAgo({ sentAt }: Transaction): boolean {
    return this.clock.now() - sentAt > TERMINATION_TIMEOUT_MS;
  }

  /** The OA of an answer says that it is one to this command, if it is one to a command like this. */
  private isTold(transaction: Transaction, oa: number): boolean {
    const { behaviour } = this.habits.oa;
    if (behaviour === 'opaque' || transaction.oa !== oa) return false;
    return behaviour === 'mirrors' || this.habits.oa.proves(transaction, oa);
  }

  /** Fits no command: the OA of an RTU that mirrors still says whose it is. */
  private byOa({ oa }: AsduView, position: number, record: RecordOrigin): Match | undefined {
    if (!this.mirrors) return undefined;
    const possible = this.memory.withOa(oa).filter((transaction) => mayAnswer(transaction, position, record));
    const transaction = possible.at(-1);
    if (transaction === undefined || possible.some(({ owner }) => owner !== transaction.owner)) return undefined;
    const counted = isCounted(transaction, position, record);
    const match = { transaction, isOver: true, isCounted: counted, isOtherSelect: false };
    return { ...match, likeness: Likeness.OTHER, rank: AGAIN };
  }
}

/**
 * What repeats more comes first. Among those that repeat as much: what is under way and due, then what is late, then what
 * would be unusual. Of two equal commands on one object the earlier one is `endedFirst`.
 */
function rankOf(alike: number, expectation: Expectation, isOver: boolean, endedFirst: boolean): number {
  if (expectation === 'again') return AGAIN + 2 * alike + (isOver ? 1 : 0);
  if (expectation === 'unusual') return 10 * alike + (isOver ? 5 : 3);
  // A late answer with another value is less likely than an unusual one.
  if (isOver && alike >= Likeness.OTHER_VALUE) return 10 * alike + 4;
  return 10 * alike + (endedFirst ? 0 : isOver ? 2 : 1);
}

function byOrder(a: Match, b: Match): number {
  return a.transaction.sentOrder - b.transaction.sentOrder;
}

function isRestoredProcess({ isRestored, typeId }: Transaction): boolean {
  return isRestored && isProcessCommand(typeId);
}

/** ACT_TERM of a process command. */
function endsInOrder({ cot, typeId }: AsduView): boolean {
  return cot === Cause.ACT_TERM && isProcessCommand(typeId);
}
