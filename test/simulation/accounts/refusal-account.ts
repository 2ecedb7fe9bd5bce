import { AsduView, BROADCAST_CA, TypeId } from '@iec104mm2ss/iec104';
import type { CommandBook, GivenCommand } from './command-book.ts';
import type { FaultsLog } from './faults-log.ts';
import type { Violations } from './violations.ts';

/** For so long a fault, or a command before, may be why a command is refused. */
const FAULT_LAG_MS = 30_000;
const OBJECT_LAG_MS = 45_000;
const QUESTION_LAG_MS = 75_000;
const WINDOW_LAG_MS = 8_000;
/** A question that was answered so shortly before was in the way until then: an RTU may not say that it has ended. */
const STILL_OPEN_MS = 35_000;
/** t1, after which a master that acknowledges nothing is disconnected, and some time for that. */
const LOST_ON_THE_WAY_MS = 16_000;
/** Of the objects of an ASDU. */
const COUNT_MASK = 0x7f;

export interface RefusalWorld {
  readonly book: CommandBook;
  readonly violations: Violations;
  readonly faults: FaultsLog;
  /** Commands that may be on their way to an RTU at one time; 0: it may be unreachable by itself. */
  readonly windowOf: (group: string) => number;
  /** When the product has disconnected the master with this peer; Infinity: never. */
  readonly disconnectedAt: (peer: string) => number;
}

/** What the standard does not allow: several objects in a process command, or one to all stations. */
export function isForbidden(asdu: Uint8Array): boolean {
  const view = new AsduView(asdu);
  return isProcessCommand(view.typeId) && (view.ca === BROADCAST_CA || ((asdu[1] as number) & COUNT_MASK) !== 1);
}

export function isProcessCommand(typeId: number): boolean {
  return (typeId >= TypeId.C_SC_NA_1 && typeId <= TypeId.C_BO_NA_1) || (typeId >= 58 && typeId <= 64);
}

/** At the end of a story: what the product has refused itself it had a reason to refuse. */
export function checkRefusals(world: RefusalWorld): void {
  const { book, violations, faults, windowOf } = world;
  for (const command of book.all) {
    const { refusedAt, sentAt, isStray, group } = command;
    if (!command.isAllowed) checkTold(command, world);
    if (!command.isAllowed || book.wasObserved(command, false)) continue;
    if (refusedAt === undefined || isStray || isForbidden(command.asdu)) continue;
    if (faults.of(group).between(sentAt - FAULT_LAG_MS, refusedAt)) continue;
    const before = book.all.filter((other) => other !== command && other.group === group && other.sentAt <= refusedAt);
    if (before.some((other) => isInTheWay(other, command))) continue;
    if (windowOf(group) === 0 || isHeldUp(command, before, windowOf(group))) continue;
    violations.add('reason', `c${command.id} of ${command.master} was refused at ${refusedAt.toFixed(0)}`);
  }
}

/** Who has no right to a command is told so at once, unless something goes wrong. */
function checkTold(command: GivenCommand, { faults, violations, disconnectedAt }: RefusalWorld): void {
  const { id, master, peer, group, answers, readAt, isStray, sentAt } = command;
  // It did not come to the RTU, so an answer is a refusal, also one that looks like the RTU's to another master.
  if (answers.length > 0 || readAt === undefined || isStray) return;
  if (faults.of(group).between(sentAt - FAULT_LAG_MS, readAt + FAULT_LAG_MS)) return;
  // What was on its way to a master that acknowledges nothing is lost with the connection.
  if (disconnectedAt(peer) < readAt + LOST_ON_THE_WAY_MS) return;
  violations.add('rights', `c${id} of ${master}, who has no right to it, was not refused`);
}

/** So many others were given with it that the RTU's window may have been full until its deadline. */
function isHeldUp({ asdu, sentAt }: GivenCommand, before: readonly GivenCommand[], window: number): boolean {
  const isAction = isProcessCommand(asdu[0] as number);
  return isAction && before.filter((other) => other.sentAt >= sentAt - WINDOW_LAG_MS).length >= window;
}

/** `other` may have selected the object of `command`, or it had to be over first. */
function isInTheWay(other: GivenCommand, command: GivenCommand): boolean {
  const [a, b] = [new AsduView(other.asdu), new AsduView(command.asdu)];
  const isAction = isProcessCommand(b.typeId);
  if (other.sentAt < command.sentAt - (isAction ? OBJECT_LAG_MS : QUESTION_LAG_MS)) return false;
  if (isAction) return isProcessCommand(a.typeId) && a.ca === b.ca && a.ioa === b.ioa;
  const isSameStation = a.ca === b.ca || a.ca === BROADCAST_CA || b.ca === BROADCAST_CA;
  const isOpen = (other.answeredAt ?? Infinity) > (command.refusedAt ?? 0) - STILL_OPEN_MS;
  return a.typeId === b.typeId && isSameStation && other.sentAt <= command.sentAt && isOpen;
}
