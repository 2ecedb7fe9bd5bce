import { CommandOutcome } from '@iec104mm2ss/wire';

/** What the queue needs to know of a command. */
export interface QueuedCommand {
  /** Of the router that gave it. */
  readonly fence: number;
  /** Monotonic ms of this process. */
  readonly deadline: number;
}

/** Commands that may wait for the RTU's window at one time. */
export const MAX_WAITING_COMMANDS = 1_000;

/**
 * A command with less time than this left is not begun: should this process be held up for that long before its octets leave,
 * the link would have to be reset, for all masters.
 */
export const LEAST_TIME_MS = 200;

/** Commands on their way to the RTU, first come first served, none after its deadline. */
export class CommandQueue<Command extends QueuedCommand> {
  /** The most that waited at one time. */
  highWater = 0;
  private waiting: Command[] = [];

  constructor(
    private readonly done: (command: Command, outcome: CommandOutcome) => void,
    private readonly leastTimeMs = LEAST_TIME_MS,
  ) {}

  get length(): number {
    return this.waiting.length;
  }

  /** Those that wait, in order. */
  get commands(): readonly Command[] {
    return this.waiting;
  }

  /** Earliest deadline of a waiting command, Infinity when none waits. */
  get nextDeadline(): number {
    return this.waiting.reduce((earliest, command) => Math.min(earliest, command.deadline), Infinity);
  }

  add(command: Command, now: number): void {
    if (command.deadline <= now) this.done(command, CommandOutcome.EXPIRED);
    else if (this.waiting.length >= MAX_WAITING_COMMANDS) this.done(command, CommandOutcome.QUEUE_FULL);
    else this.highWater = Math.max(this.highWater, this.waiting.push(command));
  }

  /** Hands over commands still well in time for as long as `send` takes them. */
  flush(now: number, send: (command: Command) => boolean): void {
    if (this.waiting.length === 0) return;
    this.giveUp(({ deadline }) => deadline <= now + this.leastTimeMs, CommandOutcome.EXPIRED);
    let sent = 0;
    while (sent < this.waiting.length && send(this.waiting[sent] as Command)) sent++;
    for (const command of this.waiting.splice(0, sent)) this.done(command, CommandOutcome.SENT);
  }

  expire(now: number): void {
    this.giveUp(({ deadline }) => deadline <= now, CommandOutcome.EXPIRED);
  }

  /** Gives up the commands of routers that have been replaced by the one with this fence. */
  withdrawBefore(fence: number): void {
    this.withdraw((command) => command.fence < fence);
  }

  withdraw(which: (command: Command) => boolean): void {
    this.giveUp(which, CommandOutcome.WITHDRAWN);
  }

  /** Gives up everything that waits, and what `done` makes others add meanwhile. */
  clear(outcome: CommandOutcome): void {
    while (this.waiting.length > 0) {
      for (const command of this.waiting.splice(0)) this.done(command, outcome);
    }
  }

  private giveUp(which: (command: Command) => boolean, outcome: CommandOutcome): void {
    const given = this.waiting.filter(which);
    if (given.length === 0) return;
    this.waiting = this.waiting.filter((command) => !which(command));
    for (const command of given) this.done(command, outcome);
  }
}
