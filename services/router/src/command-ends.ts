import type { Clock } from '@iec104mm2ss/runtime';
import { LAST_EVENTS_MS } from '@iec104mm2ss/wire';
import type { Participant } from './command-context.js';
import { QUERY_PERIOD_MS, RESULT_DUE_MS } from './command-inquiry.js';
import type { CommandLanes } from './command-lanes.js';
import type { CommandMemory } from './command-memory.js';
import type { CommandProgress } from './command-progress.js';
import type { CommandTable } from './command-table.js';
import { ANSWER_TIMEOUT_MS, type Transaction } from './command-transaction.js';

/** What the connector did not say of a command when a link is lost, it says when it is asked. */
const REPORTED_WITHIN_MS = RESULT_DUE_MS + 2 * QUERY_PERIOD_MS;

export interface EndEffects {
  /** The transaction is over. */
  finished(transaction: Transaction, outcome: string): void;
  /** The RTU did not and will not get the command: every participant is to get a negative confirmation. */
  refused(transaction: Transaction, outcome: string): void;
}

export interface EndParts {
  readonly table: CommandTable;
  readonly lanes: CommandLanes;
  readonly memory: CommandMemory;
  readonly progress: CommandProgress;
  readonly effects: EndEffects;
  readonly clock: Pick<Clock, 'now'>;
}

/** How commands end otherwise than by an answer: refused, given up, their master or the link gone. */
export class CommandEnds {
  constructor(private readonly parts: EndParts) {}

  /**
   * The session is gone: what waits is dropped, what the RTU has is answered to nobody. If the session may return, it still
   * gets those answers: no other one has its number.
   */
  forget(session: number, mayReturn = false): void {
    const isOther = (participant: Participant): boolean => participant.session !== session;
    if (!mayReturn) {
      for (const transaction of this.parts.memory.over()) {
        transaction.participants = transaction.participants.filter(isOther);
      }
    }
    const dropped: Transaction[] = [];
    for (const transaction of this.parts.table.all()) {
      if (transaction.participants.every(isOther)) continue;
      const others = transaction.participants.filter(isOther);
      if (others.length === 0 && transaction.state === 'queued') dropped.push(transaction);
      if (!mayReturn || transaction.state === 'queued') transaction.participants = others;
    }
    // All of them leave their lanes first: the end of one must not send the next.
    for (const transaction of dropped) {
      this.parts.effects.finished(transaction, 'master gone');
      this.takeOut(transaction);
    }
    this.parts.lanes.pump(dropped);
  }

  /**
   * The RTU's link is gone, or the connector with it. What waits is refused; the rest is over when the last events have come
   * from the log, and the connector, if it is there, has said what it did not send. What had no answer then: nobody knows.
   */
  lose(reason: string, isConnectorGone: boolean): void {
    const queued = this.parts.table.all().filter(({ state }) => state === 'queued');
    for (const transaction of queued) this.takeOut(transaction);
    for (const transaction of queued) this.parts.effects.refused(transaction, reason);
    const now = this.parts.clock.now();
    for (const transaction of [...this.parts.table.all(), ...this.parts.memory.over()]) {
      const waits = transaction.state === 'forwarded' && !isConnectorGone;
      const until = now + (waits ? REPORTED_WITHIN_MS : LAST_EVENTS_MS);
      transaction.lostUntil = Math.min(transaction.lostUntil, until);
    }
  }

  /** All that is known of commands is given up now: each gets its record, with what is known of it. */
  conclude(reason: string): void {
    this.lose(reason, true);
    for (const transaction of this.parts.table.all()) {
      if (this.parts.table.get(transaction.number) === transaction) this.giveUp(transaction);
    }
  }

  /** Gives up what has waited too long. Call a few times a second. */
  expire(): void {
    const now = this.parts.clock.now();
    for (const transaction of this.parts.table.all()) {
      // The end of one may have been the end of others.
      if (this.parts.table.get(transaction.number) === transaction) this.expireOne(transaction, now);
    }
    this.parts.memory.expire(now);
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

  /** Others may perhaps go now. */
  pump(transaction: Transaction): void {
    transaction.pumpedAt = this.parts.clock.now();
    this.parts.lanes.pump([transaction]);
  }

  /** Nothing (more) is expected of it, except late. */
  giveUp(transaction: Transaction): void {
    const { lostUntil, outcome, state } = transaction;
    const isLost = lostUntil < Infinity;
    const lost = outcome || (state === 'confirmed' ? 'confirmed' : 'unknown');
    this.finish(transaction, isLost ? lost : this.parts.progress.givenUp(transaction, this.parts.clock.now()));
  }

  finish(transaction: Transaction, outcome: string): void {
    this.parts.effects.finished(transaction, outcome);
    this.parts.memory.end(transaction);
    this.remove(transaction);
  }

  refuse(transaction: Transaction, outcome: string): void {
    this.parts.effects.refused(transaction, outcome);
    this.parts.memory.drop(transaction);
    this.remove(transaction);
  }

  private remove(transaction: Transaction): void {
    this.takeOut(transaction);
    this.parts.lanes.pump([transaction]);
  }

  private takeOut(transaction: Transaction): void {
    this.parts.lanes.remove(transaction);
    this.parts.table.delete(transaction);
  }
}
