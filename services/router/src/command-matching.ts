import { type AsduView, Cause, isSelect, Likeness, likeness } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import type { RecordOrigin } from './command-context.js';
import { CommandExpectations, type Expectation } from './command-expectations.js';
import { asksStation, type CommandLanes, laneOf } from './command-lanes.js';
import type { CommandMemory } from './command-memory.js';
import { kindOf } from './command-progress.js';
import { isCounted, isKnown, mayAnswer, Seen, type Transaction } from './command-transaction.js';
import {
  certainGuess,
  completed,
  type Guess,
  hadAlready,
  haveSameMasters,
  IncompleteAnswers,
  isOnlyOne,
} from './incomplete-answers.js';
import type { RtuHabits } from './rtu-habits.js';
import { isProcessCommand, otherTimeTag } from './rules.js';

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
  /** What it means to the command: as it came, but for what the station has not repeated (see `IncompleteAnswers`). */
  readonly answer: AsduView;
  /** False when its master has others that may be meant as well: it gets the answer, but none of them is moved on. */
  readonly isOnlyOne: boolean;
}

/** Why an answer has no command: there is none that fits, or those of several masters do. */
export type NoMatch = 'none' | 'several';

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
  private readonly expectations: CommandExpectations;
  private readonly incomplete: IncompleteAnswers;

  /** @param ownCa CA of the station by configuration */
  constructor(
    private readonly lanes: CommandLanes,
    private readonly memory: CommandMemory,
    private readonly habits: RtuHabits,
    private readonly clock: Pick<Clock, 'now'>,
    ownCa: number,
  ) {
    this.expectations = new CommandExpectations(habits, clock);
    this.incomplete = new IncompleteAnswers(memory, habits, this.expectations, ownCa);
  }

  /** The command that `answer`, an ASDU at this place of the log, belongs to, if there is one, and if that is certain. */
  match(answer: AsduView, position: number, record: RecordOrigin): Match | NoMatch {
    const found = this.repeating(answer, position, record, false);
    const isComplete = found.some(({ rank }) => rank < AGAIN) && !this.incomplete.isDoubtful(answer);
    if (isComplete) return this.decideInOrder(found, answer) ?? 'several';
    const told = found.length === 0 ? this.byOa(answer, position, record) : undefined;
    const isTold = ({ transaction }: Guess): boolean =>
      told === undefined || transaction.owner === told.transaction.owner;
    const { due, again } = this.incomplete.guesses(answer, position, record);
    const guesses = due.filter(isTold);
    if (guesses.length > 0) return this.guessed(guesses, found, answer, record) ?? told ?? 'several';
    if (found.length > 0) return this.decideInOrder(found, answer) ?? 'several';
    if (told !== undefined) return told;
    return again.length === 0 ? 'none' : (this.matchOf(certainGuess(again), answer, record, true) ?? 'several');
  }

  /** The command under way that asks for this object, which has no cause of an answer. */
  matchUnderWay(object: AsduView, position: number, record: RecordOrigin): Match | undefined {
    const found = this.repeating(object, position, record, true);
    if (found.length > 0) return this.decideInOrder(found, object);
    // One private type may be answered with another one.
    return this.guessed(this.incomplete.requested(object, position, record), found, object, record);
  }

  /** Commands of which the answer repeats type, station and object. */
  private repeating(answer: AsduView, position: number, record: RecordOrigin, underWayOnly: boolean): Match[] {
    const { typeId, ca, ioa } = answer;
    const found: Match[] = [];
    if (ioa === undefined) return found;
    const sibling = otherTimeTag(typeId);
    const consider = (transaction: Transaction, isOver: boolean): void => {
      const isOfType = transaction.typeId === typeId || transaction.typeId === sibling;
      if (!isOfType || !mayAnswer(transaction, position, record)) return;
      const match = this.judge(transaction, answer, isOver, isCounted(transaction, position, record));
      const isCertain = isKnown(transaction, record) || match?.likeness === Likeness.SAME;
      if (match !== undefined && isCertain) found.push(match);
    };
    for (const transaction of this.lanes.active(typeId, ca, ioa)) consider(transaction, false);
    if (underWayOnly) return found;
    for (const transaction of this.memory.overAt(typeId, ca, ioa)) consider(transaction, true);
    if (sibling === typeId) return found;
    for (const transaction of this.memory.overAt(sibling, ca, ioa)) consider(transaction, true);
    return found;
  }

  private decideInOrder(found: readonly Match[], answer: AsduView): Match | undefined {
    // Nothing is repeated where it may be the answer to one of that OA, or the ACT_TERM of one that is confirmed.
    const isDue = ({ rank, transaction }: Match): boolean =>
      rank !== REPEATED && (transaction.oa === answer.oa || (rank < 1 && endsInOrder(answer)));
    const fitting = found.some(isDue) ? found.filter(({ rank }) => rank !== REPEATED) : found;
    return this.decide(fitting, answer.oa, endsInOrder(answer));
  }

  /**
   * What an incomplete answer is the next one to; nobody's when it may as well be to another master, or repeat what that one
   * has had. Whatever it does not move on may have missed it.
   */
  private guessed(
    due: readonly Guess[],
    found: readonly Match[],
    answer: AsduView,
    record: RecordOrigin,
  ): Match | undefined {
    const told = due.filter(({ transaction }) => this.isTold(transaction, answer.oa));
    const fitting = told.length > 0 ? told : due;
    const guess = certainGuess(fitting);
    const isRival = ({ transaction }: Match): boolean =>
      guess !== undefined && hadAlready(transaction, answer) && !haveSameMasters(transaction, guess.transaction);
    const isCertain = guess !== undefined && !found.some(isRival);
    const isOnly = isCertain && isOnlyOne(guess, fitting);
    // One that it repeats after all.
    const exact = isOnly ? found.find(({ transaction }) => transaction === guess.transaction) : undefined;
    const match = exact ?? (isCertain ? this.matchOf(guess, answer, record, isOnly) : undefined);
    if (match?.isOnlyOne !== true) for (const { transaction } of fitting) transaction.answersMissed = true;
    return match;
  }

  private matchOf(
    guess: Guess | undefined,
    answer: AsduView,
    record: RecordOrigin,
    isOnly: boolean,
  ): Match | undefined {
    if (guess === undefined || !isKnown(guess.transaction, record)) return undefined;
    const { transaction, expectation, isOver, isCounted: counted } = guess;
    return {
      transaction,
      isOver,
      isCounted: counted,
      isOtherSelect: false,
      // Says nothing of what this station repeats.
      likeness: Likeness.OTHER,
      rank: expectation === 'again' ? AGAIN : 0,
      answer: completed(transaction, answer),
      isOnlyOne: isOnly,
    };
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
    const given = this.expectations.of(transaction, ca, cot, { isOver, isCounted: counted });
    if (given === undefined) return undefined;
    const expectation = isOver && isOtherSelect && !counted ? 'again' : given;
    const found = alike <= this.habits.tolerated(typeId) ? Likeness.SAME : alike;
    const isOther = isOtherIoa || (isOver && isOtherSelect) || transaction.typeId !== typeId;
    const likely = (isOther ? Math.max(found, Likeness.OTHER_QUALIFIER) : found) as Likeness;
    const isConfirmed = ((transaction.seen.get(ca) ?? 0) & Seen.FIRST) !== 0;
    const match = { transaction, isOver, isCounted: counted, isOtherSelect, answer, isOnlyOne: true };
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
    if (mirrored.length === 0 && this.mayBeLate(likeliest, fitting, oa)) return undefined;
    // One drive moves once at a time: equal commands end in their order.
    if (endedFirst && least < AGAIN) return this.earliest(likeliest, found);
    if (endedFirst && mirrored.length === 0) return this.saidAgain(likeliest, found);
    const [first, ...rest] = likeliest;
    return rest.every(({ transaction }) => transaction.owner === first?.transaction.owner) ? first : undefined;
  }

  /**
   * An RTU answers in order: what was given up may be answered yet, before what has been sent since. The OA says so; but it says
   * the same where the RTU always writes this one, and then it is the answer to what has been sent since.
   */
  private mayBeLate(likeliest: readonly Match[], fitting: readonly Match[], oa: number): boolean {
    const speaksAgainst = ({ transaction }: Match): boolean => this.habits.oa.speaksAgainst(transaction, oa);
    const others = fitting.filter((match) => !speaksAgainst(match) && !hasEnded(match.transaction));
    return others.some(({ transaction: { owner } }) =>
      likeliest.some((match) => speaksAgainst(match) && match.transaction.owner !== owner),
    );
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

  /** The OA of an answer says that it is one to this command, if it is one to a command like this. */
  private isTold(transaction: Transaction, oa: number): boolean {
    const { behaviour } = this.habits.oa;
    if (behaviour === 'opaque' || transaction.oa !== oa) return false;
    return behaviour === 'mirrors' || this.habits.oa.proves(transaction, oa);
  }

  /** Fits no command: the OA of an RTU that mirrors still says whose it is. */
  private byOa(answer: AsduView, position: number, record: RecordOrigin): Match | undefined {
    if (!this.mirrors) return undefined;
    const possible = this.memory.withOa(answer.oa).filter((transaction) => mayAnswer(transaction, position, record));
    const transaction = possible.at(-1);
    if (transaction === undefined || possible.some(({ owner }) => owner !== transaction.owner)) return undefined;
    const counted = isCounted(transaction, position, record);
    const match = { transaction, isOver: true, isCounted: counted, isOtherSelect: false, answer, isOnlyOne: true };
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

/** The RTU has ended it: nothing of it is missing. */
function hasEnded({ seen }: Transaction): boolean {
  return [...seen.values()].some((flags) => (flags & Seen.TERMINATION) !== 0);
}

function byOrder(a: Match, b: Match): number {
  return a.transaction.sentOrder - b.transaction.sentOrder;
}

/** ACT_TERM of a process command. */
function endsInOrder({ cot, typeId }: AsduView): boolean {
  return cot === Cause.ACT_TERM && isProcessCommand(typeId);
}
