import { ASDU_OA_OFFSET, Cause, mirror, resetProcess } from '@iec104mm2ss/iec104';
import type { NewCommand, Transaction } from './command-transaction.js';
import { Transactions } from './transactions.js';

const DEADLINE_MS = 5_000;
/** CA of the RTU by configuration. */
const OWN_CA = 1;

/** Transactions with a clock, a record of what they did, and the octets an RTU would see. */
export class Bench {
  now = 1_000_000;
  readonly forwarded: Transaction[] = [];
  readonly log: string[] = [];
  vetoes = new Map<number, string>();
  ready = true;
  /** The link to the RTU and its log, as the connector stated them. */
  link = { epoch: 1, generation: 1, position: 0 };
  private commands = 0;
  readonly transactions = new Transactions(
    {
      ready: () => this.ready,
      veto: (transaction) => this.vetoes.get(transaction.owner),
      forward: (transaction) => {
        this.forwarded.push(transaction);
        this.log.push(`forward ${transaction.owner}`);
        return this.link;
      },
      sent: () => undefined,
      finished: (transaction, outcome) => this.log.push(`${this.who(transaction)} ${outcome}`),
      refused: (transaction, outcome) => this.log.push(`${this.who(transaction)} refused: ${outcome}`),
    },
    { now: () => this.now },
    OWN_CA,
  );

  /** A session's OA is its number times ten, its master's own OA that plus one. */
  begin(session: number, asdu: Uint8Array, patienceMs = DEADLINE_MS): Transaction {
    return this.transactions.begin(this.newCommand(session, asdu, patienceMs));
  }

  newCommand(session: number, asdu: Uint8Array, patienceMs = DEADLINE_MS): NewCommand {
    const own = new Uint8Array(asdu);
    const ownOa = session * 10 + 1;
    own[ASDU_OA_OFFSET] = ownOa;
    const deadline = this.now + patienceMs;
    const command = ++this.commands;
    return {
      asker: { session, command, ownOa, since: this.now, master: undefined, unstated: false },
      oa: session * 10,
      asdu: own,
      connectorFence: 1,
      connectorDeadline: deadline,
      deadline,
    };
  }

  sent(transaction: Transaction): Transaction {
    this.transactions.handedOver(transaction.number, true, 'sent');
    return transaction;
  }

  notSent(transaction: Transaction, why: string): void {
    this.transactions.handedOver(transaction.number, false, why);
  }

  /** Begins a command and has it sent. */
  command(session: number, asdu: Uint8Array): Transaction {
    return this.sent(this.begin(session, asdu));
  }

  /** An answer of the RTU; returns the sessions that get it. */
  answer(asdu: Uint8Array, cause: number, oa = 0, negative = false): number[] {
    const answer = mirror(asdu, cause, negative);
    answer[ASDU_OA_OFFSET] = oa;
    return this.raw(answer);
  }

  raw(answer: Uint8Array, place: { position?: number; epoch?: number; generation?: number } = {}): number[] {
    const { position = this.link.position, epoch = this.link.epoch, generation = this.link.generation } = place;
    const { participants } = this.transactions.answers.answered(answer, position, { epoch, generation });
    return participants.map(({ session }) => session);
  }

  pass(ms: number): void {
    this.now += ms;
    this.transactions.expire();
  }

  take(): string[] {
    return this.log.splice(0);
  }

  private who(transaction: Transaction): string {
    return transaction.participants.map(({ session }) => session).join('+') || 'nobody';
  }

  /** Teaches it that the RTU mirrors OAs. */
  mirrors(): this {
    this.command(20, resetProcess(8));
    this.command(21, resetProcess(9));
    this.answer(resetProcess(9), Cause.ACT_CON, 210);
    this.answer(resetProcess(8), Cause.ACT_CON, 200);
    if (this.transactions.habits.oa.behaviour !== 'mirrors') throw new Error('it should be proven');
    this.forwarded.length = 0;
    this.take();
    return this;
  }
}
