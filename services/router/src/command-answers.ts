import { AsduView, Cause, sameRequest, TypeId } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import type { Participant, RecordOrigin } from './command-context.js';
import type { CommandLanes } from './command-lanes.js';
import type { CommandMatching } from './command-matching.js';
import type { CommandMemory } from './command-memory.js';
import type { CommandProgress } from './command-progress.js';
import { INTERROGATION_TIMEOUT_MS, mayAnswer, type Transaction } from './command-transaction.js';
import { isInterrogation } from './rules.js';

/** What an answer makes of its command. */
export interface AnswerEffects {
  /** The RTU certainly got it. */
  sent(transaction: Transaction): void;
  /** It is over. */
  finish(transaction: Transaction, outcome: string): void;
  /** Those need not wait for it any more whose answers can be told from its own. */
  release(transaction: Transaction): void;
}

const NOBODY: readonly Participant[] = [];

/** What the RTU says: finds the command it answers, moves that on, and says who gets it. */
export class CommandAnswers {
  constructor(
    private readonly parts: {
      readonly lanes: CommandLanes;
      readonly matching: CommandMatching;
      readonly memory: CommandMemory;
      readonly progress: CommandProgress;
      readonly clock: Pick<Clock, 'now'>;
    },
    private readonly effects: AnswerEffects,
  ) {}

  /**
   * Who gets `answer`, an ASDU from the RTU that is not process information; undefined when no command under way expects
   * it.
   */
  answered(answer: Uint8Array, position: number, record: RecordOrigin): readonly Participant[] | undefined {
    const { matching, progress } = this.parts;
    const view = new AsduView(answer);
    progress.seen(view);
    const transaction = matching.match(answer, position, record);
    if (transaction === undefined) return undefined;
    const { participants, state, lostUntil } = transaction;
    if (lostUntil === Infinity) matching.learn(transaction.oa, view.oa);
    if (state === 'forwarded') this.effects.sent(transaction);
    this.advance(transaction, view);
    return participants;
  }

  /** Who gets an answer that no command under way expects: it may be late, or the second one. */
  late(answer: AsduView, position: number, record: RecordOrigin): readonly Participant[] {
    const { matching, memory } = this.parts;
    return matching.oaBehaviour === 'opaque' ? NOBODY : memory.participants(answer, position, record);
  }

  /** The master of a restored command has got this answer. */
  answeredBefore(transaction: Transaction, answer: Uint8Array): void {
    if (transaction.state === 'sent') this.advance(transaction, new AsduView(answer));
  }

  /** The interrogation under way that process information with this cause and CA answers. It is alive. */
  interrogation(cot: number, ca: number): Transaction | undefined {
    const { lanes, clock } = this.parts;
    const active = lanes.active(interrogationType(cot), ca, 0).filter((other) => other.cot !== Cause.DEACT);
    const transaction = active.find(({ lostUntil }) => lostUntil === Infinity) ?? active[0];
    if (transaction !== undefined && transaction.state !== 'forwarded') {
      transaction.expiresAt = clock.now() + INTERROGATION_TIMEOUT_MS;
    }
    return transaction;
  }

  /** Who asked with this OA for an interrogation that is over; undefined when that is not certain. */
  lateInterrogation(cot: number, ca: number, oa: number): readonly Participant[] | undefined {
    const { matching, memory } = this.parts;
    return matching.oaBehaviour === 'opaque' ? undefined : memory.interrogators(interrogationType(cot), ca, oa);
  }

  /** A requested object (COT 5) ends the read command it answers. */
  readAnswered(ca: number, ioa: number, position: number, record: RecordOrigin): void {
    const reading = this.parts.lanes.active(TypeId.C_RD_NA_1, ca, ioa);
    const transaction = reading.find((other) => mayAnswer(other, position, record));
    if (transaction !== undefined) this.effects.finish(transaction, 'answered');
  }

  private advance(transaction: Transaction, answer: AsduView): void {
    const { progress, matching, clock } = this.parts;
    const outcome = progress.advance(transaction, answer, clock.now());
    if (answer.cot === Cause.DEACT_CON && !answer.negative && isInterrogation(transaction.typeId)) {
      this.endDeactivated(transaction);
    }
    if (outcome !== undefined) this.effects.finish(transaction, outcome);
    else if (transaction.releaseAt < Infinity && matching.oaBehaviour === 'mirrors') this.effects.release(transaction);
  }

  /** The RTU has ended the interrogation that this deactivation was for: there will be no ACT_TERM. */
  private endDeactivated({ typeId, ca, ioa, asdu }: Transaction): void {
    const ended = this.parts.lanes
      .active(typeId, ca, ioa)
      .filter((other) => other.cot !== Cause.DEACT && other.ca === ca && sameRequest(other.asdu, asdu));
    for (const transaction of ended) this.effects.finish(transaction, 'deactivated');
  }
}

function interrogationType(cot: number): number {
  return cot <= Cause.INRO16 ? TypeId.C_IC_NA_1 : TypeId.C_CI_NA_1;
}
