import {
  ASDU_CA_OFFSET,
  ASDU_IOA_OFFSET,
  ASDU_OA_OFFSET,
  AsduView,
  BROADCAST_CA,
  Cause,
  IOA_OCTETS,
  Likeness,
  likeness,
  mirror,
  TypeId,
} from '@iec104mm2ss/iec104';
import type { RecordOrigin } from './command-context.js';
import type { CommandExpectations, Expectation } from './command-expectations.js';
import { asksStation } from './command-lanes.js';
import type { CommandMemory } from './command-memory.js';
import { FIRST_PRIVATE_TYPE, isCounted, mayAnswer, Seen, type Transaction } from './command-transaction.js';
import type { RtuHabits } from './rtu-habits.js';
import { isProcessCommand, LAST_PROCESS_INFORMATION, otherTimeTag } from './rules.js';

/** A command that an answer may be to, and how far that is from certain: all numbers are the smaller the better. */
export interface Guess {
  readonly transaction: Transaction;
  readonly isCounted: boolean;
  readonly expectation: Expectation;
  readonly isOver: boolean;
  /** It is over; of what would be unusual anyway that says nothing. */
  readonly isLate: number;
  /** How much of TypeID, CA and IOA the answer does not repeat. */
  readonly misfit: number;
  readonly isOtherValue: number;
  readonly isUnusual: number;
}

/** Of answers. What comes with any other cause need not be one. */
const CAUSES: ReadonlySet<number> = new Set([
  Cause.ACT_CON,
  Cause.DEACT_CON,
  Cause.ACT_TERM,
  Cause.UNKNOWN_TYPE,
  Cause.UNKNOWN_CAUSE,
  Cause.UNKNOWN_CA,
  Cause.UNKNOWN_IOA,
]);

/** A station that repeats nothing there, beside one that repeats something else. */
const LEFT_OUT = 1;
const OTHER = 2;

/**
 * Answers that do not repeat which object of which station they are about: a station that refuses may leave the IOA 0, or
 * out; of a type or CA that it does not know (causes 44, 46) it may write its own; and how private types are answered only
 * the station knows. Such an answer belongs to the command that it fits, if no command of another master fits it as well in
 * any respect.
 */
export class IncompleteAnswers {
  /** @param ownCa CA of the station by configuration: what it certainly knows */
  constructor(
    private readonly memory: CommandMemory,
    private readonly habits: RtuHabits,
    private readonly expectations: CommandExpectations,
    private readonly ownCa: number,
  ) {}

  /** True for an answer that is hardly about the station that it names: no station finds itself unknown. */
  isDoubtful({ cot, ca }: AsduView): boolean {
    return cot === Cause.UNKNOWN_CA && ca === this.ownCa;
  }

  /** The commands that it may be the next answer to, and those that it may be one to once more. */
  guesses(answer: AsduView, position: number, record: RecordOrigin): { due: Guess[]; again: Guess[] } {
    const all = CAUSES.has(answer.cot) ? this.possible(answer, position, record) : [];
    const again = all.filter((guess) => guess.expectation === 'again' && hadAlready(guess.transaction, answer));
    return { due: all.filter(({ expectation }) => expectation !== 'again'), again };
  }

  /** The private commands under way that a requested object of another private type may be for. */
  requested(object: AsduView, position: number, record: RecordOrigin): Guess[] {
    const { typeId, cot, ioa } = object;
    if (typeId < FIRST_PRIVATE_TYPE || cot !== Cause.REQ) return [];
    const possible = this.possible(object, position, record);
    return possible.filter(({ isOver, transaction }) => !isOver && transaction.ioa === ioa);
  }

  private possible(answer: AsduView, position: number, record: RecordOrigin): Guess[] {
    const found: Guess[] = [];
    for (const transaction of this.memory.all()) {
      if (!mayAnswer(transaction, position, record)) continue;
      const guess = this.guess(transaction, answer, isCounted(transaction, position, record));
      if (guess !== undefined) found.push(guess);
    }
    return found;
  }

  private guess(transaction: Transaction, answer: AsduView, counted: boolean): Guess | undefined {
    const misfit = this.misfit(transaction, answer);
    if (misfit === undefined) return undefined;
    const isOver = this.memory.isOver(transaction);
    const ca = stationOf(transaction, answer);
    const expectation = this.expectations.of(transaction, ca, answer.cot, { isOver, isCounted: counted });
    if (expectation === undefined) return undefined;
    // Of one of which answers were missed nobody knows what it has had.
    const isUnusual = expectation === 'unusual';
    return {
      transaction,
      isCounted: counted,
      expectation,
      isOver,
      isLate: Number(isOver && !isUnusual),
      misfit,
      isOtherValue: Number(!repeatsValue(transaction, answer)),
      isUnusual: Number(isUnusual && !transaction.answersMissed),
    };
  }

  /** Undefined: it is about something else. */
  private misfit(transaction: Transaction, answer: AsduView): number | undefined {
    const type = typeMisfit(transaction.typeId, answer);
    const ca = this.caMisfit(transaction.ca, answer);
    const ioa = ioaMisfit(transaction, answer);
    return type === undefined || ca === undefined || ioa === undefined ? undefined : type + ca + ioa;
  }

  private caMisfit(asked: number, answer: AsduView): number | undefined {
    const { ca, cot } = answer;
    if (asked === ca || asked === BROADCAST_CA || this.isDoubtful(answer)) return 0;
    if (cot !== Cause.UNKNOWN_CA) return undefined;
    return ca === 0 || ca === BROADCAST_CA || this.habits.hasAnswered(ca) ? LEFT_OUT : OTHER;
  }
}

/** Whose an answer is, if that is certain: that of these masters which fits best. */
export function certainGuess(guesses: readonly Guess[]): Guess | undefined {
  const [best] = [...guesses].sort(byFit);
  const isCertain = best !== undefined && guesses.every((other) => isSame(best, other) || isBetter(best, other));
  return isCertain ? best : undefined;
}

/** True when the masters of `guess` have no other command that may be meant as well. */
export function isOnlyOne(guess: Guess, guesses: readonly Guess[]): boolean {
  return guesses.every((other) => other === guess || isBetter(guess, other));
}

function isSame(guess: Guess, other: Guess): boolean {
  return haveSameMasters(guess.transaction, other.transaction);
}

/** The answer as it would be if it repeated the command: what the command and the habits of the RTU learn from it. */
export function completed(transaction: Transaction, answer: AsduView): AsduView {
  const octets = mirror(transaction.asdu, answer.cot, answer.negative);
  const ca = stationOf(transaction, answer);
  octets[ASDU_OA_OFFSET] = answer.oa;
  octets[ASDU_CA_OFFSET] = ca & 0xff;
  octets[ASDU_CA_OFFSET + 1] = ca >> 8;
  return new AsduView(octets);
}

export function haveSameMasters({ askers }: Transaction, other: Transaction): boolean {
  const sessions = new Set(askers.map(({ session }) => session));
  const others = new Set(other.askers.map(({ session }) => session));
  return sessions.size === others.size && [...sessions].every((session) => others.has(session));
}

/** An answer with this cause, negative or not, has come before. */
export function hadAlready(transaction: Transaction, answer: AsduView): boolean {
  const { cot, negative } = answer;
  const bits = transaction.seen.get(stationOf(transaction, answer)) ?? 0;
  if (cot === Cause.ACT_TERM) return (bits & Seen.TERMINATION) !== 0;
  const isRefusal = negative || cot >= Cause.UNKNOWN_TYPE;
  return isRefusal ? (bits & Seen.REFUSAL) !== 0 : (bits & Seen.FIRST) !== 0;
}

/** The station that has answered: what was for one only that one can answer. */
function stationOf(transaction: Transaction, answer: AsduView): number {
  return transaction.ca === BROADCAST_CA ? answer.ca : transaction.ca;
}

function typeMisfit(asked: number, { typeId, cot }: AsduView): number | undefined {
  // Whatever type the station has written: the one it was asked it does not know.
  if (cot === Cause.UNKNOWN_TYPE) return LEFT_OUT;
  if (asked === typeId) return 0;
  if (asked === otherTimeTag(typeId)) return LEFT_OUT;
  // A read is answered with the object that it is about, and a command may be, too.
  if (typeId <= LAST_PROCESS_INFORMATION && (asked === TypeId.C_RD_NA_1 || isProcessCommand(asked))) return OTHER;
  return asked >= FIRST_PRIVATE_TYPE && typeId >= FIRST_PRIVATE_TYPE ? OTHER : undefined;
}

function ioaMisfit({ typeId, ioa: asked }: Transaction, { ioa }: AsduView): number | undefined {
  // Of what has no object of its own, too: that it is 0 says nothing.
  if (ioa === undefined || ioa === 0) return LEFT_OUT;
  if (asked === ioa || asksStation(typeId)) return 0;
  // Of a private type nobody knows where its object is, if it has one.
  return typeId >= FIRST_PRIVATE_TYPE ? OTHER : undefined;
}

/** Octets that are all 0 say nothing: they may have been left out like the IOA. */
function repeatsValue({ asdu, typeId }: Transaction, answer: AsduView): boolean {
  if (answer.typeId !== typeId || answer.cot === Cause.UNKNOWN_TYPE || typeId >= FIRST_PRIVATE_TYPE) return false;
  const octets = answer.subarray();
  const element = octets.subarray(ASDU_IOA_OFFSET + IOA_OCTETS);
  return element.some((octet) => octet !== 0) && likeness(asdu, octets) === Likeness.SAME;
}

/** In every respect as good as the other, and better in one. */
function isBetter(a: Guess, b: Guess): boolean {
  const differences = CRITERIA.map((criterion) => b[criterion] - a[criterion]);
  return differences.every((difference) => difference >= 0) && differences.some((difference) => difference > 0);
}

function byFit(a: Guess, b: Guess): number {
  for (const criterion of CRITERIA) if (a[criterion] !== b[criterion]) return a[criterion] - b[criterion];
  return a.transaction.sentOrder - b.transaction.sentOrder;
}

const CRITERIA = ['isLate', 'isUnusual', 'misfit', 'isOtherValue'] as const;
