import { ASDU_CAUSE_OFFSET, Cause, sameRequest } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import type { CommandLanes } from './command-lanes.js';
import type { CommandMatching } from './command-matching.js';
import type { CommandMemory } from './command-memory.js';
import { isOverAt } from './command-progress.js';
import type { Transaction } from './command-transaction.js';
import { isInterrogation, isProcessCommand } from './rules.js';
import { SELECT_TIMEOUT_MS } from './selections.js';

/** Whose turn it is: which commands may be under way together, which has to wait for which, and which share a run. */
export class CommandTurns {
  constructor(
    private readonly lanes: CommandLanes,
    private readonly memory: CommandMemory,
    private readonly matching: CommandMatching,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Whether `next` may go while `other` is under way: beside it, or because that has had its time. */
  mayJoin(next: Transaction, other: Transaction): boolean {
    if (this.isBeside(next, other)) return true;
    const isOwn = [...other.askers, ...next.askers].every(({ session }) => session === next.owner);
    return this.clock.now() >= (isOwn ? Math.min(other.yieldsToOwnAt, other.yieldsAt) : other.yieldsAt);
  }

  /** Both may be under way: nobody's answers can be taken for another master's. */
  isBeside(next: Transaction, other: Transaction): boolean {
    // Its answers are of another link, or no more come from this station.
    if (other.lostUntil < Infinity || isOverAt(other, next.ca)) return true;
    // A station runs one interrogation at a time; a deactivation is for one that runs.
    if (isInterrogation(next.typeId)) {
      return next.cot === Cause.DEACT && other.participants.every(({ session }) => session === next.owner);
    }
    if (other.owner === next.owner) return true;
    if (other.releaseAt === Infinity || !this.matching.canBeToldApart(next, other)) return false;
    return this.matching.maySeemAlike(other) || other.releaseAt <= this.clock.now();
  }

  /** True for an execute of what the same master has selected. */
  isSelected(transaction: Transaction): boolean {
    const { typeId, ca, ioa, owner, select, cot } = transaction;
    if (select || cot !== Cause.ACT || !isProcessCommand(typeId)) return false;
    let last: Transaction | undefined;
    for (const other of [...this.lanes.active(typeId, ca, ioa), ...this.memory.overAt(typeId, ca, ioa)]) {
      if (other !== transaction && other.owner === owner && other.sentOrder > (last?.sentOrder ?? 0)) last = other;
    }
    return last?.select === true && this.clock.now() - last.sentAt < SELECT_TIMEOUT_MS;
  }

  /** The same interrogation of other masters, if one is waiting. One of its own would answer it once, not twice. */
  sameWaiting({ typeId, ca, ioa, asdu, connectorFence, owner }: Transaction): Transaction | undefined {
    return this.lanes
      .waiting(typeId, ca, ioa)
      .find(
        (other) =>
          other.ioa === ioa &&
          other.asdu[ASDU_CAUSE_OFFSET] === asdu[ASDU_CAUSE_OFFSET] &&
          other.connectorFence === connectorFence &&
          other.participants.every(({ session }) => session !== owner) &&
          sameRequest(other.asdu, asdu),
      );
  }
}
