import { AsduView, isSelect } from '@iec104mm2ss/iec104';
import type { AuditedMaster } from './audit.js';
import type { Participant, RecordOrigin } from './command-context.js';
import { isProcessCommand } from './rules.js';

/** Private TypeIDs: nobody knows how they are answered. */
export const FIRST_PRIVATE_TYPE = 128;

/** How long the RTU may take for its first answer, and for the next part of one it has begun. */
export const ANSWER_TIMEOUT_MS = 10_000;
export const INTERROGATION_TIMEOUT_MS = 30_000;
/** How long the RTU may take for ACT_TERM of a process command when it has been seen to send one: drives run long. */
export const TERMINATION_TIMEOUT_MS = 30_000;
/** How long ACT_TERM is waited for when this RTU is known to send none. */
export const UNSEEN_TERMINATION_MS = 1_000;
/**
 * How long the same command of another master waits for an ACT_TERM of which it is not known whether it comes. Less than
 * COMMAND_DEADLINE_MS: it is to be sent, not refused.
 */
export const UNKNOWN_TERMINATION_MS = 2_500;
/**
 * How long a question waits for the first answer to another one, and for that of a station that was silent before: asking
 * twice does no harm.
 */
export const FIRST_ANSWER_MS = 4_000;
export const SILENT_MS = 1_000;
/** A pause in its answers for this long ends an interrogation for the master that gave it, if no ACT_TERM is known of. */
export const OWN_QUIET_MS = 1_000;
/** After an ACT_TERM without ACT_CON that may still come. */
export const CONFIRMATION_LATE_MS = 500;
/**
 * A confirmed command keeps others on the same object waiting for this long, if their answers could be told apart. Those
 * that could not be told apart wait until it is over.
 */
export const RELEASE_MS = 1_000;
/** After the last answer to a command to all stations: that much later no other one is expected. */
export const STATIONS_QUIET_MS = 2_000;
/** Commands of one session, and of all, that may wait or be under way. */
export const MAX_COMMANDS_PER_SESSION = 1_000;
export const MAX_COMMANDS = 20_000;
/** A report of the connector with so many commands may have left some out. */
export const FULL_REPORT = 2_000;

/** A command as one master gave it. */
export interface Asker {
  readonly session: number;
  /** Number of the command within that session. */
  readonly command: number;
  /** OA its master used. */
  readonly ownOa: number;
  /** When it came, monotonic. */
  readonly since: number;
  /** Who it is; undefined for one of an earlier owner's sessions that has not been stated. */
  master: AuditedMaster | undefined;
  /** Its gateway does not state the command: an earlier owner has recorded it. */
  unstated: boolean;
}

/**
 * `queued`: in its lane. `forwarded`: handed to the connector. `sent`: the connector says that the RTU got it. `confirmed`:
 * the RTU has answered, and may answer again.
 */
export type TransactionState = 'queued' | 'forwarded' | 'sent' | 'confirmed';

/** A place in the log and the link that its records came from: answers to a command are of that link, and not before it. */
export interface AnswerFloor extends RecordOrigin {
  readonly position: number;
}

/** What a station has answered to a command; bits. */
export const Seen = {
  /** A confirmation, positive or negative, or what says as much. */
  FIRST: 1,
  /** ACT_TERM; of a read its object. */
  TERMINATION: 2,
  REFUSAL: 4,
  /** Nothing more is expected from it. */
  OVER: 8,
} as const;

/** One command on its way to the RTU and back. Times are monotonic. */
export interface Transaction {
  /** Identifies it between this owner of the group and the connector. */
  readonly number: number;
  /** Which came first, among those that wait. */
  order: number;
  /** As the master sent it, with the master's OA. */
  readonly asdu: Uint8Array;
  readonly typeId: number;
  readonly ca: number;
  /** Of its object, of which `checkCommand` lets pass only one; 0 for a private type that has none. */
  readonly ioa: number;
  readonly cot: number;
  readonly select: boolean;
  /** OA the RTU sees. */
  readonly oa: number;
  /** Session the OA belongs to: the one that asked first. */
  readonly owner: number;
  /** All who asked, also those that have left since. */
  readonly askers: Asker[];
  /** Who gets the answers; empty when all of them have left. */
  participants: Participant[];
  state: TransactionState;
  /** Deadline in the clock of the connector with this fence, and when that is by our clock, or a little later. */
  readonly connectorFence: number;
  connectorDeadline: number;
  deadline: number;
  readonly createdAt: number;
  /** When it was handed over, or known to be sent. */
  sentAt: number;
  /** When to give up waiting for (more) answers. */
  expiresAt: number;
  /**
   * From when on it need not be waited for although its answers could be taken for others': by those of all masters, and by
   * interrogations of its own. When one of them goes, it is over.
   */
  yieldsAt: number;
  yieldsToOwnAt: number;
  /** Answers before this place are not for it; undefined while it is queued. */
  floor: AnswerFloor | undefined;
  /** Data transfer was stopped in between, and the RTU may have dropped what it had not sent: that it goes on is not seen yet. */
  mayBeDropped: boolean;
  /** Its link to the RTU is gone: only what was received before can still answer it, until then. */
  lostUntil: number;
  /** Its gateway, that stated what has been answered, had passed on what is before this place: only its effect is known. */
  countedTo: number;
  /** Answers may have passed before we knew of it. */
  answersMissed: boolean;
  /** What has ended it may have been the late end of an earlier command, so it says nothing of how the RTU answers. */
  mayBeAnothers: boolean;
  /** From when on those need not wait for it whose answers can be told from its own: it is confirmed. */
  releaseAt: number;
  /** When the RTU was heard of it last, in its answers or objects. */
  heardAt: number;
  /** When it was looked last whether others may go. */
  pumpedAt: number;
  /** What has been answered, by the CA of the answers: see `Seen`. */
  readonly seen: Map<number, number>;
  /** How it ends when nothing more comes. */
  outcome: string;
  /** Its place among all that were sent. */
  sentOrder: number;
  /** An execute of what its master has selected. */
  isSelected: boolean;
  /** An earlier owner sent it: how long its answers took is not known. */
  isRestored: boolean;
}

/** What is known of a command when it comes. */
export interface NewCommand {
  readonly asker: Asker;
  /** OA towards the RTU of the asking session. */
  readonly oa: number;
  /** Has passed `checkCommand`; kept. It still has the master's OA. */
  readonly asdu: Uint8Array;
  readonly connectorFence: number;
  readonly connectorDeadline: number;
  readonly deadline: number;
}

/** How a command was sent under an earlier owner. */
export interface SentBefore {
  readonly ageMs: number;
  /** From where on it can be answered. */
  readonly floor: AnswerFloor;
  /** Answers may have passed already. */
  readonly answersMissed: boolean;
  /** The link it was sent on is gone. */
  readonly isLost: boolean;
}

export function newTransaction(number: number, command: NewCommand): Transaction {
  const { asker, oa, asdu, connectorFence, connectorDeadline, deadline } = command;
  const view = new AsduView(asdu);
  return {
    number,
    order: 0,
    asdu,
    typeId: view.typeId,
    ca: view.ca,
    ioa: view.ioa ?? 0,
    cot: view.cot,
    select: isSelect(asdu),
    oa,
    owner: asker.session,
    askers: [asker],
    participants: [{ session: asker.session, ownOa: asker.ownOa }],
    state: 'queued',
    connectorFence,
    connectorDeadline,
    deadline,
    createdAt: asker.since,
    sentAt: 0,
    expiresAt: Infinity,
    yieldsAt: Infinity,
    yieldsToOwnAt: Infinity,
    floor: undefined,
    mayBeDropped: false,
    lostUntil: Infinity,
    countedTo: 0,
    answersMissed: false,
    mayBeAnothers: false,
    releaseAt: Infinity,
    heardAt: 0,
    pumpedAt: 0,
    seen: new Map(),
    outcome: '',
    sentOrder: 0,
    isSelected: false,
    isRestored: false,
  };
}

/** The outcome of what an earlier owner has settled: nobody knows how it was answered. */
export const SETTLED_BEFORE = 'settled before';

/** True for a place of the log whose answers to `transaction` its gateway has stated: nothing is to be done for them. */
export function isCounted({ floor, countedTo }: Transaction, position: number, record: RecordOrigin): boolean {
  return record.generation === floor?.generation && position < countedTo;
}

/** True when an answer at this place of the log can be one to `transaction`. */
export function mayAnswer({ floor, lostUntil }: Transaction, position: number, record: RecordOrigin): boolean {
  if (floor === undefined) return false;
  // A connector that goes on for another one may count its links from the same number: its log has a new generation.
  if (record.epoch !== floor.epoch || (lostUntil < Infinity && record.generation !== floor.generation)) return false;
  return record.generation > floor.generation || (record.generation === floor.generation && position >= floor.position);
}

/**
 * What was received before the command was sent may have been written anew, when the log had lost its end. And of what an
 * earlier owner sent nobody knows which answers it has had, and what else that owner had sent.
 */
export function isKnown({ floor, isRestored, typeId }: Transaction, { generation }: RecordOrigin): boolean {
  return floor?.generation === generation && !(isRestored && isProcessCommand(typeId));
}
