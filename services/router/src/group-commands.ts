import {
  type Bus,
  CommandOutcome,
  encodeCommand,
  encodeJson,
  type GroupSubjects,
  IN_PREAMBLE_OCTETS,
  inCount,
  inDeadline,
  LOG_RECORD_PREAMBLE_OCTETS,
  recordFirst,
  resultNumber,
  resultOutcome,
} from '@iec104mm2ss/bus';
import {
  APCI_OCTETS,
  ASDU_OA_OFFSET,
  AsduView,
  Cause,
  confirmationOf,
  isSelect,
  mirror,
  TypeId,
  typeName,
} from '@iec104mm2ss/iec104';
import type { Logger } from '@iec104mm2ss/observability';
import { auditRecord } from './audit.js';
import type { DecodedFeed } from './decoded-feed.js';
import { FileTransfers } from './file-transfers.js';
import { isFileTransfer, isInterrogation, isProcessCommand, mayBeSentByMaster } from './rules.js';
import { Selections } from './selections.js';
import type { Session } from './session.js';
import { type Participant, type Transaction, Transactions } from './transactions.js';

/** An interrogation is not dangerous when late: it may wait for its turn this long. */
export const INTERROGATION_DEADLINE_MS = 60_000;
/** Smallest ASDU with an information object address. */
const MIN_COMMAND_OCTETS = 9;

/** Running totals of one group. */
export interface CommandCounters {
  commands: number;
  commandsRefused: number;
  unmatchedAnswers: number;
}

export interface CommandContext {
  readonly group: string;
  readonly bus: Bus;
  readonly subjects: GroupSubjects;
  readonly logger: Logger;
  readonly fence: number;
  readonly feed: DecodedFeed;
  readonly sessions: ReadonlyMap<number, Session>;
  /** The session an OA is given to. */
  holderOf(oa: number): Session | undefined;
  /** An ASDU of the router's own to one session. */
  send(session: Session, asdu: Uint8Array): void;
  /** End of the log at the takeover: answers before it are to commands that an earlier owner had. */
  readonly inheritedEnd: number;
  /** Sessions of an earlier owner, and the position before which each has everything. */
  readonly inherited: ReadonlyMap<number, number>;
}

const NOBODY: readonly Participant[] = [];

/**
 * What the masters of one group ask of the RTU: checks their commands, hands them to the connector one at a time where
 * answers could be mistaken, says whose an answer is, and leaves an audit record of each.
 */
export class GroupCommands {
  readonly counters: CommandCounters = { commands: 0, commandsRefused: 0, unmatchedAnswers: 0 };
  readonly transactions: Transactions;
  private readonly selections = new Selections();
  private readonly files = new FileTransfers();
  /** Who asked for a command, also those that have left since: the audit record names them. */
  private readonly askers = new WeakMap<Transaction, Session[]>();

  constructor(private readonly context: CommandContext) {
    this.transactions = new Transactions({
      veto: ({ typeId, ca, ioa, owner }) =>
        isProcessCommand(typeId) ? this.selectedByAnother(ca, ioa, owner) : undefined,
      forward: (transaction) => this.forward(transaction),
      finished: (transaction, outcome) => this.finished(transaction, outcome),
      refused: (transaction, outcome) => this.refuseTransaction(transaction, outcome),
    });
  }

  /** Gives up what has waited too long. */
  tick(now: number): void {
    if (this.transactions.size > 0) this.transactions.expire(now);
  }

  /** The session is gone. */
  forget(session: number): void {
    this.transactions.forget(session);
    this.selections.forget(session);
    this.files.forget(session);
  }

  /** The RTU's link is gone: nothing will be answered any more. */
  clear(reason: string): void {
    this.transactions.clear(reason);
    this.selections.clear();
    this.files.clear();
  }

  // ---- from the masters ---------------------------------------------------------------------------------------------

  /** A COMMANDS message of a session. */
  onCommands(session: Session, message: Uint8Array): void {
    const deadline = inDeadline(message);
    let at = IN_PREAMBLE_OCTETS;
    for (let count = inCount(message); count > 0; count--) {
      const end = at + (message[at + 1] as number) + 2;
      // Kept until it is answered, hence a copy: the message belongs to the bus.
      this.onCommand(session, new Uint8Array(message.subarray(at + APCI_OCTETS, end)), deadline);
      at = end;
    }
  }

  private onCommand(session: Session, asdu: Uint8Array, deadline: number): void {
    const now = Date.now();
    this.counters.commands++;
    session.commands++;
    session.ownOa = asdu[ASDU_OA_OFFSET] as number;
    this.context.feed.command(session.id, asdu);
    if (asdu.length < MIN_COMMAND_OCTETS) {
      this.refuse(session, asdu, Cause.ACT_CON, 'malformed', now);
      return;
    }
    const view = new AsduView(asdu);
    const { typeId, ca, cot } = view;
    const ioa = view.ioa as number;
    if (!mayBeSentByMaster(typeId)) {
      this.refuse(session, asdu, Cause.UNKNOWN_TYPE, 'type not for the control direction', now);
      return;
    }
    if (isFileTransfer(typeId)) {
      if (!this.files.fromMaster(ca, ioa, session.id, session.ownOa, now)) {
        this.refuse(session, asdu, Cause.FILE, 'file in use by another master', now);
        return;
      }
    } else if (isProcessCommand(typeId)) {
      const reason = this.selectedByAnother(ca, ioa, session.id);
      if (reason !== undefined) {
        this.refuse(session, asdu, confirmationOf(cot), reason, now);
        return;
      }
    }
    const patience = isInterrogation(typeId) || typeId === TypeId.C_RD_NA_1 ? INTERROGATION_DEADLINE_MS : 0;
    const latest = Math.max(deadline, patience && now + patience);
    const transaction = this.transactions.begin(session.id, session.oa, asdu, latest, now);
    const askers = this.askers.get(transaction);
    if (askers === undefined) this.askers.set(transaction, [session]);
    else askers.push(session);
  }

  private selectedByAnother(ca: number, ioa: number, session: number): string | undefined {
    const holder = this.selections.holder(ca, ioa, Date.now());
    return holder === undefined || holder === session ? undefined : 'selected by another master';
  }

  private refuse(session: Session, asdu: Uint8Array, cause: number, reason: string, now: number): void {
    this.counters.commandsRefused++;
    this.context.send(session, mirror(asdu, cause, true));
    this.audit(session, asdu, isSelect(asdu), `refused: ${reason}`, now);
  }

  // ---- commands to the RTU ------------------------------------------------------------------------------------------

  private forward(transaction: Transaction): void {
    const { asdu, oa, deadline, number, typeId, ca, ioa, owner, cot, select } = transaction;
    const sent = new Uint8Array(asdu);
    sent[ASDU_OA_OFFSET] = oa;
    if (isProcessCommand(typeId)) {
      if (select && cot === Cause.ACT) this.selections.hold(ca, ioa, owner, Date.now());
      else this.selections.release(ca, ioa, owner);
    }
    this.context.bus.publish(this.context.subjects.command, encodeCommand(this.context.fence, number, deadline, sent));
  }

  /** The connector says what became of a command. */
  onCommandResult(message: Uint8Array): void {
    const outcome = resultOutcome(message);
    const text =
      outcome === CommandOutcome.EXPIRED
        ? 'expired'
        : outcome === CommandOutcome.NOT_CONNECTED
          ? 'RTU not connected'
          : 'too many commands waiting';
    this.transactions.handedOver(resultNumber(message), outcome === CommandOutcome.SENT, text, Date.now());
  }

  private refuseTransaction(transaction: Transaction, outcome: string): void {
    this.counters.commandsRefused++;
    this.selections.release(transaction.ca, transaction.ioa, transaction.owner);
    for (const { session: id, ownOa } of transaction.participants) {
      const session = this.context.sessions.get(id);
      if (session === undefined) continue;
      const answer = mirror(transaction.asdu, confirmationOf(transaction.cot), true);
      answer[ASDU_OA_OFFSET] = ownOa;
      this.context.send(session, answer);
    }
    this.finished(transaction, `refused: ${outcome}`);
  }

  private finished(transaction: Transaction, outcome: string): void {
    if (transaction.select && outcome.startsWith('refused')) {
      this.selections.release(transaction.ca, transaction.ioa, transaction.owner);
    }
    const { asdu, select, createdAt, owner } = transaction;
    const first = this.context.sessions.get(owner);
    const askers = this.askers.get(transaction) ?? (first === undefined ? [] : [first]);
    for (const session of askers) {
      const left = this.context.sessions.get(session.id) !== session;
      this.audit(session, asdu, select, left ? `${outcome}, master gone` : outcome, createdAt);
    }
  }

  /** Records a command after the sockets were served: the answer is on its way to the master meanwhile. */
  private audit(session: Session, asdu: Uint8Array, select: boolean, outcome: string, createdAt: number): void {
    const endedAt = Date.now();
    setImmediate(() => {
      const record = auditRecord(this.context.group, session, asdu, select, outcome, createdAt, endedAt);
      this.context.bus.publish(this.context.subjects.audit, encodeJson(record));
      const { type, ca, ioa, durationMs } = record;
      const { cot } = new AsduView(asdu);
      this.context.logger.info(
        { session: session.id, peer: session.peer, direction: 'control', type, cot, ca, ioa, durationMs },
        `command ${outcome}`,
      );
    });
  }

  // ---- answers of the RTU -------------------------------------------------------------------------------------------

  /** Who gets the answer at `octets[at..end)` of a log record. */
  answer(octets: Uint8Array, at: number, end: number): readonly Participant[] {
    const now = Date.now();
    const asdu = octets.subarray(at + APCI_OCTETS, end);
    const view = new AsduView(asdu);
    if (isFileTransfer(view.typeId)) {
      const isDirectory = view.typeId === TypeId.F_DR_TA_1;
      const transfer = this.files.fromRtu(view.ca, view.ioa ?? 0, isDirectory, now);
      if (transfer !== undefined) return [transfer];
    }
    const position =
      recordFirst(octets) < this.context.inheritedEnd ? positionOf(octets, at) : this.context.inheritedEnd;
    // What lies in the log since before the takeover cannot answer what was asked after it, however much it looks so.
    const match = position < this.context.inheritedEnd ? undefined : this.transactions.answered(asdu, now);
    if (match !== undefined) return match.participants;
    // Some stacks answer twice, or after the command was over. The OA of an RTU that mirrors it still says whose it is.
    const late = this.participantByOa(view.oa, position);
    if (late !== undefined) return [late];
    this.counters.unmatchedAnswers++;
    this.context.logger.warn(
      { direction: 'monitor', type: typeName(view.typeId), cot: view.cot, ca: view.ca, ioa: view.ioa, oa: view.oa },
      'answer of the RTU belongs to no command: not forwarded',
    );
    return NOBODY;
  }

  /**
   * The session an answer without a command belongs to as far as its OA tells, if it has not had it yet: after a takeover
   * the log holds answers to commands of the earlier owner.
   */
  private participantByOa(oa: number, position: number): Participant | undefined {
    const session = this.transactions.oaBehaviour === 'opaque' ? undefined : this.context.holderOf(oa);
    if (session === undefined) return undefined;
    const from = this.context.inherited.get(session.id) ?? this.context.inheritedEnd;
    return position < from ? undefined : { session: session.id, ownOa: session.ownOa };
  }

  /** Who asked for the interrogation that process information with this cause belongs to. */
  interrogators(cot: number, oa: number): readonly Participant[] {
    const transaction = this.transactions.interrogation(cot, Date.now());
    if (transaction !== undefined) return transaction.participants;
    const session = this.context.holderOf(oa);
    if (session !== undefined) return [{ session: session.id, ownOa: session.ownOa }];
    this.counters.unmatchedAnswers++;
    return NOBODY;
  }

  /** A requested object (COT 5) passed: the read command is answered. */
  requested(octets: Uint8Array, at: number, end: number): void {
    const view = new AsduView(octets, at + APCI_OCTETS, end - at - APCI_OCTETS);
    if (view.ioa !== undefined) this.transactions.readAnswered(TypeId.C_RD_NA_1, view.ca, view.ioa);
  }
}

/** Position of the ASDU whose APDU begins at `octets[at]` of a record. */
function positionOf(record: Uint8Array, at: number): number {
  let position = recordFirst(record);
  for (let begin = LOG_RECORD_PREAMBLE_OCTETS; begin < at; begin += (record[begin + 1] as number) + 2) position++;
  return position;
}
