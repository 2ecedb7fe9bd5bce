import { remembering } from '@iec104mm2ss/bus';
import {
  type Ack,
  decodeStatement,
  InKind,
  type InMessage,
  type PendingCommandStatement,
  type Statement,
  WireError,
} from '@iec104mm2ss/wire';
import type { GroupParts } from './group-parts.js';

/** Messages of gateways that wait until the group is open; what is dropped is stated again. */
export const MAX_INBOX = 10_000;
/** Gateways whose last statement is remembered: while nothing happens each says the same again and again. */
const REMEMBERED_GATEWAYS = 4;

type Parts = Pick<
  GroupParts,
  'bus' | 'clock' | 'subjects' | 'table' | 'transfer' | 'commands' | 'reconciliation' | 'acknowledged' | 'owners'
>;

/** A message, and the name on the bus of the gateway that sent it. */
interface Received {
  readonly message: InMessage;
  readonly by: string | undefined;
  /** When it came, monotonic. */
  readonly at: number;
}

/** What the gateways of a group say: their messages wait until the group is open, and go to who knows what they mean. */
export class GatewayInbox {
  private waiting: Received[] = [];
  private opened = false;
  private readonly decodeStatement = remembering(decodeStatement, REMEMBERED_GATEWAYS);

  constructor(private readonly parts: Parts) {}

  /** A message on `.in`. */
  take(message: InMessage, by: string | undefined): void {
    const received = { message, by, at: this.parts.clock.now() };
    if (this.opened) this.handle(received);
    else if (this.waiting.length < MAX_INBOX) this.waiting.push(received);
    else {
      const { bus, subjects } = this.parts;
      bus.drops.add(subjects.in, 'FULL', `${MAX_INBOX} messages wait for the group to be taken over`);
    }
  }

  /** A message on `.ack`. What comes before the group is open is stated again. */
  acknowledge(acks: readonly Ack[], by: string | undefined): void {
    if (!this.opened) return;
    for (const { session: id, position, generation } of acks) {
      const session = this.parts.table.getEvenClosing(id);
      if (session === undefined || !this.parts.owners.maySpeakFor(id, by, this.parts.subjects.ack)) continue;
      this.parts.acknowledged(session, position, generation);
    }
  }

  /** What gateways have stated so far, while that waits. */
  stated(): Statement[] {
    return this.waiting.flatMap(({ message, by, at }) => {
      if (message.kind !== InKind.STATEMENT) return [];
      const statement = this.decodeStatement(message.json);
      const own = statement instanceof WireError ? undefined : this.parts.owners.ownPart(statement, by);
      return own === undefined ? [] : [this.aged(own, at)];
    });
  }

  open(): void {
    this.opened = true;
    const { waiting } = this;
    this.waiting = [];
    for (const received of waiting) this.handle(received);
  }

  private handle({ message, by, at }: Received): void {
    const { table, transfer, commands, owners } = this.parts;
    if (message.kind === InKind.STATEMENT) {
      this.reconcile(message.json, by, at);
      return;
    }
    if (!owners.maySpeakFor(message.session, by)) return;
    if (message.kind === InKind.CLOSED) table.gone(message.session);
    const session = table.get(message.session);
    // One that is not known (yet) is stated by its gateway, with what it has said meanwhile.
    if (session === undefined) return;
    table.confirm(session);
    switch (message.kind) {
      case InKind.STARTED:
        transfer.started(session, message.number);
        break;
      case InKind.STOPPED:
        transfer.stopped(session);
        break;
      case InKind.COMMANDS:
        commands.onCommands(session, message, this.parts.clock.now() - at);
        break;
      case InKind.CLOSED:
        table.end(session, message.code, message.message);
        break;
      case InKind.RESYNC:
        transfer.resync(session, message.number, message);
        break;
    }
  }

  private reconcile(json: Uint8Array, by: string | undefined, at: number): void {
    const { bus, subjects, owners, reconciliation } = this.parts;
    const statement = this.decodeStatement(json);
    if (statement instanceof WireError) {
      bus.drops.add(subjects.in, statement.code, statement.message);
      return;
    }
    const own = owners.ownPart(statement, by);
    if (own !== undefined) reconciliation.reconcile(this.aged(own, at));
  }

  /** The statement with its ages as they are now: it may have waited since it came. */
  private aged(statement: Statement, at: number): Statement {
    const waitedMs = this.parts.clock.now() - at;
    if (waitedMs === 0) return statement;
    const older = (commands: readonly PendingCommandStatement[]): PendingCommandStatement[] =>
      commands.map((command) => ({ ...command, ageMs: command.ageMs + waitedMs }));
    const { sessions, closed } = statement;
    return {
      ...statement,
      sessions: sessions.map((each) => ({ ...each, commands: older(each.commands) })),
      closed: closed.map((each) => ({ ...each, agoMs: each.agoMs + waitedMs, commands: older(each.commands) })),
    };
  }
}
