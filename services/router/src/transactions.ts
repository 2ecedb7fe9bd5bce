import { Cause } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import { LAST_EVENTS_MS } from '@iec104mm2ss/wire';
import type { Participant } from './command-context.js';
import { CommandAnswers } from './command-answers.js';
import { QUERY_PERIOD_MS, RESULT_DUE_MS } from './command-inquiry.js';
import { CommandLanes } from './command-lanes.js';
import { CommandMatching } from './command-matching.js';
import { CommandMemory } from './command-memory.js';
import { CommandProgress } from './command-progress.js';
import { CommandTable } from './command-table.js';
import {
  ANSWER_TIMEOUT_MS,
  type AnswerFloor,
  type Asker,
  type NewCommand,
  type SentBefore,
  type Transaction,
} from './command-transaction.js';
import { CommandTurns } from './command-turns.js';
import { RtuHabits } from './rtu-habits.js';
import { isFileTransfer, isInterrogation } from './rules.js';

/** How long what an earlier owner sent is waited for at least: its answers may be in the log that is still to be read. */
const RESTORED_GRACE_MS = 2_000;

/** What the connector did not say of a command when a link is lost, it says when it is asked. */
const REPORTED_WITHIN_MS = RESULT_DUE_MS + 2 * QUERY_PERIOD_MS;

export interface TransactionEffects {
  /** False while nothing may be handed over; call `resume` when that changes. */
  ready(): boolean;
  /** Asked right before a command is handed over: why it must not be, undefined when it may. It is then refused. */
  veto(transaction: Transaction): string | undefined;
  /** Hand the command to the connector. Returns from where on in the log it can be answered. */
  forward(transaction: Transaction): AnswerFloor;
  /** The RTU certainly got it. */
  sent(transaction: Transaction): void;
  /** The transaction is over. */
  finished(transaction: Transaction, outcome: string): void;
  /** The RTU did not and will not get the command: every participant is to get a negative confirmation. */
  refused(transaction: Transaction, outcome: string): void;
}

/**
 * The commands of one group between masters and RTU: what becomes of each from its coming to its last answer. Which may go
 * is decided in CommandLanes, whose an answer is in CommandMatching, what it means in CommandProgress. Where only a
 * time-out tells that a command is over, its lane waits for it.
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
    const { lanes, memory, habits, progress } = this;
    this.matching = new CommandMatching(lanes, memory, habits, clock, ownCa);
    this.turns = new CommandTurns(lanes, memory, this.matching, clock);
    this.answers = new CommandAnswers(
      { lanes, matching: this.matching, memory, habits, progress, clock },
      {
        sent: (transaction) => effects.sent(transaction),
        finish: (transaction, outcome) => this.finish(transaction, outcome),
        pump: (transaction) => this.pump(transaction),
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
      } else this.refuse(transaction, 'the interrogation is running for other masters');
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
    if (isFileTransfer(transaction.typeId)) this.finish(transaction, 'forwarded');
    return transaction;
  }

  /** What the connector says of a command it was handed. `floor`: from where on it can be answered, if that is known. */
  handedOver(number: number, sent: boolean, outcome: string, floor?: AnswerFloor): void {
    const transaction = this.table.get(number);
    if (transaction?.state !== 'forwarded') return;
    if (!sent) {
      this.refuse(transaction, outcome);
      return;
    }
    if (floor !== undefined) transaction.floor = floor;
    this.markSent(transaction, this.clock.now());
    this.effects.sent(transaction);
    // Files have no confirmation; who gets their ASDUs is the file transfers' business.
    if (isFileTransfer(transaction.typeId)) this.finish(transaction, 'forwarded');
  }

  /** An earlier owner has settled this restored command. It is remembered: late answers are still its own. */
  settledBefore(transaction: Transaction): void {
    this.finish(transaction, 'settled before');
  }

  /** One more who asked for a restored interrogation, and has had its ACT_CON. */
  join(transaction: Transaction, asker: Asker): void {
    this.table.join(transaction, asker);
  }

  /** The command with this number, if it is not over. */
  underWay(number: number): Transaction | undefined {
    return this.table.get(number);
  }

  /** Hands over what may go: `ready` is true again. */
  resume(): void {
    this.lanes.pumpAll();
  }

  // ---- the end ------------------------------------------------------------------------------------------------------

  /**
   * The session is gone: what waits is dropped, what the RTU has is answered to nobody. If the session may return, it still
   * gets those answers: no other one has its number.
   */
  forget(session: number, mayReturn = false): void {
    const isOther = (participant: Participant): boolean => participant.session !== session;
    if (!mayReturn) {
      for (const transaction of this.memory.over()) {
        transaction.participants = transaction.participants.filter(isOther);
      }
    }
    const dropped: Transaction[] = [];
    for (const transaction of this.table.all()) {
      if (transaction.participants.every(isOther)) continue;
      const others = transaction.participants.filter(isOther);
      if (others.length === 0 && transaction.state === 'queued') dropped.push(transaction);
      if (!mayReturn || transaction.state === 'queued') transaction.participants = others;
    }
    // All of them leave their lanes first: the end of one must not send the next.
    for (const transaction of dropped) {
      this.effects.finished(transaction, 'master gone');
      this.takeOut(transaction);
    }
    this.lanes.pump(dropped);
  }

  /**
   * The RTU's link is gone, or the connector with it. What waits is refused; the rest is over when the last events have come
   * from the log, and the connector, if it is there, has said what it did not send. What had no answer then: nobody knows.
   */
  lose(reason: string, isConnectorGone: boolean): void {
    const queued = this.table.all().filter(({ state }) => state === 'queued');
    for (const transaction of queued) this.takeOut(transaction);
    for (const transaction of queued) this.effects.refused(transaction, reason);
    const now = this.clock.now();
    for (const transaction of [...this.table.all(), ...this.memory.over()]) {
      const waits = transaction.state === 'forwarded' && !isConnectorGone;
      const until = now + (waits ? REPORTED_WITHIN_MS : LAST_EVENTS_MS);
      transaction.lostUntil = Math.min(transaction.lostUntil, until);
    }
  }

  /** Gives up what has waited too long. Call a few times a second. */
  expire(): void {
    const now = this.clock.now();
    for (const transaction of this.table.all()) {
      // The end of one may have been the end of others.
      if (this.table.get(transaction.number) === transaction) this.expireOne(transaction, now);
    }
    this.memory.expire(now);
  }

  private expireOne(transaction: Transaction, now: number): void {
    const { state, lostUntil } = transaction;
    if (state === 'queued') {
      if (transaction.deadline <= now) this.refuse(transaction, 'expired');
    } else if (lostUntil <= now) this.giveUp(transaction);
    else if (state === 'forwarded') {
      // The connector says nothing, and does not answer either.
      if (transaction.deadline + ANSWER_TIMEOUT_MS <= now) this.finish(transaction, 'unknown');
    } else if (transaction.expiresAt <= now) this.giveUp(transaction);
    else this.pumpWhenDue(transaction, now);
  }

  /** Others may go although nothing was heard. */
  private pumpWhenDue(transaction: Transaction, now: number): void {
    const { releaseAt, yieldsAt, yieldsToOwnAt, pumpedAt } = transaction;
    const isDue = [releaseAt, yieldsAt, yieldsToOwnAt].some((at) => at <= now && at > pumpedAt);
    if (isDue) this.pump(transaction);
  }

  private pump(transaction: Transaction): void {
    transaction.pumpedAt = this.clock.now();
    this.lanes.pump([transaction]);
  }

  /** Nothing (more) is expected of it, except late. */
  private giveUp(transaction: Transaction): void {
    const { lostUntil, outcome, state } = transaction;
    const isLost = lostUntil < Infinity;
    const lost = outcome || (state === 'confirmed' ? 'confirmed' : 'unknown');
    this.finish(transaction, isLost ? lost : this.progress.givenUp(transaction, this.clock.now()));
  }

  private finish(transaction: Transaction, outcome: string): void {
    this.effects.finished(transaction, outcome);
    this.memory.end(transaction);
    this.remove(transaction);
  }

  private refuse(transaction: Transaction, outcome: string): void {
    this.effects.refused(transaction, outcome);
    this.memory.drop(transaction);
    this.remove(transaction);
  }

  private remove(transaction: Transaction): void {
    this.takeOut(transaction);
    this.lanes.pump([transaction]);
  }

  // ---- lanes --------------------------------------------------------------------------------------------------------

  private start(transaction: Transaction): void {
    const reason = this.effects.veto(transaction);
    if (reason !== undefined) {
      this.refuse(transaction, reason);
      return;
    }
    for (const other of this.lanes.beside(transaction)) {
      if (!this.turns.isBeside(transaction, other)) this.giveUp(other);
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

  private takeOut(transaction: Transaction): void {
    this.lanes.remove(transaction);
    this.table.delete(transaction);
  }
}
