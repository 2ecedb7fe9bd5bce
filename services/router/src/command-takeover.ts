import {
  ASDU_OA_OFFSET,
  AsduView,
  Cause,
  COT_CAUSE_MASK,
  COT_NEGATIVE_BIT,
  mirror,
  sameRequest,
} from '@iec104mm2ss/iec104';
import { peerText } from '@iec104mm2ss/config';
import {
  type ClosedSessionStatement,
  type CommandReport,
  fromBase64,
  MAX_STATED_COMMANDS,
  type PendingCommandStatement,
  type SentCommand,
  type SessionStatement,
} from '@iec104mm2ss/wire';
import type { CommandContext, CommandSession } from './command-context.js';
import type { CommandCounters } from './command-counters.js';
import type { AuditedMaster } from './audit.js';
import type { CommandRecords, EndedCommand } from './command-records.js';
import type { Asker, Transaction } from './command-transaction.js';
import type { CommandOwnership } from './command-ownership.js';
import { FirstReport } from './first-report.js';
import { isInterrogation } from './rules.js';
import { outcomeOf } from './stated-outcome.js';
import type { Transactions } from './transactions.js';

/** It heard of no router or no connector that could take the command over. */
const REFUSED_BY_GATEWAY = 'refused: nobody could take it over';

export interface TakeoverNeeds {
  readonly context: CommandContext;
  readonly counters: CommandCounters;
  readonly records: CommandRecords;
  readonly transactions: Transactions;
  readonly ownership: CommandOwnership;
  /** A command that came late takes its way: it is known in the ledger already. */
  accept(session: CommandSession, asdu: Uint8Array, stated: PendingCommandStatement): void;
  /** The session is over. */
  forget(session: number): void;
}

type StatedCommand = EndedCommand & { readonly master: AuditedMaster };

interface Restored {
  readonly asker: Asker;
  readonly transaction: Transaction;
}

/**
 * What this owner of the group knows of commands that it was not given itself: those an earlier owner sent, as the connector
 * reports them, and those that gateways state and that never came here.
 */
export class CommandTakeover {
  private readonly report: FirstReport;
  /** By session. Emptied when their records cannot be doubted any more. */
  private readonly restored = new Map<number, Restored[]>();

  constructor(private readonly needs: TakeoverNeeds) {
    this.report = new FirstReport(needs.context.clock);
  }

  /** The connector was asked: what is not in its report, and did not come here, was never sent. */
  get done(): boolean {
    return this.report.isKnown;
  }

  /** Sessions of earlier owners that are remembered. */
  get size(): number {
    return this.restored.size;
  }

  tick(now: number): void {
    if (this.report.isOld(now)) this.restored.clear();
  }

  // ---- from the connector -------------------------------------------------------------------------------------------

  /** @param answersMissed answers to these commands may have passed already */
  restore(report: CommandReport, answersMissed: boolean): void {
    if (this.report.isKnown) return;
    this.report.take(report);
    const inOrder = [...report.sent].sort((a, b) => b.ageMs - a.ageMs);
    for (const command of inOrder) {
      if (command.fence !== this.needs.context.fence) this.restoreOne(command, report, answersMissed);
    }
  }

  private restoreOne(sent: SentCommand, report: CommandReport, answersMissed: boolean): void {
    const { context, records, transactions, ownership } = this.needs;
    const { session, command, ownOa, ageMs, position, epoch = report.epoch } = sent;
    const { fence, generation, clock } = report;
    if (!records.ledger.take(session, command)) return;
    const asdu = fromBase64(sent.asdu);
    const oa = asdu[ASDU_OA_OFFSET] as number;
    asdu[ASDU_OA_OFFSET] = ownOa;
    const since = context.clock.now() - ageMs;
    const isSettled = sent.settled === true;
    const asker: Asker = { session, command, ownOa, since, master: context.session(session), unstated: isSettled };
    // It was in time: its deadline does not matter any more.
    const deadlines = { connectorFence: fence, connectorDeadline: clock, deadline: since };
    const floor = { epoch, generation, position };
    const isLost = epoch !== report.epoch;
    const history = { ageMs, floor, answersMissed, isLost };
    const transaction = transactions.restore({ asker, oa, asdu, ...deadlines }, history);
    const others = this.restored.get(session);
    if (others === undefined) this.restored.set(session, [{ asker, transaction }]);
    else others.push({ asker, transaction });
    context.addresses.rest(oa, since);
    if (!isLost) ownership.restore(transaction, since);
    if (isSettled) {
      transactions.settledBefore(transaction);
      records.ledger.settle(session, command);
    }
  }

  // ---- from the gateways --------------------------------------------------------------------------------------------

  /**
   * What its gateway says of a session: an earlier owner has settled what is not stated, so that is over. It must not be
   * waited for: its answers may have been trimmed from the log, and it would take those of later commands.
   *
   * @param stated the oldest ones that are not settled
   * @param nextCommand number of its next command when it was stated
   */
  settledBefore(session: number, stated: readonly PendingCommandStatement[], nextCommand: number): void {
    const { transactions, records } = this.needs;
    const numbers = new Set(stated.map(({ command }) => command));
    // There was no room for all: nothing is said of what came after the last one.
    const end = stated.at(-1)?.command ?? nextCommand;
    for (const { asker, transaction } of this.restored.get(session) ?? []) {
      if (asker.command >= end || numbers.has(asker.command)) continue;
      asker.unstated = true;
      if (transactions.underWay(transaction.number) !== transaction) continue;
      if (!transaction.askers.every(({ unstated }) => unstated)) continue;
      transactions.settledBefore(transaction);
      records.settledNow(session, asker.command);
    }
  }

  /**
   * What a gateway states before the log is followed: how far it has seen the answers to restored commands. What is in the
   * log before the place that its session expects has been counted then, or before the place where its data transfer ended.
   */
  statedBefore({ session, commands, nextCommand, expected, generation, had }: SessionStatement): void {
    this.settledBefore(session, commands, nextCommand);
    const places = [{ generation, position: expected }, ...(had === undefined ? [] : [had])];
    const byNumber = new Map(commands.map((stated) => [stated.command, stated]));
    for (const { asker, transaction } of this.restored.get(session) ?? []) {
      const { floor } = transaction;
      const stated = byNumber.get(asker.command);
      const known = places.filter((place) => place.generation === floor?.generation);
      if (floor === undefined || known.length === 0 || (stated === undefined && !asker.unstated)) continue;
      const seenTo = Math.max(...known.map(({ position }) => position));
      if (stated?.answered === null) {
        transaction.floor = { ...floor, position: Math.max(floor.position, seenTo) };
        continue;
      }
      // What was before is still its own: nobody else may get it.
      transaction.countedTo = seenTo;
      if (stated !== undefined) this.answeredBefore(session, stated, stated.answered);
    }
  }

  reconcile(session: CommandSession, stated: readonly PendingCommandStatement[], nextCommand: number): void {
    this.markStated(session.id, session, stated);
    this.settledBefore(session.id, stated, nextCommand);
    for (const command of stated) this.reconcileOne(session.id, command, session, session);
  }

  reconcileClosed(closed: ClosedSessionStatement): void {
    const { context, records } = this.needs;
    const { session, commands, name, certificateName, address, port, originatorAddress: oa, used, agoMs } = closed;
    const master = { peer: peerText(address, port), name, certificateName };
    const now = context.clock.now();
    if (context.session(session) === undefined) {
      if (this.restored.has(session)) this.needs.forget(session);
      // An earlier owner gave it the OA.
      if (context.addresses.holder(oa) === session) context.addresses.release(oa, now, used);
    }
    if (used) context.addresses.rest(oa, now - agoMs);
    this.markStated(session, master, commands);
    this.settledBefore(session, commands, Infinity);
    for (const command of commands) this.reconcileOne(session, command, master, undefined);
    records.ledger.stated(session, now);
  }

  /** Which restored commands its gateway still states: the others were recorded by an earlier owner. */
  private markStated(session: number, master: AuditedMaster, stated: readonly PendingCommandStatement[]): void {
    const restored = this.restored.get(session);
    if (restored === undefined) return;
    const commands = new Set(stated.map(({ command }) => command));
    for (const { asker } of restored) {
      asker.master = master;
      asker.unstated = stated.length < MAX_STATED_COMMANDS && !commands.has(asker.command);
    }
  }

  private reconcileOne(
    id: number,
    stated: PendingCommandStatement,
    master: AuditedMaster,
    session: CommandSession | undefined,
  ): void {
    const { context, records } = this.needs;
    const { command, ageMs, answered } = stated;
    const standing = records.ledger.standing(id, command);
    if (standing === 'open') {
      if (answered !== null) this.answeredBefore(id, stated, answered);
      return;
    }
    if (standing === 'settled') {
      if (answered === null) records.answerAgain(id, command);
      records.settle(id, command);
      return;
    }
    const asdu = fromBase64(stated.asdu);
    const ended = { session: id, command, asdu, since: context.clock.now() - ageMs, master };
    const gone = session === undefined ? ', master gone' : '';
    if (standing !== 'new') {
      records.ledger.reopen(id, command);
      records.end(ended, standing.ended);
    } else if (answered !== null) {
      // More may come, if the connector says that it was sent.
      if (answered === Cause.ACT_CON && this.report.isYoung(asdu, ageMs)) return;
      records.ledger.take(id, command);
      // The RTU has nothing to do with what its gateway refused.
      const outcome = stated.connectorFence === 0 ? REFUSED_BY_GATEWAY : outcomeOf(asdu, answered);
      if (session === undefined || !this.joins(ended, answered)) records.end(ended, outcome + gone);
    } else this.judge(ended, stated, session);
  }

  /** A command that never came here, and that nobody has answered. */
  private judge(ended: StatedCommand, stated: PendingCommandStatement, session: CommandSession | undefined): void {
    const { counters, records } = this.needs;
    const { session: id, command, asdu } = ended;
    const sent = this.report.mayHaveBeenSent(stated);
    if (sent === undefined && this.report.isYoung(asdu, stated.ageMs)) return;
    records.ledger.take(id, command);
    if (sent === false) {
      if (this.report.cameSince(stated)) counters.commandsLost++;
      if (session === undefined) records.end(ended, 'master gone');
      else this.needs.accept(session, asdu, stated);
      return;
    }
    counters.commandsUnknown++;
    records.end(ended, session === undefined ? 'unknown, master gone' : 'unknown');
  }

  /** The master of a restored command had an answer of which the log may know nothing any more. */
  private answeredBefore(session: number, { command }: PendingCommandStatement, answered: number): void {
    const transaction = this.underWay(session, command);
    if (transaction === undefined) return;
    const answer = mirror(transaction.asdu, answered & COT_CAUSE_MASK, (answered & COT_NEGATIVE_BIT) !== 0);
    this.needs.transactions.answers.answeredBefore(transaction, answer);
  }

  /** A restored command that is not over. */
  private underWay(session: number, command: number): Transaction | undefined {
    const transaction = this.restored.get(session)?.find(({ asker }) => asker.command === command)?.transaction;
    if (transaction === undefined || this.needs.transactions.underWay(transaction.number) !== transaction)
      return undefined;
    return transaction;
  }

  /** An interrogation that was confirmed together with another master's: its ACT_TERM comes with that one's. */
  private joins({ session, command, asdu, since, master }: StatedCommand, answered: number): boolean {
    const { transactions } = this.needs;
    const { typeId, ca, cot } = new AsduView(asdu);
    if (!isInterrogation(typeId) || cot !== Cause.ACT || answered !== Cause.ACT_CON) return false;
    for (const { transaction } of [...this.restored.values()].flat()) {
      if (transaction.typeId !== typeId || transaction.ca !== ca || transaction.cot !== Cause.ACT) continue;
      if (transaction.participants.some((other) => other.session === session)) continue;
      if (!sameRequest(transaction.asdu, asdu) || transactions.underWay(transaction.number) !== transaction) continue;
      const ownOa = asdu[ASDU_OA_OFFSET] as number;
      transactions.join(transaction, { session, command, ownOa, since, master, unstated: false });
      return true;
    }
    return false;
  }
}
