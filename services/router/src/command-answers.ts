import { AsduView, Cause, sameRequest, TypeId } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import type { Participant, RecordOrigin } from './command-context.js';
import { type CommandLanes, laneOf } from './command-lanes.js';
import type { CommandMatching, Match, NoMatch } from './command-matching.js';
import type { CommandMemory } from './command-memory.js';
import { type CommandProgress, isOpenAt, isOverAt, kindOf } from './command-progress.js';
import type { Transaction } from './command-transaction.js';
import { asksFor, LateObjects } from './late-objects.js';
import { ReadAnswers } from './read-answers.js';
import type { RtuHabits } from './rtu-habits.js';
import { endsWithTermination, isInterrogation } from './rules.js';

/** What an answer makes of its command. */
export interface AnswerEffects {
  /** The RTU certainly got it. */
  sent(transaction: Transaction): void;
  /** It is over. */
  finish(transaction: Transaction, outcome: string): void;
  /** Others may perhaps go now. */
  pump(transaction: Transaction): void;
}

/** Why nobody gets an answer. */
export type NobodysReason = 'no_command' | 'several_masters' | 'passed_on_before' | 'master_left';

export interface Answered {
  readonly participants: readonly Participant[];
  /** Holds when there are no participants. */
  readonly reason: NobodysReason;
}

const NOBODY: readonly Participant[] = [];
const REASONS: Readonly<Record<NoMatch, NobodysReason>> = { none: 'no_command', several: 'several_masters' };

export interface AnswerParts {
  readonly lanes: CommandLanes;
  readonly matching: CommandMatching;
  readonly memory: CommandMemory;
  readonly habits: RtuHabits;
  readonly progress: CommandProgress;
  readonly clock: Pick<Clock, 'now'>;
}

/** What the RTU says: finds the command it answers, moves that on, and says who gets it. */
export class CommandAnswers {
  private readonly lateObjects: LateObjects;
  private readonly reads: ReadAnswers;

  constructor(
    private readonly parts: AnswerParts,
    private readonly effects: AnswerEffects,
  ) {
    this.lateObjects = new LateObjects(parts);
    this.reads = new ReadAnswers(parts);
  }

  /** Who gets `answer`, an ASDU from the RTU that is not monitored data. */
  answered(answer: Uint8Array, position: number, record: RecordOrigin): Answered {
    const view = new AsduView(answer);
    const found = this.parts.matching.match(view, position, record);
    const match = typeof found === 'string' ? undefined : found;
    if (view.cot === Cause.ACT_CON) this.learnConfirmation(view, match);
    this.learnTermination(match);
    if (typeof found === 'string') return { participants: NOBODY, reason: REASONS[found] };
    const participants = this.take(found);
    return { participants, reason: found.isCounted ? 'passed_on_before' : 'master_left' };
  }

  /** Who gets what a command under way expects although its cause is none of an answer; undefined: nobody asked for it. */
  requested(object: Uint8Array, position: number, record: RecordOrigin): readonly Participant[] | undefined {
    const view = new AsduView(object);
    const match = this.parts.matching.matchUnderWay(view, position, record);
    return match === undefined ? undefined : this.take(match);
  }

  /** The master of a restored command has got this answer. */
  answeredBefore(transaction: Transaction, answer: Uint8Array): void {
    if (transaction.state === 'sent') this.advance(transaction, new AsduView(answer));
  }

  /** The interrogation under way that objects with this cause and CA belong to. It is alive. */
  interrogation(cot: number, ca: number): Transaction | undefined {
    const { lanes, clock, progress } = this.parts;
    const active = lanes.active(interrogationType(cot), ca, 0).filter((other) => other.cot !== Cause.DEACT);
    const transaction = active.find(({ lostUntil }) => lostUntil === Infinity) ?? active[0];
    if (transaction !== undefined && transaction.state !== 'forwarded' && !isOverAt(transaction, ca)) {
      progress.alive(transaction, clock.now());
    }
    return transaction;
  }

  /** Who asked for objects with this cause of station `ca`; undefined when that is not certain. Empty: they have left. */
  interrogators(cot: number, ca: number, oa: number): readonly Participant[] | undefined {
    const transaction = this.interrogation(cot, ca);
    const type = interrogationType(cot);
    if (transaction !== undefined && asksFor(transaction.asdu, cot)) {
      return this.lateObjects.withUnfinished(transaction.participants, type, cot, ca);
    }
    return this.lateObjects.of(type, cot, ca, oa);
  }

  /** Requested objects (COT 5) end the read commands they answer. Who gave those; undefined when that is not certain. */
  readAnswered(asdu: Uint8Array, position: number, record: RecordOrigin): readonly Participant[] | undefined {
    const { ended, readers } = this.reads.answered(asdu, position, record);
    for (const transaction of ended) {
      if (transaction.state === 'forwarded') this.effects.sent(transaction);
      this.effects.finish(transaction, 'answered');
    }
    return readers;
  }

  private take(match: Match): readonly Participant[] {
    const { transaction, isOver, answer } = match;
    const { participants } = transaction;
    // They have had it.
    if (match.isCounted) return NOBODY;
    if (!match.isOnlyOne) return participants;
    this.learn(match);
    if (isOver) this.parts.progress.late(transaction, answer);
    else {
      if (transaction.state === 'forwarded') this.effects.sent(transaction);
      this.advance(transaction, answer);
    }
    return participants;
  }

  private learn({ transaction, isOver, likeness, answer }: Match): void {
    const { ca, cot, oa, typeId } = answer;
    const { habits, clock } = this.parts;
    if (transaction.lostUntil < Infinity) return;
    if (cot !== Cause.UNKNOWN_CA) habits.stationIsThere(ca);
    if (!isOver) habits.oa.answered(transaction, oa);
    if (!isOver && cot !== Cause.ACT_TERM) habits.repeated(typeId, likeness);
    const isFirst = transaction.seen.size === 0;
    if (isFirst && !transaction.isRestored) habits.answered(laneOf(transaction), clock.now() - transaction.sentAt);
  }

  /** Whosever it is, and also when nobody knows. */
  private learnConfirmation({ typeId }: AsduView, match: Match | undefined): void {
    const { habits, clock } = this.parts;
    habits.confirmed(typeId, clock.now());
    if (match !== undefined) habits.confirmed(match.transaction.typeId, clock.now());
  }

  /** An RTU that ends interrogations when they are deactivated need not end others. */
  private learnTermination(match: Match | undefined): void {
    if (match === undefined) return;
    const { transaction, answer } = match;
    if (answer.cot !== Cause.ACT_TERM || !endsWithTermination(answer.typeId)) return;
    if (transaction.outcome === 'deactivated') return;
    this.parts.habits.terminated(kindOf(transaction), laneOf(transaction));
  }

  private advance(transaction: Transaction, answer: AsduView): void {
    const { progress, memory, clock } = this.parts;
    if (answer.cot === Cause.ACT_TERM) {
      const { typeId, ioa } = transaction;
      const others = memory.at(typeId, answer.ca, ioa).filter((other) => other !== transaction);
      transaction.mayBeAnothers ||= others.some((other) => isOpenAt(other, answer.ca));
    }
    const outcome = progress.advance(transaction, answer, clock.now());
    const deactivates = transaction.cot === Cause.DEACT && isInterrogation(transaction.typeId);
    const isConfirmation = answer.cot === Cause.DEACT_CON || answer.cot === Cause.ACT_CON;
    if (deactivates && isConfirmation && !answer.negative) this.endDeactivated(transaction);
    if (outcome !== undefined) this.effects.finish(transaction, outcome);
    else this.effects.pump(transaction);
  }

  /** The RTU has ended the interrogation that this deactivation was for; its ACT_TERM may still come. */
  private endDeactivated({ typeId, ca, ioa, asdu }: Transaction): void {
    const ended = this.parts.lanes
      .active(typeId, ca, ioa)
      .filter((other) => other.cot !== Cause.DEACT && other.ca === ca && sameRequest(other.asdu, asdu));
    for (const transaction of ended) {
      transaction.outcome = 'deactivated';
      this.effects.finish(transaction, 'deactivated');
    }
  }
}

function interrogationType(cot: number): number {
  return cot <= Cause.INRO16 ? TypeId.C_IC_NA_1 : TypeId.C_CI_NA_1;
}
