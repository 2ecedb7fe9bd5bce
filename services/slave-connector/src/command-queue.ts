import { CommandOutcome } from '@iec104mm2ss/bus';

interface WaitingCommand {
  readonly number: number;
  /** ms since 1970-01-01 UTC. */
  readonly deadline: number;
  readonly asdu: Uint8Array;
}

/** Commands that may wait for the RTU's window at one time. */
export const MAX_WAITING_COMMANDS = 1_000;

/** Commands on their way to the RTU, first come first served, none after its deadline. */
export class CommandQueue {
  private waiting: WaitingCommand[] = [];

  constructor(private readonly done: (number: number, outcome: CommandOutcome) => void) {}

  get length(): number {
    return this.waiting.length;
  }

  /** Earliest deadline of a waiting command, Infinity when none waits. */
  get nextDeadline(): number {
    return this.waiting.reduce((earliest, command) => Math.min(earliest, command.deadline), Infinity);
  }

  add(command: WaitingCommand, now: number): void {
    if (command.deadline <= now) this.done(command.number, CommandOutcome.EXPIRED);
    else if (this.waiting.length >= MAX_WAITING_COMMANDS) this.done(command.number, CommandOutcome.QUEUE_FULL);
    else this.waiting.push(command);
  }

  /** Hands over commands still in time for as long as `send` takes them. */
  flush(now: number, send: (asdu: Uint8Array) => boolean): void {
    if (this.waiting.length === 0) return;
    this.expire(now);
    let sent = 0;
    while (sent < this.waiting.length && send((this.waiting[sent] as WaitingCommand).asdu)) sent++;
    for (const command of this.waiting.splice(0, sent)) this.done(command.number, CommandOutcome.SENT);
  }

  expire(now: number): void {
    if (!this.waiting.some((command) => command.deadline <= now)) return;
    const late = this.waiting.filter((command) => command.deadline <= now);
    this.waiting = this.waiting.filter((command) => command.deadline > now);
    for (const command of late) this.done(command.number, CommandOutcome.EXPIRED);
  }

  /** Gives up everything that waits, and what `done` makes others add meanwhile. */
  clear(outcome: CommandOutcome): void {
    while (this.waiting.length > 0) {
      for (const command of this.waiting.splice(0)) this.done(command.number, outcome);
    }
  }
}
