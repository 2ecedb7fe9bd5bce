import { AsduView, Cause, commandObjects, confirmationOf, isSelect, TypeId } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import type { Participant } from './command-context.js';
import type { Transaction } from './command-transaction.js';
import { FileTransfers } from './file-transfers.js';
import { isFileTransfer, isProcessCommand } from './rules.js';
import { NOBODY, type Selection, Selections } from './selections.js';

/** Why a command must not be sent, and the cause that its master is refused with. */
export interface Problem {
  readonly cause: number;
  readonly reason: string;
}

/** Which objects belong to which session: what is selected, and which files are transferred. */
export class CommandOwnership {
  private readonly selections = new Selections();
  private readonly files = new FileTransfers();
  /** What protected the object when a select was handed over: at the RTU it still does if that is refused. */
  private readonly selectedBefore = new WeakMap<Transaction, Selection>();
  /** What a command that was handed over has selected, or ends: a select may follow before it is known to be sent. */
  private readonly selectionOf = new WeakMap<Transaction, Selection>();

  /** @param isThere false for a session that is over, or that no gateway has stated to this owner */
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly isThere: (session: number) => boolean,
  ) {}

  /** Objects that belong to somebody. */
  get size(): number {
    return this.selections.size + this.files.size;
  }

  /**
   * Looks at every object of a command, which has passed `checkCommand`. A file that is free belongs to `session` from now on.
   */
  problemOf(asdu: Uint8Array, session: number, ownOa: number): Problem | undefined {
    const { typeId, cot } = new AsduView(asdu);
    if (isProcessCommand(typeId)) {
      for (const { ca, ioa } of commandObjects(asdu)) {
        const reason = this.selectionProblem(ca, ioa, session, isSelect(asdu) && cot === Cause.ACT);
        if (reason !== undefined) return { cause: confirmationOf(cot), reason };
      }
    } else if (isFileTransfer(typeId)) {
      for (const { ca, ioa } of commandObjects(asdu)) {
        const reason = this.files.fromMaster(ca, ioa, session, ownOa, this.clock.now());
        if (reason !== undefined) return { cause: Cause.FILE, reason };
      }
    }
    return undefined;
  }

  /** Why a command that had to wait must not be sent now. */
  veto({ typeId, ca, ioa, owner, select, cot }: Transaction): string | undefined {
    return isProcessCommand(typeId) ? this.selectionProblem(ca, ioa, owner, select && cot === Cause.ACT) : undefined;
  }

  /** The command is handed over. A select protects its object from now on. */
  handedOver(transaction: Transaction): void {
    if (!isProcessCommand(transaction.typeId)) return;
    if (isSelecting(transaction)) this.select(transaction, this.clock.now());
    this.remember(transaction);
  }

  private select(transaction: Transaction, since: number): void {
    const { ca, ioa, owner } = transaction;
    const before = this.selections.current(ca, ioa, this.clock.now());
    if (before !== undefined) this.selectedBefore.set(transaction, before);
    this.selections.hold(ca, ioa, owner, since);
  }

  /** The RTU has it: an execute or a deselect ends the selection. */
  sent(transaction: Transaction): void {
    if (isProcessCommand(transaction.typeId) && !isSelecting(transaction)) this.release(transaction);
  }

  /** The RTU did not and will not get it. */
  notSent(transaction: Transaction): void {
    if (transaction.state !== 'queued') this.selectFailed(transaction);
  }

  /** The RTU has refused it. */
  refusedByRtu(transaction: Transaction): void {
    this.selectFailed(transaction);
  }

  /** A select that failed takes nothing from one that was made before or after it, by whomever. */
  private selectFailed(transaction: Transaction): void {
    if (!isSelecting(transaction) || !this.release(transaction)) return;
    const before = this.selectedBefore.get(transaction);
    if (before !== undefined && before.until > this.clock.now()) {
      this.selections.restore(transaction.ca, transaction.ioa, before);
    }
  }

  private remember(transaction: Transaction): void {
    const { ca, ioa } = transaction;
    const selection = this.selections.current(ca, ioa, this.clock.now());
    if (selection !== undefined) this.selectionOf.set(transaction, selection);
  }

  /** Ends the selection of its object; false when that is another one than when the command was handed over. */
  private release(transaction: Transaction): boolean {
    const { ca, ioa, owner } = transaction;
    const selection = this.selections.current(ca, ioa, this.clock.now());
    if (selection !== this.selectionOf.get(transaction)) return false;
    this.selections.release(ca, ioa, owner);
    return true;
  }

  /** An earlier owner of the group had it sent at `since`. */
  restore(transaction: Transaction, since: number): void {
    const { typeId, ca, ioa, owner, asdu, askers } = transaction;
    if (isSelecting(transaction)) {
      this.select(transaction, since);
      this.remember(transaction);
    } else if (isProcessCommand(typeId)) this.selections.release(ca, ioa, owner);
    else if (isFileTransfer(typeId)) {
      for (const file of commandObjects(asdu)) {
        this.files.fromMaster(file.ca, file.ioa, owner, askers[0]?.ownOa ?? 0, since);
      }
    }
  }

  /** Who gets a file ASDU of the RTU; undefined when that is nobody's transfer, or another type. */
  fileReceiver(answer: AsduView): Participant | undefined {
    const { typeId, ca, ioa = 0 } = answer;
    if (!isFileTransfer(typeId)) return undefined;
    const receiver = this.files.fromRtu(ca, ioa, typeId === TypeId.F_DR_TA_1, this.clock.now());
    if (receiver !== undefined && refusesFile(answer)) this.files.end(ca, ioa, receiver.session);
    return receiver;
  }

  expire(): void {
    const now = this.clock.now();
    this.selections.expire(now);
    this.files.expire(now);
  }

  /** The session is over. What it has selected stays selected at the RTU, and so protected here, until that is over, too. */
  forget(session: number): void {
    this.files.forget(session);
  }

  /** What is selected by those who may not execute it any more is nobody's: it stays protected until the RTU has forgotten it. */
  cancelSelections(mayKeep: (session: number, ca: number, ioa: number) => boolean): void {
    this.selections.cancel(mayKeep);
  }

  clear(): void {
    this.selections.clear();
    this.files.clear();
  }

  private selectionProblem(ca: number, ioa: number, session: number, selects: boolean): string | undefined {
    const now = this.clock.now();
    const holder = this.selections.holder(ca, ioa, now);
    if (holder !== undefined && holder !== session) {
      // The RTU still has it selected: an execute, by whomever, would carry out what was called off here.
      if (holder === NOBODY) return selects ? undefined : 'its selection was cancelled';
      if (this.isThere(holder)) return 'selected by another master';
      // Whether it may be selected anew the RTU knows. An execute would carry out what somebody else has selected.
      if (!selects) return 'selected by a master that has left';
    }
    const isFull = selects && holder !== session && !this.selections.hasRoom(session, now);
    return isFull ? 'too many objects selected' : undefined;
  }
}

function isSelecting({ typeId, select, cot }: Transaction): boolean {
  return isProcessCommand(typeId) && select && cot === Cause.ACT;
}

/** FRQ of F_FR_NA_1, behind NOF and LOF, and its bit BS1 (IEC 60870-5-101 clause 7.2.6.28). */
const FRQ_OCTET = 14;
const FRQ_NEGATIVE = 0x80;

/** The RTU does not give the file: others may ask for it. */
function refusesFile(answer: AsduView): boolean {
  const { typeId, cot, negative, octets, offset } = answer;
  const isNotReady = typeId === TypeId.F_FR_NA_1 && ((octets[offset + FRQ_OCTET] ?? 0) & FRQ_NEGATIVE) !== 0;
  return negative || cot >= Cause.UNKNOWN_TYPE || isNotReady;
}
