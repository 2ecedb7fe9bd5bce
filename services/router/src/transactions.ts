import { ASDU_OA_OFFSET, AsduView, Cause } from '@iec104mm2ss/iec104';
import { endsWithTermination, isFileTransfer, isInterrogation, isProcessCommand, isSelect, sameRequest } from './rules.js';

/** How long the RTU may take for its first answer, and for the next part of one it has begun. */
export const ANSWER_TIMEOUT_MS = 10_000;
export const INTERROGATION_TIMEOUT_MS = 30_000;
/** How long ACT_TERM of a process command is waited for when this RTU has never sent one. */
export const UNSEEN_TERMINATION_MS = 1_000;

/** Who gets an answer: a session, and the OA its master used. */
export interface Participant {
  readonly session: number;
  readonly ownOa: number;
}

export type TransactionState = 'queued' | 'forwarded' | 'sent' | 'confirmed';

/** One command on its way to the RTU and back. Times in ms since 1970-01-01 UTC. */
export interface Transaction {
  readonly number: number;
  /** As the master sent it, with the master's OA. */
  readonly asdu: Uint8Array;
  readonly typeId: number;
  readonly ca: number;
  readonly ioa: number;
  readonly cot: number;
  readonly select: boolean;
  /** OA the RTU sees. */
  readonly oa: number;
  /** Session the OA belongs to: the one that asked first. */
  readonly owner: number;
  /** Who gets the answers; empty when all of them have left. */
  participants: Participant[];
  state: TransactionState;
  deadline: number;
  readonly createdAt: number;
  sentAt: number;
  /** When to give up waiting for (more) answers. */
  expiresAt: number;
  /** Positive ACT_CON seen, ACT_TERM outstanding, and the RTU mirrors the OA: others need not wait for it. */
  released: boolean;
}

/** How this RTU fills the OA of its answers, as learnt from them. */
export type OaBehaviour = 'unknown' | 'mirrors' | 'opaque';

export interface TransactionEffects {
  /** Hand the command to the connector. */
  forward(transaction: Transaction): void;
  /** The transaction is over. */
  finished(transaction: Transaction, outcome: string): void;
  /** The command did not reach the RTU: every participant is to get a negative confirmation. */
  refused(transaction: Transaction, outcome: string): void;
}

interface Lane {
  active: Transaction[];
  queue: Transaction[];
}

const GLOBAL_CA = 0xffff;
const INTERROGATION_LANE = -1;
const COUNTER_LANE = -2;

/**
 * The commands of one group between masters and RTU.
 *
 * There is no transaction id in the protocol: TypeID, CA, IOA, value, qualifier and S/E tie an answer to its command, and
 * the OA where the RTU mirrors it. So commands that could be mistaken for each other are sent one after the other: they
 * share a lane (one per object, one for all interrogations, one for all counter interrogations), and a lane carries one
 * session's commands at a time.
 */
export class Transactions {
  oaBehaviour: OaBehaviour = 'unknown';
  /** This RTU ends process commands with ACT_TERM. */
  private terminationSeen = false;
  private readonly lanes = new Map<number, Lane>();
  private readonly byNumber = new Map<number, Transaction>();
  private nextNumber = 1;

  constructor(private readonly effects: TransactionEffects) {}

  get size(): number {
    return this.byNumber.size;
  }

  /** Takes a command of a session. `asdu` (at least 9 octets) is kept; it still has the master's OA. */
  begin(session: number, sessionOa: number, asdu: Uint8Array, deadline: number, now: number): Transaction {
    const view = new AsduView(asdu);
    const { typeId, ca, cot } = view;
    const ioa = view.ioa as number;
    const participant: Participant = { session, ownOa: asdu[ASDU_OA_OFFSET] as number };
    const lane = this.lane(laneKey(typeId, ca, ioa));
    if (isInterrogation(typeId) && cot === Cause.ACT) {
      // The same interrogation is waiting already: one run of the RTU answers both.
      const same = lane.queue.find(
        (other) => other.typeId === typeId && other.ca === ca && other.cot === cot && sameRequest(other.asdu, asdu),
      );
      if (same !== undefined) {
        same.participants.push(participant);
        same.deadline = Math.max(same.deadline, deadline);
        return same;
      }
    }
    const number = this.nextNumber;
    this.nextNumber = (this.nextNumber % 0xffffffff) + 1;
    const transaction: Transaction = {
      number,
      asdu,
      typeId,
      ca,
      ioa,
      cot,
      select: isSelect(asdu),
      oa: sessionOa,
      owner: session,
      participants: [participant],
      state: 'queued',
      deadline,
      createdAt: now,
      sentAt: 0,
      expiresAt: Infinity,
      released: false,
    };
    this.byNumber.set(number, transaction);
    lane.queue.push(transaction);
    this.pump(lane);
    return transaction;
  }

  /** What the connector says of a command it was handed. */
  handedOver(number: number, sent: boolean, outcome: string, now: number): void {
    const transaction = this.byNumber.get(number);
    if (transaction === undefined || transaction.state !== 'forwarded') return;
    if (!sent) {
      this.effects.refused(transaction, outcome);
      this.remove(transaction);
      return;
    }
    if (isFileTransfer(transaction.typeId)) {
      // Files have no confirmation; who gets their ASDUs is the file transfers' business.
      this.finish(transaction, 'forwarded');
      return;
    }
    transaction.state = 'sent';
    transaction.sentAt = now;
    transaction.expiresAt = now + (isInterrogation(transaction.typeId) ? INTERROGATION_TIMEOUT_MS : ANSWER_TIMEOUT_MS);
  }

  /**
   * Finds the command that `answer` (an ASDU from the RTU that is not process information) belongs to and moves it on.
   * Undefined when there is none.
   */
  answered(answer: Uint8Array, now: number): { transaction: Transaction; participants: readonly Participant[] } | undefined {
    const transaction = this.match(answer);
    if (transaction === undefined) return undefined;
    const participants = transaction.participants;
    const view = new AsduView(answer);
    if (this.oaBehaviour !== 'mirrors' && view.oa === transaction.oa) this.oaBehaviour = 'mirrors';
    else if (this.oaBehaviour === 'unknown') this.oaBehaviour = 'opaque';
    this.advance(transaction, view, now);
    return { transaction, participants };
  }

  /** The interrogation in progress that process information with this cause answers. */
  interrogation(cot: number, now: number): Transaction | undefined {
    const lane = this.lanes.get(cot <= Cause.INRO16 ? INTERROGATION_LANE : COUNTER_LANE);
    const transaction = lane?.active[0];
    if (transaction !== undefined) transaction.expiresAt = now + INTERROGATION_TIMEOUT_MS;
    return transaction;
  }

  /** A requested object (COT 5) ends the read command it answers. */
  readAnswered(typeId: number, ca: number, ioa: number): void {
    const lane = this.lanes.get(laneKey(typeId, ca, ioa));
    const transaction = lane?.active[0];
    if (transaction !== undefined) this.finish(transaction, 'answered');
  }

  /** The session is gone: what waits is dropped, what the RTU has is answered to nobody. */
  forget(session: number): void {
    for (const transaction of [...this.byNumber.values()]) {
      transaction.participants = transaction.participants.filter((participant) => participant.session !== session);
      if (transaction.participants.length === 0 && transaction.state === 'queued') {
        this.finish(transaction, 'master gone');
      }
    }
  }

  /** The RTU link is gone: nothing will be answered any more. */
  clear(outcome: string): void {
    for (const transaction of [...this.byNumber.values()]) {
      // Without an answer so far, the master has to be told that none will come.
      if (transaction.state === 'confirmed') this.effects.finished(transaction, outcome);
      else this.effects.refused(transaction, outcome);
    }
    this.byNumber.clear();
    this.lanes.clear();
    this.oaBehaviour = 'unknown';
    this.terminationSeen = false;
  }

  /** Gives up what has waited too long. */
  expire(now: number): void {
    for (const transaction of [...this.byNumber.values()]) {
      if (transaction.state === 'queued' && transaction.deadline <= now) {
        this.effects.refused(transaction, 'expired');
        this.remove(transaction);
      } else if (transaction.state === 'forwarded' && transaction.deadline + HAND_OVER_MARGIN_MS <= now) {
        this.effects.refused(transaction, 'connector silent');
        this.remove(transaction);
      } else if (transaction.expiresAt <= now) {
        this.finish(transaction, transaction.state === 'confirmed' ? 'confirmed' : 'no answer');
      }
    }
  }

  private match(answer: Uint8Array): Transaction | undefined {
    const view = new AsduView(answer);
    const { typeId, ca, cot, oa } = view;
    const ioa = view.ioa;
    if (ioa === undefined) return undefined;
    const lane = this.lanes.get(laneKey(typeId, ca, ioa));
    const fits = (transaction: Transaction): boolean =>
      transaction.typeId === typeId &&
      (transaction.ca === ca || transaction.ca === GLOBAL_CA) &&
      transaction.ioa === ioa &&
      (transaction.state === 'sent' || transaction.state === 'confirmed' || transaction.state === 'forwarded') &&
      sameRequest(transaction.asdu, answer) &&
      expects(transaction, cot);
    const candidates = lane?.active.filter(fits) ?? [];
    if (this.oaBehaviour === 'mirrors' && oa !== 0) return candidates.find((transaction) => transaction.oa === oa);
    return candidates.find((transaction) => transaction.oa === oa) ?? candidates[0];
  }

  private advance(transaction: Transaction, answer: AsduView, now: number): void {
    const { cot, negative } = answer;
    if (cot >= Cause.UNKNOWN_TYPE && cot <= Cause.UNKNOWN_IOA) {
      this.finish(transaction, `refused (COT ${cot})`);
    } else if (cot === Cause.ACT_CON && negative) {
      this.finish(transaction, 'refused');
    } else if (cot === Cause.ACT_CON) {
      if (transaction.select) this.finish(transaction, 'selected');
      else if (!endsWithTermination(transaction.typeId)) this.finish(transaction, 'confirmed');
      else this.awaitTermination(transaction, now);
    } else if (cot === Cause.DEACT_CON) {
      this.finish(transaction, negative ? 'deactivation refused' : 'deactivated');
    } else if (cot === Cause.ACT_TERM) {
      if (isProcessCommand(transaction.typeId)) this.terminationSeen = true;
      this.finish(transaction, 'terminated');
    } else {
      // Private types answer as they like: what follows within the time limit still belongs to this command.
      this.awaitTermination(transaction, now);
    }
  }

  private awaitTermination(transaction: Transaction, now: number): void {
    transaction.state = 'confirmed';
    if (isInterrogation(transaction.typeId)) {
      transaction.expiresAt = now + INTERROGATION_TIMEOUT_MS;
      return;
    }
    const seen = this.terminationSeen || !isProcessCommand(transaction.typeId);
    transaction.expiresAt = now + (seen || this.oaBehaviour === 'mirrors' ? ANSWER_TIMEOUT_MS : UNSEEN_TERMINATION_MS);
    if (this.oaBehaviour === 'mirrors') {
      transaction.released = true;
      this.pump(this.lane(laneKeyOf(transaction)));
    }
  }

  private finish(transaction: Transaction, outcome: string): void {
    this.effects.finished(transaction, outcome);
    this.remove(transaction);
  }

  private remove(transaction: Transaction): void {
    this.byNumber.delete(transaction.number);
    const key = laneKeyOf(transaction);
    const lane = this.lanes.get(key);
    if (lane === undefined) return;
    lane.active = lane.active.filter((other) => other !== transaction);
    lane.queue = lane.queue.filter((other) => other !== transaction);
    if (lane.active.length === 0 && lane.queue.length === 0) this.lanes.delete(key);
    else this.pump(lane);
  }

  /** Sends the next of the lane when nothing in it could be mistaken for it. */
  private pump(lane: Lane): void {
    for (let next = lane.queue[0]; next !== undefined; next = lane.queue[0]) {
      const { typeId, owner, cot } = next;
      // A deactivation has to overtake the interrogation it ends.
      const free =
        isInterrogation(typeId) && cot !== Cause.DEACT
        ? lane.active.length === 0
        : lane.active.every((other) => other.owner === owner || other.released);
      if (!free) return;
      lane.queue.shift();
      lane.active.push(next);
      next.state = 'forwarded';
      this.effects.forward(next);
    }
  }

  private lane(key: number): Lane {
    let lane = this.lanes.get(key);
    if (lane === undefined) {
      lane = { active: [], queue: [] };
      this.lanes.set(key, lane);
    }
    return lane;
  }
}

/** How long after its deadline the connector may take to say that it did not send a command. */
const HAND_OVER_MARGIN_MS = 1_000;

function laneKeyOf(transaction: Transaction): number {
  return laneKey(transaction.typeId, transaction.ca, transaction.ioa);
}

/** Commands on one object conflict whatever their TypeID; other types conflict with their like only. */
function laneKey(typeId: number, ca: number, ioa: number): number {
  if (isInterrogation(typeId)) return typeId === 100 ? INTERROGATION_LANE : COUNTER_LANE;
  const type = isProcessCommand(typeId) ? 0 : typeId;
  // A command to all stations is answered by single ones.
  const address = STATION_TYPES.has(typeId) ? 0 : ca;
  return (type * 0x10000 + address) * 0x1000000 + ioa;
}

/** C_CS and C_RP: like interrogations they may be sent to the global CA. */
const STATION_TYPES: ReadonlySet<number> = new Set([103, 105]);

/** True when an answer with this cause can still come for the transaction. */
function expects(transaction: Transaction, cot: number): boolean {
  switch (cot) {
    case Cause.ACT_CON:
      return transaction.cot !== Cause.DEACT && (transaction.state !== 'confirmed' || transaction.ca === GLOBAL_CA);
    case Cause.DEACT_CON:
      return transaction.cot === Cause.DEACT;
    case Cause.ACT_TERM:
      return transaction.cot !== Cause.DEACT;
    default:
      return true;
  }
}
