import { checkCommand } from '@iec104mm2ss/iec104';
import {
  type Bus,
  FenceGuard,
  leaseKey,
  type GroupSubjects,
  receive,
  remembering,
  type Subscription,
} from '@iec104mm2ss/bus';
import {
  type CommandMessage,
  type CommandQuery,
  type Decoded,
  decodeCommand,
  decodeCommandQuery,
  decodeConfirmed,
  decodeOwner,
  STATEMENT_PERIOD_MS,
} from '@iec104mm2ss/wire';

/** A router that has served a group for less than this may not have heard yet of all masters that want data. */
export const SETTLING_MS = STATEMENT_PERIOD_MS;

/** So many commands are known again when they come a second time; their deadlines are seconds. */
const REMEMBERED_COMMANDS = 4_096;

export interface RouterOrdersHandler {
  /** Another router holds the lease on the group: it does not know us yet. */
  onNewRouter(): void;
  /** The group is in observe mode, or not: said at least every OWNER_PERIOD_MS by the router in force. */
  onObserve(on: boolean): void;
  /** Commands that are settled, by session and number. */
  onSettled(commands: readonly (readonly [session: number, command: number])[]): void;
  /** Data transfer is wanted, or no longer. */
  onWanted(wanted: boolean): void;
  /** Everything before this position of the log is acknowledged by a master, or is for nobody. */
  onConfirmed(position: number, generation: number): void;
  /** The octets of its ASDU belong to the message. */
  onCommand(command: CommandMessage): void;
  /** False: it cannot be answered at this moment; see `askAgain`. */
  onQuery(query: CommandQuery, respond: (answer: Uint8Array) => void): boolean;
}

interface Question {
  readonly query: CommandQuery;
  readonly respond: (answer: Uint8Array) => void;
}

/** What the router says that holds the lease on the group; nobody else is listened to. */
export class RouterOrders {
  private readonly guard: FenceGuard;
  private readonly subscriptions: Subscription[];
  /** The router in force that serves the group, and since when. */
  private serving = { fence: 0, since: 0 };
  /** Numbers of commands of the router in force, the oldest first. */
  private taken = { fence: 0, numbers: new Set<number>() };
  /** The newest question that could not be answered. */
  private unanswered: Question | undefined;
  private stopped = false;

  constructor(
    private readonly bus: Bus,
    private readonly subjects: GroupSubjects,
    private readonly handler: RouterOrdersHandler,
    now: () => number,
  ) {
    const { group, owner, confirmed, command, commandQuery } = subjects;
    this.guard = new FenceGuard(bus, leaseKey('router', group), () => {
      if (!this.stopped) handler.onNewRouter();
    });
    this.subscriptions = [
      this.obey(owner, remembering(decodeOwner), ({ fence, open, wanted, settled, observe = false }) => {
        handler.onObserve(observe);
        if (settled !== undefined) handler.onSettled(settled);
        if (open && this.serving.fence !== fence) this.serving = { fence, since: now() };
        // One that takes over does not know yet what masters want: it says so again.
        if (wanted || (open && now() - this.serving.since >= SETTLING_MS)) handler.onWanted(wanted);
      }),
      this.obey(confirmed, decodeConfirmed, ({ position, generation }) => handler.onConfirmed(position, generation)),
      this.obey(command, decodeCommand, (message) => {
        if (this.mayTake(message, command)) handler.onCommand(message);
      }),
      this.obey(commandQuery, decodeCommandQuery, (query, respond) => this.ask({ query, respond })),
    ];
  }

  /** What could not be answered may be answered now: a router that takes over waits for it. */
  askAgain(): void {
    const { unanswered } = this;
    if (unanswered === undefined) return;
    this.unanswered = undefined;
    this.guard.run(this.subjects.commandQuery, unanswered.query.fence, () => {
      if (!this.stopped) this.ask(unanswered);
    });
  }

  stop(): void {
    this.stopped = true;
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private ask(question: Question): void {
    this.unanswered = this.handler.onQuery(question.query, question.respond) ? undefined : question;
  }

  /** What the RTU must not see: a command that was taken before, and an ASDU that no router passes. */
  private mayTake({ asdu, fence, number }: CommandMessage, subject: string): boolean {
    const { drops } = this.bus;
    if (fence !== this.taken.fence) this.taken = { fence, numbers: new Set() };
    // Not in their order: a router hands them over as their turn comes.
    const { numbers } = this.taken;
    if (numbers.has(number)) {
      drops.add(subject, 'REPEATED', `command ${number} was taken before`);
      return false;
    }
    const check = checkCommand(asdu);
    if (!check.ok) {
      drops.add(subject, 'ASDU', check.reason);
      return false;
    }
    numbers.add(number);
    if (numbers.size > REMEMBERED_COMMANDS) numbers.delete(numbers.values().next().value as number);
    return true;
  }

  private obey<T extends { readonly fence: number }>(
    subject: string,
    decode: (data: Uint8Array) => Decoded<T>,
    handle: (message: T, respond: (answer: Uint8Array) => void) => void,
  ): Subscription {
    return receive(this.bus, subject, decode, (value, message) =>
      this.guard.run(subject, value.fence, () => {
        // It may have waited for the lease to be read.
        if (!this.stopped) handle(value, (answer) => message.respond(answer));
      }),
    );
  }
}
