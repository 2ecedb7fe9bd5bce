import {
  APCI_OCTETS,
  APDU_CAUSE_OFFSET,
  APDU_TYPE_OFFSET,
  apduEnd,
  AsduView,
  BROADCAST_CA,
  Cause,
  confirmationOf,
  COT_CAUSE_MASK,
  COT_NEGATIVE_BIT,
  forEachApdu,
  isCommandAnswer,
  Likeness,
  likeness,
  LAST_MONITOR_TYPE,
  mirror,
} from '@iec104mm2ss/iec104';
import { type PendingCommandStatement, toBase64 } from '@iec104mm2ss/wire';

/** Commands of one master that may be unsettled: no more are read from it, until there is room for half of them again. */
export const MAX_PENDING = 2_000;
const ROOM_AGAIN = MAX_PENDING / 2;
/** Cause and P/N, without T. */
const CAUSE_AND_PN_MASK = COT_NEGATIVE_BIT | COT_CAUSE_MASK;
/** Smallest ASDU with an information object address. */
const MIN_COMMAND_OCTETS = 9;

/** Until when, in whose clock, a command must have been sent to the RTU. */
export interface CommandTerms {
  readonly connectorFence: number;
  readonly deadline: number;
}
const NO_TERMS: CommandTerms = { connectorFence: 0, deadline: 0 };

interface PendingCommand {
  readonly asdu: Uint8Array;
  readonly terms: CommandTerms;
  readonly since: number;
  /** Cause, with P/N, of the last answer; null: none has been seen. */
  answered: number | null;
}

/** Commands that came together: they go to the router, or each has a negative confirmation. */
export interface TakenCommands {
  /** Number of the first one. */
  readonly first: number;
  readonly refusals: readonly Uint8Array[];
}

/**
 * A master's commands that the router has not settled, by their number within the session, oldest first. The gateway
 * states them, so that another router can go on with them; the router answers them and says when each is over.
 */
export class PendingCommands {
  /** Number of the next command. */
  next = 1;
  private readonly pending = new Map<number, PendingCommand>();
  /** Those of them that nobody has answered, and those that were confirmed and not terminated: few, where all are many. */
  private readonly unanswered = new Set<PendingCommand>();
  private readonly confirmed = new Set<PendingCommand>();
  private wasFull = false;

  /** @param onRoom called when there is room again after it was full */
  constructor(private readonly onRoom: () => void = () => undefined) {}

  get size(): number {
    return this.pending.size;
  }

  /**
   * Takes the commands whose APDUs are `octets[start..end)`.
   *
   * @param terms undefined: they are refused, as nobody could take them over
   */
  take(octets: Uint8Array, start: number, end: number, terms: CommandTerms | undefined, now: number): TakenCommands {
    const first = this.next;
    const refusals: Uint8Array[] = [];
    forEachApdu(octets, start, end, (at, apduEndsAt) => {
      const asdu = new Uint8Array(octets.subarray(at + APCI_OCTETS, apduEndsAt));
      let answered: number | null = null;
      if (terms === undefined) {
        const cause = confirmationOf(new AsduView(asdu).cot);
        refusals.push(mirror(asdu, cause, true));
        answered = cause | COT_NEGATIVE_BIT;
      }
      const command = { asdu, terms: terms ?? NO_TERMS, since: now, answered };
      this.pending.set(this.next++, command);
      if (answered === null) this.unanswered.add(command);
    });
    this.wasFull ||= this.full;
    return { first, refusals };
  }

  /** Nothing more may be taken: each command gets its audit record, so none may be forgotten. */
  get full(): boolean {
    return this.pending.size >= MAX_PENDING;
  }

  /** The APDUs in `octets[start..]` go to this master: each may answer a command. */
  answered(octets: Uint8Array, start: number): void {
    for (let at = start; at < octets.length && this.pending.size > 0; at = apduEnd(octets, at)) {
      const cause = (octets[at + APDU_CAUSE_OFFSET] as number) & CAUSE_AND_PN_MASK;
      // Process information, unless it is a master's own that the router refuses.
      if ((octets[at + APDU_TYPE_OFFSET] as number) <= LAST_MONITOR_TYPE && (cause & COT_NEGATIVE_BIT) === 0) continue;
      const command = this.commandOf(new AsduView(octets.subarray(at + APCI_OCTETS, apduEnd(octets, at))));
      if (command !== undefined) this.note(command, cause);
    }
  }

  /**
   * The router answers this command itself, with this cause and P/N. False when that was seen before: it answers again what
   * was stated without an answer, and one and the other may have been on their way.
   */
  answeredByRouter(number: number, cause: number): boolean {
    const command = this.pending.get(number);
    if (command?.answered !== null) return false;
    this.note(command, cause & CAUSE_AND_PN_MASK);
    return true;
  }

  /**
   * The router has stored their audit records.
   *
   * @param answered by the router itself: what has no answer here is stated again, until that has come
   */
  settle(numbers: readonly number[], answered = false): void {
    for (const number of numbers) {
      const command = this.pending.get(number);
      if (command === undefined || (answered && command.answered === null)) continue;
      this.pending.delete(number);
      this.unanswered.delete(command);
      this.confirmed.delete(command);
    }
    if (!this.wasFull || this.pending.size > ROOM_AGAIN) return;
    this.wasFull = false;
    this.onRoom();
  }

  /** The oldest ones, `limit` at most. */
  statement(limit: number, now: number): PendingCommandStatement[] {
    const stated: PendingCommandStatement[] = [];
    for (const [command, { asdu, terms, since, answered }] of this.pending) {
      if (stated.length >= limit) break;
      stated.push({ command, asdu: toBase64(asdu), ...terms, ageMs: now - since, answered });
    }
    return stated;
  }

  private note(command: PendingCommand, cause: number): void {
    command.answered = cause;
    this.unanswered.delete(command);
    if (cause === Cause.ACT_CON) this.confirmed.add(command);
    else this.confirmed.delete(command);
  }

  /**
   * The command that `answer` belongs to: the one of which it repeats most. Of several that are alike the oldest one without
   * an answer, for ACT_TERM the oldest one that was confirmed. The router may know an answer that repeats nothing: then the
   * only one that waits.
   */
  private commandOf(answer: AsduView): PendingCommand | undefined {
    const due = answer.cot === Cause.ACT_TERM ? this.confirmed : this.unanswered;
    const likely = mostAlike(answer, due);
    if (likely?.alike === Likeness.SAME) return likely.command;
    const any = mostAlike(answer, this.pending.values());
    if (any !== undefined && (likely === undefined || any.alike < likely.alike)) return any.command;
    if (likely !== undefined) return likely.command;
    const [first] = due;
    return due.size === 1 && isCommandAnswer(answer.cot) ? first : undefined;
  }
}

/** How much of this command the answer repeats; undefined: it is none to it. */
function answeredLikeness(answer: AsduView, asdu: Uint8Array): Likeness | undefined {
  if (answer.typeId !== asdu[0]) return undefined;
  // Too short to have an object: only a refusal of the router mirrors that.
  if (asdu.length < MIN_COMMAND_OCTETS) return answer.lengthOctets === asdu.length ? Likeness.SAME : undefined;
  const { ca, ioa } = new AsduView(asdu);
  if ((ca !== answer.ca && ca !== BROADCAST_CA) || ioa !== answer.ioa) return undefined;
  return likeness(asdu, answer.octets);
}

/** Of those of which an answer repeats equally much, the first. */
function mostAlike(
  answer: AsduView,
  commands: Iterable<PendingCommand>,
): { readonly command: PendingCommand; readonly alike: number } | undefined {
  let best: { readonly command: PendingCommand; readonly alike: number } | undefined;
  for (const command of commands) {
    const alike = answeredLikeness(answer, command.asdu);
    if (alike === undefined || alike >= (best?.alike ?? Infinity)) continue;
    best = { command, alike };
    if (alike === Likeness.SAME) break;
  }
  return best;
}
