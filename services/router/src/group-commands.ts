import { APCI_OCTETS, type Durations, forEachApdu } from '@iec104mm2ss/iec104';
import {
  type ClosedSessionStatement,
  type CommandReport,
  type CommandResults,
  type InKind,
  type InMessage,
  type PendingCommandStatement,
  rtuLinkUp,
  type StateMessage,
  type Statement,
} from '@iec104mm2ss/wire';
import type { CommandContext, CommandSession, RecordOrigin } from './command-context.js';
import { type CommandCounters, newCommandCounters } from './command-counters.js';
import { CommandHandOver, type ConnectorLink } from './command-hand-over.js';
import { CommandInquiry, RESULT_DUE_MS } from './command-inquiry.js';
import { CommandAcceptance } from './command-acceptance.js';
import { CommandOwnership } from './command-ownership.js';
import type { CommandEnd } from './command-durations.js';
import { CommandRecords } from './command-records.js';
import { CommandTakeover } from './command-takeover.js';
import { NotForwarded } from './not-forwarded.js';
import { RtuAnswers } from './rtu-answers.js';
import type { RtuHabits } from './rtu-habits.js';
import type { Transactions } from './transactions.js';

export type * from './command-context.js';

export type CommandsMessage = Extract<InMessage, { readonly kind: typeof InKind.COMMANDS }>;

/**
 * What the masters of one group ask of the RTU: checks their commands, hands them to the connector one at a time where
 * answers could be mistaken, says whose an answer is, and leaves an audit record of each.
 *
 * P/N = 1 is sent only for what the RTU certainly did not get and will not get: before the hand-over, or when the connector
 * has said so. docs/decisions/core.md tells the story of a command.
 */
export class GroupCommands {
  readonly counters: CommandCounters = newCommandCounters();
  /** What the RTU says to the masters. */
  readonly answers: RtuAnswers;
  private readonly ownership: CommandOwnership;
  private readonly records: CommandRecords;
  private readonly handOver: CommandHandOver;
  private readonly transactions: Transactions;
  private readonly acceptance: CommandAcceptance;
  private readonly takeover: CommandTakeover;
  private readonly inquiry: CommandInquiry;
  private wasReady = false;
  /** The RTU sends data, as far as its connector has stated. */
  private wasStarted = false;
  /** Where the log was when this owner began to hand over commands. */
  private begunAt: ConnectorLink | undefined;

  constructor(private readonly context: CommandContext) {
    const { bus, subjects, fence, clock, logger } = context;
    this.ownership = new CommandOwnership(clock, (session) => context.session(session) !== undefined);
    this.records = new CommandRecords(context);
    this.handOver = new CommandHandOver(context, this.counters, this.ownership, this.records, () => this.mayHandOver());
    this.transactions = this.handOver.transactions;
    this.acceptance = new CommandAcceptance(context, {
      counters: this.counters,
      ownership: this.ownership,
      records: this.records,
      transactions: this.transactions,
    });
    this.answers = new RtuAnswers({
      ownership: this.ownership,
      answers: this.transactions.answers,
      counters: this.counters,
      notForwarded: new NotForwarded(logger),
      toOriginator: context.toOriginator,
      isFromBefore: (position, record) => this.isFromBefore(position, record),
    });
    this.takeover = new CommandTakeover({
      context,
      counters: this.counters,
      records: this.records,
      transactions: this.transactions,
      ownership: this.ownership,
      accept: (session, asdu, stated) => this.acceptance.accept(session, asdu, stated.command, stated, stated.ageMs),
      forget: (session) => this.forget(session),
    });
    this.inquiry = new CommandInquiry(
      { bus, subject: subjects.commandQuery, fence, clock },
      {
        due: (now) => this.isInquiryDue(now),
        lastNumber: () => this.transactions.lastNumber,
        report: (report, askedAt) => this.onReport(report, askedAt),
        unanswered: (nobody) => this.handOver.signs.notAnswered(nobody),
      },
    );
  }

  /** Commands that wait or are under way. */
  get size(): number {
    return this.transactions.size;
  }

  /** All that is kept here, for those who check that nothing is left over. */
  get entries(): number {
    const { transactions, ownership, records, takeover } = this;
    return transactions.size + transactions.remembered + ownership.size + records.size + takeover.size;
  }

  /** How long commands took, by what became of them. */
  get durations(): [CommandEnd, Durations][] {
    return this.records.durations.all();
  }

  /** What is known of how this RTU answers: saved, and loaded after a takeover. */
  get habits(): RtuHabits {
    return this.transactions.habits;
  }

  /** True while a command with this OA is under way: for `OriginatorAddresses.allocate`. */
  answerable(oa: number): boolean {
    return this.transactions.answerable(oa);
  }

  /** Gives up what has waited too long, asks the connector for what it has not said. Call a few times a second. */
  tick(now: number): void {
    const { ready } = this;
    if (ready && !this.wasReady) this.transactions.resume();
    this.wasReady = ready;
    this.transactions.expire();
    this.ownership.expire();
    this.inquiry.tick(now);
    this.takeover.tick(now);
    this.records.tick(now);
    this.counters.auditDropped = this.records.dropped;
  }

  /** Settled commands of which the connector is to be told now, by session and number. */
  takeSettled(): [session: number, command: number][] {
    return this.records.notes.take();
  }

  /** The session is over. What waits is dropped, what the RTU has is answered to nobody, unless the session returns. */
  forget(session: number, mayReturn = false): void {
    this.transactions.forget(session, mayReturn);
    this.ownership.forget(session);
  }

  /** This process no longer owns the group: nothing is asked, stored or told any more. */
  stop(): void {
    this.inquiry.stop();
    this.records.stop();
  }

  // ---- from the masters, and from their gateways --------------------------------------------------------------------

  /**
   * The next COMMANDS message of a session.
   *
   * @param ageMs how long ago it came
   */
  onCommands(session: CommandSession, message: CommandsMessage, ageMs: number): void {
    // An earlier owner may have had them sent. When that is known their gateway states those that are not settled.
    if (!this.takeover.done) return;
    const { octets, apdusAt, firstCommand } = message;
    forEachApdu(octets, apdusAt, octets.length, (at, next, index) => {
      const command = firstCommand + index;
      if (!this.records.ledger.take(session.id, command)) return;
      // Kept until it is answered, hence a copy: the message belongs to the bus.
      const asdu = new Uint8Array(octets.subarray(at + APCI_OCTETS, next));
      this.acceptance.accept(session, asdu, command, message, ageMs);
    });
  }

  /** Commands that the session's gateway states as not settled. Call for every session of every statement. */
  reconcile(session: CommandSession, stated: readonly PendingCommandStatement[], nextCommand: number): void {
    this.takeover.reconcile(session, stated, nextCommand);
  }

  /** What gateways have stated of restored commands. Call it before the log is followed. */
  statedBefore({ sessions, closed }: Statement): void {
    for (const session of sessions) this.takeover.statedBefore(session);
    for (const { session, commands } of closed) this.takeover.settledBefore(session, commands, Infinity);
  }

  /** A session that ended, as its gateway states it; call for every one of every statement. Also rests its OA. */
  reconcileClosed(closed: ClosedSessionStatement): void {
    this.takeover.reconcileClosed(closed);
  }

  /** Nothing that is selected may be executed any more. */
  cancelSelections(): void {
    this.ownership.cancelSelections(() => false);
  }

  /** Rights have changed: selections of those who may not have them any more are cancelled. */
  rightsChanged(): void {
    this.ownership.cancelSelections((id, ca, ioa) => {
      const session = this.context.session(id);
      return session === undefined || this.context.door.maySelect(ca, ioa, session);
    });
  }

  // ---- from the connector -------------------------------------------------------------------------------------------

  /**
   * What the RTU was sent under earlier owners. Call it once sessions were adopted and before the log is followed; a report
   * that comes later, because the connector could not be asked, is fetched and restored here.
   */
  restore(report: CommandReport): void {
    if (this.takeover.done) return;
    const { fence: connectorFence, epoch, generation } = report;
    const known = this.handOver.link;
    const isNews = known?.connectorFence !== connectorFence || known.epoch !== epoch;
    // Another one may have been heard since it was asked for.
    const isOld = known !== undefined && connectorFence < known.connectorFence;
    if (isNews && !isOld) this.linkIs({ connectorFence, epoch, generation, position: 0, up: true });
    this.takeover.restore(report, this.answers.seen);
    // What an earlier owner has cancelled is not known.
    this.rightsChanged();
    this.begunAt = this.handOver.link;
    this.wasReady = this.ready;
    if (this.ready) this.transactions.resume();
  }

  onResults(results: CommandResults): void {
    this.handOver.onResults(results);
  }

  /**
   * A statement of the connector in force. That the connector or its link is another one is found out here;
   * `connectorChanged` and `linkLost` are for what is known otherwise, and may be called again.
   */
  connectorStated(stated: StateMessage): void {
    const { fence: connectorFence, epoch, generation, next: position, state, reason, leaving } = stated;
    this.linkIs({ connectorFence, epoch, generation, position, up: rtuLinkUp(state), leaving }, reason);
    const isStarted = state === 'started';
    if (isStarted && !this.wasStarted) this.transactions.transferResumed();
    this.wasStarted = isStarted;
    if (!this.takeover.done) this.inquiry.tick(this.context.clock.now());
  }

  linkLost(reason: string): void {
    this.transactions.lose(reason === '' ? 'RTU link lost' : reason, false);
    this.ownership.clear();
  }

  connectorChanged(): void {
    this.transactions.lose('the connector changed', true);
    this.ownership.clear();
  }

  /** Nobody will know more of the commands under way: each gets its record. */
  conclude(reason: string): void {
    this.transactions.conclude(reason);
    this.records.recordNow();
  }

  /** Records that are not stored yet. */
  get unrecorded(): number {
    return this.records.unstored;
  }

  private linkIs(link: ConnectorLink, reason = ''): void {
    const before = this.handOver.link;
    this.handOver.link = link;
    this.handOver.signs.heard();
    if (before === undefined) return;
    if (before.connectorFence !== link.connectorFence) this.connectorChanged();
    else if (before.epoch !== link.epoch || (before.up && !link.up)) this.linkLost(reason);
  }

  /** The connector's answer to a question of ours. */
  private onReport(report: CommandReport, askedAt: number): void {
    // One that has lost its lease may answer, too.
    if (report.fence !== this.handOver.link?.connectorFence) return;
    this.restore(report);
    this.handOver.onReport(report, askedAt);
  }

  /** What is held up now goes when this is ready again, however short that was. */
  private mayHandOver(): boolean {
    const { ready } = this;
    if (!ready) this.wasReady = false;
    return ready;
  }

  private get ready(): boolean {
    return this.takeover.done && this.context.certain();
  }

  private isInquiryDue(now: number): boolean {
    if (this.handOver.link === undefined) return false;
    return !this.takeover.done || this.transactions.unreported(now - RESULT_DUE_MS).length > 0;
  }

  /** An answer that an earlier owner has dealt with. */
  private isFromBefore(position: number, { generation }: RecordOrigin): boolean {
    const { begunAt } = this;
    if (begunAt === undefined) return true;
    return generation < begunAt.generation || (generation === begunAt.generation && position < begunAt.position);
  }
}
