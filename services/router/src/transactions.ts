import { ASDU_OA_OFFSET, AsduView, Cause, isSelect, sameRequest } from '@iec104mm2ss/iec104';
import { endsWithTermination, isFileTransfer, isInterrogation, isProcessCommand } from './rules.js';

/** How long the RTU may take for its first answer, and for the next part of one it has begun. */
export const ANSWER_TIMEOUT_MS = 10_000;
export const INTERROGATION_TIMEOUT_MS = 30_000;
/** How long the RTU may take for ACT_TERM of a process command when it has been seen to send one: drives run long. */
export const TERMINATION_TIMEOUT_MS = 30_000;
/** How long ACT_TERM of a process command is waited for when this RTU is known to send none. */
export const UNSEEN_TERMINATION_MS = 1_000;
/**
 * A confirmed command keeps others on the same object waiting for this long, if their answers could be told apart. Those
 * that could not be told apart wait until it is over.
 */
export const RELEASE_MS = 1_000;
/** After the last answer to a command to all stations: that much later no other one is expected. */
export const STATIONS_QUIET_MS = 2_000;
/** Commands of one session that may wait or be under way. */
export const MAX_COMMANDS_PER_SESSION = 1_000;

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
  /** Confirmed for long enough: those need not wait for it any more whose answers can be told from its own. */
  released: boolean;
  releaseAt: number;
  /** To all stations: how many of them have confirmed and not terminated, and what the last one said. */
  openStations: number;
  outcome: string;
}

/**
 * How this RTU fills the OA of its answers, as learnt from them. One OA that comes back proves nothing: it may be what
 * the RTU always writes. Two do. A single answer with another OA than its command's makes it `opaque`.
 */
export type OaBehaviour = 'unknown' | 'mirrors' | 'opaque';

export interface TransactionEffects {
  /** Asked right before a command is handed over: why it must not be, undefined when it may. It is then refused. */
  veto?(transaction: Transaction): string | undefined;
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
 * session's commands at a time. Where only a time-out tells that a command is over, its lane waits for it.
 */
export class Transactions {
  oaBehaviour: OaBehaviour = 'unknown';
  /** OAs that came back with the answer to their command. */
  private readonly mirroredOas = new Set<number>();
  /** TypeIDs of process commands that this RTU ends with ACT_TERM, and of those it was found not to. */
  private readonly terminated = new Set<number>();
  private readonly unterminated = new Set<number>();
  private readonly lanes = new Map<number, Lane>();
  private readonly byNumber = new Map<number, Transaction>();
  /** Number of transactions by owner. */
  private readonly counts = new Map<number, number>();
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
    if (isInterrogation(typeId) && cot === Cause.ACT) {
      // The same interrogation is waiting already: one run of the RTU answers both.
      const same = this.lanes
        .get(laneKey(typeId, ca, ioa))
        ?.queue.find((other) => other.ca === ca && other.asdu[2] === asdu[2] && sameRequest(other.asdu, asdu));
      if (same !== undefined && same.participants.length < MAX_COMMANDS_PER_SESSION) {
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
      releaseAt: Infinity,
      openStations: 0,
      outcome: '',
    };
    const waiting = this.counts.get(session) ?? 0;
    if (waiting >= MAX_COMMANDS_PER_SESSION) {
      this.effects.refused(transaction, 'too many commands waiting');
      return transaction;
    }
    const lane = this.lane(laneKey(typeId, ca, ioa));
    this.byNumber.set(number, transaction);
    this.counts.set(session, waiting + 1);
    const running = lane.active.find((other) => other.cot !== Cause.DEACT);
    if (isInterrogation(typeId) && cot === Cause.DEACT && running !== undefined) {
      // It has to overtake what waits, but must not end what other masters are waiting for.
      if (running.participants.every((other) => other.session === session)) this.forward(lane, transaction);
      else this.refuse(transaction, 'the interrogation is running for other masters');
      return transaction;
    }
    lane.queue.push(transaction);
    this.pump(lane);
    return transaction;
  }

  /** What the connector says of a command it was handed. */
  handedOver(number: number, sent: boolean, outcome: string, now: number): void {
    const transaction = this.byNumber.get(number);
    if (transaction === undefined || transaction.state !== 'forwarded') return;
    if (!sent) {
      this.refuse(transaction, outcome);
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
  answered(
    answer: Uint8Array,
    now: number,
  ): { transaction: Transaction; participants: readonly Participant[] } | undefined {
    const transaction = this.match(answer);
    const view = new AsduView(answer);
    if (view.cot === Cause.ACT_TERM && isProcessCommand(view.typeId)) this.terminated.add(view.typeId);
    if (transaction === undefined) return undefined;
    const participants = transaction.participants;
    this.learn(transaction.oa, view.oa);
    this.advance(transaction, view, now);
    return { transaction, participants };
  }

  /** The interrogation in progress that process information with this cause answers. */
  interrogation(cot: number, now: number): Transaction | undefined {
    const lane = this.lanes.get(cot <= Cause.INRO16 ? INTERROGATION_LANE : COUNTER_LANE);
    const transaction = lane?.active.find((other) => other.cot !== Cause.DEACT);
    if (transaction !== undefined && transaction.state !== 'forwarded') {
      transaction.expiresAt = now + INTERROGATION_TIMEOUT_MS;
    }
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
    const dropped: Transaction[] = [];
    for (const transaction of this.byNumber.values()) {
      if (!transaction.participants.some((participant) => participant.session === session)) continue;
      transaction.participants = transaction.participants.filter((participant) => participant.session !== session);
      if (transaction.participants.length === 0 && transaction.state === 'queued') dropped.push(transaction);
    }
    // All of them leave their lanes first: the end of one must not send the next.
    const lanes = dropped.map((transaction) => {
      this.effects.finished(transaction, 'master gone');
      return this.takeOut(transaction);
    });
    for (const lane of new Set(lanes)) if (lane !== undefined) this.pump(lane);
  }

  /** The RTU link is gone: nothing will be answered any more. */
  clear(outcome: string): void {
    for (const transaction of [...this.byNumber.values()]) {
      // Without an answer so far, the master has to be told that none will come.
      if (transaction.state === 'confirmed') this.effects.finished(transaction, outcome);
      else this.effects.refused(transaction, outcome);
    }
    this.byNumber.clear();
    this.counts.clear();
    this.lanes.clear();
    this.oaBehaviour = 'unknown';
    this.mirroredOas.clear();
    this.terminated.clear();
    this.unterminated.clear();
  }

  /** Gives up what has waited too long. Call a few times a second. */
  expire(now: number): void {
    for (const transaction of [...this.byNumber.values()]) {
      // The end of one may have been the end of others.
      if (!this.byNumber.has(transaction.number)) continue;
      const { state, typeId } = transaction;
      if (state === 'queued') {
        if (transaction.deadline <= now) this.refuse(transaction, 'expired');
      } else if (state === 'forwarded') {
        if (transaction.deadline + HAND_OVER_MARGIN_MS <= now) this.refuse(transaction, 'connector silent');
      } else if (transaction.expiresAt <= now) {
        if (state === 'confirmed' && isProcessCommand(typeId)) this.unterminated.add(typeId);
        this.finish(transaction, transaction.outcome || (state === 'confirmed' ? 'confirmed' : 'no answer'));
      } else if (transaction.releaseAt <= now && !transaction.released) this.release(transaction);
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
    const mirrored = candidates.find((transaction) => transaction.oa === oa);
    if (mirrored !== undefined) return mirrored;
    // This RTU writes the OA of the command it answers: another one is the late answer to somebody who has given up.
    if (this.oaBehaviour === 'mirrors' && oa !== 0) return undefined;
    const [first] = candidates;
    // Released only because the RTU mirrored the OA so far: nobody can say whose answer this is.
    return candidates.every((transaction) => transaction.owner === first?.owner) ? first : undefined;
  }

  private learn(sent: number, received: number): void {
    if (this.oaBehaviour === 'opaque') return;
    if (sent !== received) this.oaBehaviour = 'opaque';
    else if (this.mirroredOas.add(sent).size >= 2) this.oaBehaviour = 'mirrors';
  }

  private advance(transaction: Transaction, answer: AsduView, now: number): void {
    const { cot, negative } = answer;
    if (cot >= Cause.UNKNOWN_TYPE && cot <= Cause.UNKNOWN_IOA) {
      this.end(transaction, `refused (COT ${cot})`, now);
    } else if (cot === Cause.ACT_CON && negative) {
      this.end(transaction, 'refused', now);
    } else if (cot === Cause.ACT_CON) {
      if (transaction.select) this.end(transaction, 'selected', now);
      else if (endsWithTermination(transaction.typeId)) {
        transaction.openStations++;
        this.awaitTermination(transaction, now);
      } else if (transaction.typeId >= FIRST_PRIVATE_TYPE) this.awaitMore(transaction, now);
      else this.end(transaction, 'confirmed', now);
    } else if (cot === Cause.DEACT_CON) {
      if (!negative && isInterrogation(transaction.typeId)) this.endDeactivated(transaction);
      this.end(transaction, negative ? 'deactivation refused' : 'deactivated', now);
    } else if (cot === Cause.ACT_TERM) {
      transaction.openStations--;
      this.end(transaction, 'terminated', now);
    } else if (negative) {
      this.end(transaction, `refused (COT ${cot})`, now);
    } else if (transaction.typeId >= FIRST_PRIVATE_TYPE) {
      this.awaitMore(transaction, now);
    }
  }

  /** The RTU has ended the interrogation that this deactivation was for: there will be no ACT_TERM. */
  private endDeactivated(deactivation: Transaction): void {
    const lane = this.lanes.get(laneKeyOf(deactivation));
    const ended = lane?.active.filter(
      (other) =>
        other.cot !== Cause.DEACT && other.ca === deactivation.ca && sameRequest(other.asdu, deactivation.asdu),
    );
    for (const transaction of ended ?? []) this.finish(transaction, 'deactivated');
  }

  /** An answer that ends the command, unless other stations are still to answer. */
  private end(transaction: Transaction, outcome: string, now: number): void {
    if (transaction.ca !== GLOBAL_CA) {
      this.finish(transaction, outcome);
      return;
    }
    transaction.state = 'confirmed';
    transaction.outcome = outcome;
    transaction.expiresAt = now + (transaction.openStations > 0 ? INTERROGATION_TIMEOUT_MS : STATIONS_QUIET_MS);
  }

  private awaitTermination(transaction: Transaction, now: number): void {
    const { typeId } = transaction;
    transaction.state = 'confirmed';
    if (isInterrogation(typeId)) {
      transaction.expiresAt = now + INTERROGATION_TIMEOUT_MS;
      return;
    }
    const patience = this.terminated.has(typeId)
      ? TERMINATION_TIMEOUT_MS
      : this.unterminated.has(typeId)
        ? UNSEEN_TERMINATION_MS
        : ANSWER_TIMEOUT_MS;
    transaction.expiresAt = now + patience;
    this.releaseSoon(transaction, now);
  }

  /** Private types answer as they like: what follows within a time limit still belongs to this command. */
  private awaitMore(transaction: Transaction, now: number): void {
    transaction.state = 'confirmed';
    transaction.expiresAt = now + UNSEEN_TERMINATION_MS;
    this.releaseSoon(transaction, now);
  }

  private releaseSoon(transaction: Transaction, now: number): void {
    transaction.releaseAt = Math.min(transaction.releaseAt, now + RELEASE_MS);
    if (this.oaBehaviour === 'mirrors') this.release(transaction);
  }

  private release(transaction: Transaction): void {
    transaction.released = true;
    const lane = this.lanes.get(laneKeyOf(transaction));
    if (lane !== undefined) this.pump(lane);
  }

  private finish(transaction: Transaction, outcome: string): void {
    this.effects.finished(transaction, outcome);
    this.remove(transaction);
  }

  private refuse(transaction: Transaction, outcome: string): void {
    this.effects.refused(transaction, outcome);
    this.remove(transaction);
  }

  private remove(transaction: Transaction): void {
    const lane = this.takeOut(transaction);
    if (lane !== undefined) this.pump(lane);
  }

  /** Returns the lane it leaves when that still has others. */
  private takeOut(transaction: Transaction): Lane | undefined {
    const { number, owner } = transaction;
    if (this.byNumber.delete(number)) {
      const count = (this.counts.get(owner) ?? 1) - 1;
      if (count === 0) this.counts.delete(owner);
      else this.counts.set(owner, count);
    }
    const key = laneKeyOf(transaction);
    const lane = this.lanes.get(key);
    if (lane === undefined) return undefined;
    lane.active = lane.active.filter((other) => other !== transaction);
    lane.queue = lane.queue.filter((other) => other !== transaction);
    if (lane.active.length > 0 || lane.queue.length > 0) return lane;
    this.lanes.delete(key);
    return undefined;
  }

  /** Sends the next of the lane for as long as nothing in it could be mistaken for it. */
  private pump(lane: Lane): void {
    for (let next = lane.queue[0]; next !== undefined; next = lane.queue[0]) {
      if (!this.mayGo(next, lane)) return;
      lane.queue.shift();
      this.forward(lane, next);
    }
  }

  private mayGo(next: Transaction, lane: Lane): boolean {
    // An RTU runs one interrogation at a time.
    if (isInterrogation(next.typeId)) return lane.active.length === 0;
    return lane.active.every((other) => {
      if (other.owner === next.owner) return true;
      if (!other.released) return false;
      return this.oaBehaviour === 'mirrors' || other.typeId !== next.typeId || !sameRequest(other.asdu, next.asdu);
    });
  }

  private forward(lane: Lane, transaction: Transaction): void {
    lane.active.push(transaction);
    transaction.state = 'forwarded';
    const reason = this.effects.veto?.(transaction);
    if (reason === undefined) this.effects.forward(transaction);
    else this.refuse(transaction, reason);
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

/** Private TypeIDs: nobody knows how they are answered. */
const FIRST_PRIVATE_TYPE = 128;

/** C_CS and C_RP: like interrogations they may be sent to the global CA. */
const STATION_TYPES: ReadonlySet<number> = new Set([103, 105]);

/** True when an answer with this cause can still come for the transaction. */
function expects(transaction: Transaction, cot: number): boolean {
  // Without a first answer there is none that ends it: such an ACT_TERM is the late one of an earlier command.
  const unanswered = transaction.state !== 'confirmed';
  switch (cot) {
    case Cause.ACT_CON:
      return (
        transaction.cot !== Cause.DEACT &&
        (unanswered || transaction.ca === GLOBAL_CA || transaction.typeId >= FIRST_PRIVATE_TYPE)
      );
    case Cause.DEACT_CON:
      return transaction.cot === Cause.DEACT;
    case Cause.ACT_TERM:
      return transaction.cot !== Cause.DEACT && !unanswered;
    case Cause.UNKNOWN_TYPE:
    case Cause.UNKNOWN_CAUSE:
    case Cause.UNKNOWN_CA:
    case Cause.UNKNOWN_IOA:
      return unanswered || transaction.ca === GLOBAL_CA;
    default:
      return true;
  }
}
