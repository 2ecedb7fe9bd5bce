import { ASDU_OA_OFFSET, AsduView, checkCommand, confirmationOf, mirror, TypeId } from '@iec104mm2ss/iec104';
import type { CommandContext, CommandSession } from './command-context.js';
import type { CommandCounters } from './command-counters.js';
import type { CommandOwnership } from './command-ownership.js';
import type { CommandRecords } from './command-records.js';
import type { Asker } from './command-transaction.js';
import { INTERROGATION_DEADLINE_MS, isInterrogation } from './rules.js';
import type { Transactions } from './transactions.js';

/** Until when a command may be sent, in the clock of the connector with this fence. */
interface Deadline {
  readonly connectorFence: number;
  readonly deadline: number;
}

export interface AcceptanceParts {
  readonly counters: CommandCounters;
  readonly ownership: CommandOwnership;
  readonly records: CommandRecords;
  readonly transactions: Transactions;
}

/** Where commands come in: each is refused or answered at once, or begins its way to the RTU. */
export class CommandAcceptance {
  constructor(
    private readonly context: CommandContext,
    private readonly parts: AcceptanceParts,
  ) {}

  /** A command, noted in the ledger already, begins its way here. */
  accept(session: CommandSession, asdu: Uint8Array, command: number, until: Deadline, ageMs: number): void {
    const { clock, connectorClock, feed } = this.context;
    const { counters } = this.parts;
    const now = clock.now();
    const ownOa = asdu[ASDU_OA_OFFSET] as number;
    counters.commands++;
    session.commands++;
    session.ownOa = ownOa;
    feed.command(session.id, asdu);
    const asker: Asker = { session: session.id, command, ownOa, since: now - ageMs, master: session, unstated: false };
    if (this.isDealtWith(asker, session, asdu)) return;
    const { connectorFence, deadline } = until;
    const { typeId, cot } = new AsduView(asdu);
    const remainingMs = connectorClock.remaining(connectorFence, deadline);
    if (remainingMs === undefined) {
      this.refuse(asker, asdu, confirmationOf(cot), 'the connector changed');
      return;
    }
    // Interrogations and reads are not dangerous when late: they may wait for their turn.
    const isPatient = isInterrogation(typeId) || typeId === TypeId.C_RD_NA_1;
    const moreMs = isPatient ? Math.max(0, INTERROGATION_DEADLINE_MS - ageMs - remainingMs) : 0;
    if (remainingMs + moreMs <= 0) {
      this.refuse(asker, asdu, confirmationOf(cot), 'expired');
      return;
    }
    const deadlines = { connectorDeadline: deadline + moreMs, deadline: now + remainingMs + moreMs };
    this.parts.transactions.begin({ asker, oa: session.oa, asdu, connectorFence, ...deadlines });
  }

  /** True when the master has had its answer: the command may not be sent, or needs not be. */
  private isDealtWith(asker: Asker, session: CommandSession, asdu: Uint8Array): boolean {
    const check = checkCommand(asdu);
    const verdict = check.ok ? this.context.door.judge(asdu, session) : { kind: 'refused' as const, ...check };
    if (verdict?.kind === 'answered') {
      this.answer(asker, asdu, verdict.answer, verdict.outcome);
      return true;
    }
    const problem = verdict ?? this.parts.ownership.problemOf(asdu, session.id, asker.ownOa);
    if (problem !== undefined) this.refuse(asker, asdu, problem.cause, problem.reason);
    return problem !== undefined;
  }

  private refuse(asker: Asker, asdu: Uint8Array, cause: number, reason: string): void {
    this.parts.counters.commandsRefused++;
    this.answer(asker, asdu, mirror(asdu, cause, true), `refused: ${reason}`);
  }

  private answer(asker: Asker, asdu: Uint8Array, answer: Uint8Array, outcome: string): void {
    this.context.answer(asker.session, asker.command, answer);
    this.parts.records.end({ ...asker, asdu }, outcome, answer);
  }
}
