import { ASDU_OA_OFFSET, refusalOf } from '@iec104mm2ss/iec104';
import {
  CommandOutcome,
  type CommandReport,
  type CommandResults,
  encodeCommand,
  SENT_REMEMBERED_MS,
} from '@iec104mm2ss/wire';
import type { CommandContext, Participant } from './command-context.js';
import type { CommandCounters } from './command-counters.js';
import { ConnectorSigns } from './connector-signs.js';
import type { CommandOwnership } from './command-ownership.js';
import type { CommandRecords } from './command-records.js';
import { FULL_REPORT, type AnswerFloor, type Asker, type Transaction } from './command-transaction.js';
import { type TransactionEffects, Transactions } from './transactions.js';

/** What the connector in force said last. */
export interface ConnectorLink extends AnswerFloor {
  readonly connectorFence: number;
  readonly up: boolean;
  /** It gives the RTU to another one. */
  readonly leaving?: boolean | undefined;
}

/** Why the connector did not send a command. */
const NOT_SENT: Readonly<Record<CommandOutcome, string>> = {
  [CommandOutcome.SENT]: 'sent',
  [CommandOutcome.EXPIRED]: 'expired',
  [CommandOutcome.NOT_CONNECTED]: 'RTU not connected',
  [CommandOutcome.QUEUE_FULL]: 'too many commands waiting',
  [CommandOutcome.WITHDRAWN]: 'withdrawn',
};

/**
 * Between the transactions and the connector: hands commands over, takes its word for what became of them, and tells the
 * masters what certainly was not sent.
 */
export class CommandHandOver implements TransactionEffects {
  readonly transactions: Transactions;
  readonly signs = new ConnectorSigns();
  link: ConnectorLink | undefined;

  constructor(
    private readonly context: CommandContext,
    private readonly counters: CommandCounters,
    private readonly ownership: CommandOwnership,
    private readonly records: CommandRecords,
    private readonly isReady: () => boolean,
  ) {
    this.transactions = new Transactions(this, context.clock, context.ownCa);
  }

  // ---- what the connector says --------------------------------------------------------------------------------------

  onResults({ connectorFence, results }: CommandResults): void {
    this.signs.heard();
    for (const { fence, number, outcome } of results) {
      if (fence !== this.context.fence) continue;
      const transaction = this.transactions.underWay(number);
      if (transaction?.connectorFence !== connectorFence) continue;
      // Withdrawn for what was forbidden meanwhile: that is the reason.
      const reason = outcome === CommandOutcome.WITHDRAWN ? this.notAllowed(transaction) : undefined;
      this.transactions.handedOver(number, outcome === CommandOutcome.SENT, reason ?? NOT_SENT[outcome]);
    }
  }

  /** @param askedAt what was handed over since is not in it */
  onReport({ fence, epoch, generation, sent, queued }: CommandReport, askedAt: number): void {
    this.signs.heard();
    const ours = new Map(
      sent.filter((command) => command.fence === this.context.fence).map((one) => [one.number, one]),
    );
    // Where the leases were set back, another owner may have had it sent meanwhile.
    const byOthers = new Map(sent.map((one) => [`${one.session} ${one.command}`, one]));
    const waiting = new Set(queued);
    for (const transaction of this.transactions.unreported(askedAt)) {
      const { number, connectorFence, sentAt } = transaction;
      // Another connector knows nothing of it.
      if (connectorFence !== fence || waiting.has(number)) continue;
      const [asker] = transaction.askers as [Asker];
      const known = ours.get(number) ?? byOthers.get(`${asker.session} ${asker.command}`);
      if (known !== undefined) {
        const floor = { epoch: known.epoch ?? epoch, generation, position: known.position };
        this.transactions.handedOver(number, true, '', floor);
        continue;
      }
      // Sent too long ago it would not be in the report either.
      const wouldBeListed = sent.length < FULL_REPORT && this.context.clock.now() - sentAt < SENT_REMEMBERED_MS;
      if (wouldBeListed) this.transactions.handedOver(number, false, 'lost on the way to the connector');
    }
  }

  // ---- effects of the transactions ----------------------------------------------------------------------------------

  ready(): boolean {
    return this.isReady();
  }

  veto(transaction: Transaction): string | undefined {
    const { connectorFence, connectorDeadline } = transaction;
    const remainingMs = this.context.connectorClock.remaining(connectorFence, connectorDeadline);
    if (remainingMs === undefined || this.link === undefined) return 'the connector changed';
    if (this.link.leaving === true) return 'the connector is being replaced';
    if (this.signs.gone) return 'the connector does not answer';
    if (remainingMs <= 0) return 'expired';
    return this.notAllowed(transaction) ?? this.ownership.veto(transaction);
  }

  private notAllowed({ asdu, owner }: Transaction): string | undefined {
    return this.context.door.veto(asdu, this.context.session(owner));
  }

  forward(transaction: Transaction): AnswerFloor {
    const { bus, subjects, fence } = this.context;
    const { number, oa, askers, owner: session, connectorFence, connectorDeadline: deadline } = transaction;
    const [{ command, ownOa }] = askers as [Asker];
    const asdu = new Uint8Array(transaction.asdu);
    asdu[ASDU_OA_OFFSET] = oa;
    this.ownership.handedOver(transaction);
    const message = { ownOa, fence, number, session, command, connectorFence, deadline, asdu };
    bus.publish(subjects.command, encodeCommand(message));
    return this.link as ConnectorLink;
  }

  sent(transaction: Transaction): void {
    this.ownership.sent(transaction);
  }

  refused(transaction: Transaction, outcome: string): void {
    const { asdu, askers, participants } = transaction;
    this.ownership.notSent(transaction);
    this.counters.commandsRefused += participants.length;
    const answers = new Map<Asker, Uint8Array>();
    for (const asker of askers) {
      if (!participates(asker, participants)) continue;
      const answer = refusalOf(asdu);
      answer[ASDU_OA_OFFSET] = asker.ownOa;
      answers.set(asker, answer);
      this.context.answer(asker.session, asker.command, answer);
    }
    this.end(transaction, `refused: ${outcome}`, answers);
  }

  finished(transaction: Transaction, outcome: string): void {
    if (outcome.startsWith('refused')) this.ownership.refusedByRtu(transaction);
    if (outcome === 'unknown') this.counters.commandsUnknown += transaction.askers.length;
    this.end(transaction, outcome);
  }

  /** @param answers those that the router gave itself */
  private end(
    { asdu, askers, participants }: Transaction,
    outcome: string,
    answers?: ReadonlyMap<Asker, Uint8Array>,
  ): void {
    for (const asker of askers) {
      const { session, command, unstated } = asker;
      const isThere = this.context.session(session) !== undefined && participates(asker, participants);
      const text = isThere || outcome === 'master gone' ? outcome : `${outcome}, master gone`;
      if (unstated) this.records.ledger.end(session, command, text);
      else this.records.end({ ...asker, asdu }, text, answers?.get(asker));
    }
  }
}

const participates = ({ session }: Asker, participants: readonly Participant[]): boolean =>
  participants.some((other) => other.session === session);
