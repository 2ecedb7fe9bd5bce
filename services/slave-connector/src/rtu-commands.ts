import { commandClass, type Link } from '@iec104mm2ss/iec104';
import type { RtuEnd } from '@iec104mm2ss/observability';
import type { CloseReason } from '@iec104mm2ss/transport';
import {
  CommandOutcome,
  type CommandMessage,
  type CommandQuery,
  type CommandResult,
  type SentCommand,
  toBase64,
} from '@iec104mm2ss/wire';
import { CommandQueue } from './command-queue.js';
import type { ConnectorCounters } from './counters.js';
import { PathTest, type TestedPath } from './path-test.js';
import { type RememberedCommand, SentCommands } from './sent-commands.js';

/**
 * The router is told this late that the RTU was sent a command, as it only gives the RTU time to answer then: the message
 * must not be in the way of the command and its answer.
 */
export const SENT_REPORT_MS = 20;

/** How long an RTU that is left gets to answer the last command. */
const ANSWER_MS = 1_000;

/** A command of the router; its deadline is in the clock of this process. */
export type GivenCommand = Pick<
  CommandMessage,
  'fence' | 'number' | 'session' | 'command' | 'ownOa' | 'deadline' | 'asdu'
>;

/** What is used of the connection. */
export interface CommandPath extends TestedPath {
  readonly link: TestedPath['link'] & Pick<Link, 'send' | 'sent'>;
  readonly window: number;
  readonly sentOctets: number;
  reset(reason: CloseReason<RtuEnd>): void;
}

export interface RtuCommandsOptions {
  readonly now: () => number;
  readonly counters: ConnectorCounters;
  /** The connection, and which link of the group it is; undefined while there is none. */
  readonly link: () => { readonly connection: CommandPath; readonly epoch: number } | undefined;
  /** False while another connector may be using the RTU. */
  readonly mayUse: () => boolean;
  /** Ordinal of the next ASDU from the RTU. */
  readonly nextOrdinal: () => number;
  readonly report: (results: readonly CommandResult[]) => void;
  readonly onDeadlineMoved: () => void;
}

/** A command that the link has and the socket may not have yet. */
interface HandedCommand {
  readonly command: GivenCommand;
  /** Octets sent before it: when there are more, it is among them. */
  readonly sentOctets: number;
}

/**
 * Commands for the RTU: they wait for its window, go out in time or not at all, and what became of each is reported. It
 * is reported as sent once it has left the link, and as not sent only when it certainly never will be.
 */
export class RtuCommands {
  private readonly queue = new CommandQueue<GivenCommand>((command, outcome) => this.done(command, outcome));
  private readonly sent = new SentCommands();
  private pathTest: PathTest | undefined;
  private handed: HandedCommand[] = [];
  /** Sent, and not reported yet. */
  private unreported: CommandResult[] = [];
  private reportAt = Infinity;
  private isObserving = false;
  private isLeaving = false;
  /** Refusals that are being made together. */
  private refusals: CommandResult[] | undefined;
  /** The last query: commands of its router up to this number that have not come will not be sent. */
  private asked = { fence: 0, upTo: 0 };

  constructor(private readonly options: RtuCommandsOptions) {}

  /**
   * Observe mode, as the router in force has said last: nothing but `monitor` is sent. The router refuses such commands itself;
   * this is for one that was on its way, or waits here.
   */
  set observe(on: boolean) {
    if (on && !this.isObserving)
      this.together(() => this.queue.withdraw(({ asdu }) => commandClass(asdu) !== 'monitor'));
    this.isObserving = on;
  }

  /** Commands that wait for the RTU's window. */
  get waiting(): number {
    return this.queue.length;
  }

  /** The most of them at one time. */
  get highWater(): number {
    return this.queue.highWater;
  }

  /** A command of the router in force. */
  add(command: GivenCommand): void {
    const { fence, number } = command;
    const isLate = fence < this.asked.fence || (fence === this.asked.fence && number <= this.asked.upTo);
    if (isLate || this.isLeaving) this.done(command, CommandOutcome.WITHDRAWN);
    else if (this.isObserving && commandClass(command.asdu) !== 'monitor') this.done(command, CommandOutcome.WITHDRAWN);
    else if (this.options.link() === undefined) this.done(command, CommandOutcome.NOT_CONNECTED);
    else {
      this.queue.add(command, this.options.now());
      this.sendWaiting();
      if (this.queue.length > 0) this.options.onDeadlineMoved();
    }
  }

  /** A command whose deadline is in the clock of another connector: it cannot be said whether it is in time. */
  refuseForeign(command: GivenCommand): void {
    this.done(command, CommandOutcome.EXPIRED);
  }

  /**
   * What a router wants to know before it goes on. What waits under smaller fences is withdrawn; what was given before the
   * question and has not come will be refused.
   */
  answer({ fence, upTo }: CommandQuery): { readonly sent: readonly RememberedCommand[]; readonly queued: number[] } {
    this.together(() => this.queue.withdrawBefore(fence));
    if (fence > this.asked.fence) this.asked = { fence, upTo };
    else if (fence === this.asked.fence) this.asked.upTo = Math.max(this.asked.upTo, upTo);
    const queued = this.queue.commands.filter((command) => command.fence === fence);
    return { sent: this.sent.at(this.options.now()), queued: queued.map(({ number }) => number) };
  }

  /** Settled commands are known as such to whoever owns the group next. */
  settled(commands: readonly (readonly [session: number, command: number])[]): void {
    this.sent.settle(commands);
  }

  /** Sends what waits, as far as the RTU's window takes it. */
  sendWaiting(): void {
    if (this.queue.length === 0 || !this.options.mayUse()) return;
    const link = this.options.link();
    if (link === undefined) return;
    const { connection } = link;
    const now = this.options.now();
    this.queue.flush(now, (command) => {
      if (connection.window <= 0 || !connection.link.send(command.asdu, now)) return false;
      this.handed.push({ command, sentOctets: connection.sentOctets });
      this.sent.add({ command, sentAt: now, epoch: link.epoch, ordinal: this.options.nextOrdinal() });
      this.pathTest?.sent(connection.link.sent, command.deadline);
      return true;
    });
    connection.touched();
    this.options.onDeadlineMoved();
  }

  /** There is a connection. */
  linkUp(connection: CommandPath): void {
    this.pathTest = new PathTest(connection, (reason) => {
      this.options.counters.pathResets++;
      connection.reset(reason);
    });
  }

  /** The connection is gone: what has not left it never will. */
  linkDown(connection: CommandPath): void {
    this.pathTest = undefined;
    this.settleHanded(connection);
    this.together(() => {
      for (const { command } of this.handed.splice(0)) this.neverLeft(command, CommandOutcome.NOT_CONNECTED);
      this.reportSent();
      this.queue.clear(CommandOutcome.NOT_CONNECTED);
    });
  }

  /**
   * This connector gives the RTU to another one: nothing more is sent, and everybody is told.
   *
   * @returns until when the RTU may still answer what it was sent, monotonic ms
   */
  giveUp(): number {
    this.isLeaving = true;
    this.together(() => {
      this.reportSent();
      this.queue.clear(CommandOutcome.WITHDRAWN);
    });
    const last = this.sent.at(this.options.now()).at(-1);
    return last === undefined ? -Infinity : last.sentAt + ANSWER_MS;
  }

  /** True while a command that is late could leave with whatever is written: this process was held up. */
  get late(): boolean {
    if (this.handed.length === 0) return false;
    const connection = this.options.link()?.connection;
    if (connection !== undefined) this.settleHanded(connection);
    return this.handed.length > 0 && this.handedDeadline() <= this.options.now();
  }

  nextDeadline(): number {
    return Math.min(
      this.queue.nextDeadline,
      this.handedDeadline(),
      this.reportAt,
      this.pathTest?.nextDeadline() ?? Infinity,
    );
  }

  onDeadline(now: number): void {
    this.together(() => this.queue.expire(now));
    const connection = this.options.link()?.connection;
    if (connection !== undefined && this.late) {
      const expired = this.handed.splice(0);
      this.together(() => {
        for (const { command } of expired) this.neverLeft(command, CommandOutcome.EXPIRED);
      });
      connection.reset({ code: 'command_late', message: 'this process was held up with a command in its hands' });
    }
    if (this.reportAt <= now) {
      if (connection !== undefined) this.settleHanded(connection);
      this.reportSent();
    }
    this.pathTest?.onDeadline(now, this.options.mayUse());
  }

  private handedDeadline(): number {
    return this.handed.reduce((earliest, { command }) => Math.min(earliest, command.deadline), Infinity);
  }

  /** Those that the connection has written are sent. */
  private settleHanded({ sentOctets }: CommandPath): void {
    if (this.handed.length === 0) return;
    for (const { command, sentOctets: before } of this.handed) {
      if (sentOctets === before) continue;
      this.options.counters.commandsSent++;
      this.unreported.push({ fence: command.fence, number: command.number, outcome: CommandOutcome.SENT });
    }
    this.handed = this.handed.filter((handed) => handed.sentOctets === sentOctets);
  }

  private neverLeft(command: GivenCommand, outcome: CommandOutcome): void {
    this.sent.remove(command);
    this.done(command, outcome);
  }

  private done({ fence, number }: GivenCommand, outcome: CommandOutcome): void {
    if (outcome === CommandOutcome.SENT) {
      if (this.reportAt === Infinity) this.reportAt = this.options.now() + SENT_REPORT_MS;
      return;
    }
    const { counters, report } = this.options;
    counters.commandsRefused++;
    if (outcome === CommandOutcome.WITHDRAWN) counters.commandsWithdrawn++;
    const result = { fence, number, outcome };
    if (this.refusals === undefined) report([result]);
    else this.refusals.push(result);
  }

  private reportSent(): void {
    // What is still in the link's hands is looked at again.
    this.reportAt = this.handed.length > 0 ? this.options.now() + SENT_REPORT_MS : Infinity;
    if (this.unreported.length > 0) this.options.report(this.unreported.splice(0));
  }

  /** Reports the refusals that `refuse` makes in one message. */
  private together(refuse: () => void): void {
    if (this.refusals !== undefined) return refuse();
    const refusals: CommandResult[] = [];
    this.refusals = refusals;
    try {
      refuse();
    } finally {
      this.refusals = undefined;
    }
    if (refusals.length > 0) this.options.report(refusals);
  }
}

/** A remembered command as a report lists it. */
export function describeSent(
  { command, epoch, ordinal, sentAt, settled }: RememberedCommand,
  now: number,
  positionOf: (ordinal: number) => number,
): SentCommand {
  const { asdu, command: numberInSession, fence, number, ownOa, session } = command;
  return {
    ...{ fence, number, session, command: numberInSession, ownOa, epoch },
    asdu: toBase64(asdu),
    ageMs: now - sentAt,
    position: positionOf(ordinal),
    ...(settled === true && { settled }),
  };
}
