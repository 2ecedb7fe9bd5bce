import { Cause } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import { CommandAnswers } from './command-answers.js';
import { CommandEnds, type EndEffects } from './command-ends.js';
import { asksStation, CommandLanes } from './command-lanes.js';
import { CommandMatching } from './command-matching.js';
import { CommandMemory } from './command-memory.js';
import { CommandProgress } from './command-progress.js';
import { CommandTable } from './command-table.js';
import {
  type AnswerFloor,
  type Asker,
  type NewCommand,
  type SentBefore,
  SETTLED_BEFORE,
  type Transaction,
} from './command-transaction.js';
import { CommandTurns } from './command-turns.js';
import { RtuHabits } from './rtu-habits.js';
import { isFileTransfer, isInterrogation } from './rules.js';

/** How long what an earlier owner sent is waited for at least: its answers may be in the log that is still to be read. */
const RESTORED_GRACE_MS = 2_000;

export interface TransactionEffects extends EndEffects {
  /** False while nothing may be handed over; call `resume` when that changes. */
  ready(): boolean;
  /** Asked right before a command is handed over: why it must not be, undefined when it may. It is then refused. */
  veto(transaction: Transaction): string | undefined;
  /** Hand the command to the connector. Returns from where on in the log it can be answered. */
  forward(transaction: Transaction): AnswerFloor;
  /** The RTU certainly got it. */
  sent(transaction: Transaction): void;
}

/**
 * The commands of one group between masters and RTU: what becomes of each from its coming to its last answer. Which may go
 * is decided in CommandLanes, whose an answer is in CommandMatching, what it means in CommandProgress, how else a command
 * ends in CommandEnds. Where only a time-out tells that one is over, its lane waits for it.
 */
export class Transactions {
  readonly matching: CommandMatching;
  readonly answers: CommandAnswers;
  private readonly lanes: CommandLanes;
  private readonly memory = new CommandMemory();
  /** What is known of how this RTU answers. */
  readonly habits = new RtuHabits();
  private readonly progress = new CommandProgress(this.habits);
  private readonly table = new CommandTable();
  private readonly turns: CommandTurns;
  private readonly ends: CommandEnds;

  /** @param ownCa CA of the RTU by configuration */
  constructor(
    private readonly effects: TransactionEffects,
    private readonly clock: Pick<Clock, 'now'>,
    ownCa: number,
  ) {
    this.lanes = new CommandLanes({
      ready: () => effects.ready(),
      mayJoin: (next, other) => this.turns.mayJoin(next, other),
      start: (transaction) => this.start(transaction),
    });
    const { lanes, memory, habits, progress, table } = this;
    this.ends = new CommandEnds({ table, lanes, memory, progress, effects, clock });
    this.matching = new CommandMatching(lanes, memory, habits, clock, ownCa);
    this.turns = new CommandTurns(lanes, memory, this.matching, clock);
    this.answers = new CommandAnswers(
      { lanes, matching: this.matching, memory, habits, progress, clock },
      {
        sent: (transaction) => effects.sent(transaction),
        finish: (transaction, outcome) => this.ends.finish(transaction, outcome),
        pump: (transaction) => this.ends.pump(transaction),
      },
    );
  }

  get size(): number {
    return this.table.size;
  }

  /** Commands that the RTU may still answer, those under way included. */
  get remembered(): number {
    return this.memory.size;
  }

  /** Number of the last command, see Transaction. */
  get lastNumber(): number {
    return this.table.lastNumber;
  }

  /** True while a command with this OA is under way. */
  answerable(oa: number): boolean {
    return this.memory.answerable(oa);
  }

  /** Commands handed over before `time` of which the connector has said nothing. */
  unreported(time: number): Transaction[] {
    return this.table.all().filter(({ state, sentAt }) => state === 'forwarded' && sentAt < time);
  }

  // ---- to the RTU ---------------------------------------------------------------------------------------------------

  /** Takes a command of a session: it is on its way, waits, or is refused when this returns. */
  begin(command: NewCommand): Transaction {
    const { asker } = command;
    const transaction = this.table.make(command);
    const { typeId, ca, ioa, cot } = transaction;
    if (!this.table.hasRoom(asker.session)) {
      this.effects.refused(transaction, 'too many commands waiting');
      return transaction;
    }
    if (isInterrogation(typeId) && cot === Cause.ACT) {
      const same = this.turns.sameWaiting(transaction);
      if (same !== undefined) {
        // One run of the RTU answers both.
        this.table.join(same, asker);
        same.connectorDeadline = Math.max(same.connectorDeadline, command.connectorDeadline);
        same.deadline = Math.max(same.deadline, command.deadline);
        return same;
      }
    }
    this.table.add(transaction);
    const running = this.lanes.active(typeId, ca, ioa).find((other) => other.cot !== Cause.DEACT);
    if (isInterrogation(typeId) && cot === Cause.DEACT && running !== undefined && this.effects.ready()) {
      // It has to overtake what waits, but must not end what other masters are waiting for.
      if (running.participants.every(({ session }) => session === asker.session)) {
        this.lanes.activate(transaction);
        this.start(transaction);
      } else this.ends.refuse(transaction, 'the interrogation is running for other masters');
      return transaction;
    }
    this.lanes.enqueue(transaction);
    return transaction;
  }

  /** A command that an earlier owner of the group sent. */
  restore(command: NewCommand, { ageMs, floor, answersMissed, isLost }: SentBefore): Transaction {
    const now = this.clock.now();
    const transaction = this.table.make(command);
    this.table.add(transaction);
    this.lanes.activate(transaction);
    this.memory.add(transaction);
    transaction.sentOrder = this.habits.oa.sent(transaction.oa);
    transaction.isRestored = true;
    transaction.floor = floor;
    transaction.answersMissed = answersMissed;
    this.markSent(transaction, now - ageMs);
    const graceUntil = now + RESTORED_GRACE_MS;
    transaction.expiresAt = Math.max(transaction.expiresAt, graceUntil);
    transaction.yieldsAt = Math.max(transaction.yieldsAt, graceUntil);
    transaction.yieldsToOwnAt = Math.max(transaction.yieldsToOwnAt, graceUntil);
    if (isLost) transaction.lostUntil = now + RESTORED_GRACE_MS;
    if (isFileTransfer(transaction.typeId)) this.ends.finish(transaction, 'forwarded');
    return transaction;
  }

  /** What the connector says of a command it was handed. `floor`: from where on it can be answered, if that is known. */
  handedOver(number: number, sent: boolean, outcome: string, floor?: AnswerFloor): void {
    const transaction = this.table.get(number);
    if (transaction?.state !== 'forwarded') return;
    if (!sent) {
      this.ends.refuse(transaction, outcome);
      return;
    }
    if (floor !== undefined) transaction.floor = floor;
    this.markSent(transaction, this.clock.now());
    this.effects.sent(transaction);
    // Files have no confirmation; who gets their ASDUs is the file transfers' business.
    if (isFileTransfer(transaction.typeId)) this.ends.finish(transaction, 'forwarded');
  }

  /** An earlier owner has settled this restored command. It is remembered: late answers are still its own. */
  settledBefore(transaction: Transaction): void {
    transaction.outcome = SETTLED_BEFORE;
    this.ends.finish(transaction, SETTLED_BEFORE);
  }

  /** One more who asked for a restored interrogation, and has had its ACT_CON. */
  join(transaction: Transaction, asker: Asker): void {
    this.table.join(transaction, asker);
  }

  /** The command with this number, if it is not over. */
  underWay(number: number): Transaction | undefined {
    return this.table.get(number);
  }

  /** The RTU sends again after it was stopped: questions to whole stations need not be answered any more. */
  transferResumed(): void {
    const now = this.clock.now();
    for (const transaction of this.table.all()) {
      const { state, typeId } = transaction;
      if (asksStation(typeId) && (state === 'sent' || state === 'confirmed')) this.progress.resumed(transaction, now);
    }
  }

  /** Hands over what may go: `ready` is true again. */
  resume(): void {
    this.lanes.pumpAll();
  }

  // ---- the end ------------------------------------------------------------------------------------------------------

  /** See `CommandEnds`. */
  forget(session: number, mayReturn = false): void {
    this.ends.forget(session, mayReturn);
  }

  lose(reason: string, isConnectorGone: boolean): void {
    this.ends.lose(reason, isConnectorGone);
  }

  conclude(reason: string): void {
    this.ends.conclude(reason);
  }

  /** Gives up what has waited too long. Call a few times a second. */
  expire(): void {
    this.ends.expire();
  }

  // ---- lanes --------------------------------------------------------------------------------------------------------

  private start(transaction: Transaction): void {
    const reason = this.effects.veto(transaction);
    if (reason !== undefined) {
      this.ends.refuse(transaction, reason);
      return;
    }
    for (const other of this.lanes.beside(transaction)) {
      if (!this.turns.isBeside(transaction, other)) this.ends.giveUp(other);
    }
    transaction.state = 'forwarded';
    transaction.sentAt = this.clock.now();
    transaction.sentOrder = this.habits.oa.sent(transaction.oa);
    transaction.isSelected = this.turns.isSelected(transaction);
    this.memory.add(transaction);
    transaction.floor = this.effects.forward(transaction);
  }

  private markSent(transaction: Transaction, at: number): void {
    transaction.state = 'sent';
    transaction.sentAt = at;
    this.progress.sent(transaction, at);
  }
}
