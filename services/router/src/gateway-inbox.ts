import { type Ack, decodeStatement, InKind, type InMessage, type Statement, WireError } from '@iec104mm2ss/wire';
import type { GroupParts } from './group-parts.js';

/** Messages of gateways that wait until the group is open; what is dropped is stated again. */
export const MAX_INBOX = 10_000;

type Parts = Pick<
  GroupParts,
  'bus' | 'subjects' | 'table' | 'transfer' | 'commands' | 'reconciliation' | 'acknowledged'
>;

/** What the gateways of a group say: their messages wait until the group is open, and go to who knows what they mean. */
export class GatewayInbox {
  private waiting: InMessage[] = [];
  private opened = false;

  constructor(private readonly parts: Parts) {}

  /** A message on `.in`. */
  take(message: InMessage): void {
    if (this.opened) this.handle(message);
    else if (this.waiting.length < MAX_INBOX) this.waiting.push(message);
    else {
      const { bus, subjects } = this.parts;
      bus.drops.add(subjects.in, 'FULL', `${MAX_INBOX} messages wait for the group to be taken over`);
    }
  }

  /** A message on `.ack`. What comes before the group is open is stated again. */
  acknowledge(acks: readonly Ack[]): void {
    if (!this.opened) return;
    for (const { session: id, position, generation } of acks) {
      const session = this.parts.table.getEvenClosing(id);
      if (session !== undefined) this.parts.acknowledged(session, position, generation);
    }
  }

  /** What gateways have stated so far, while that waits. */
  stated(): Statement[] {
    return this.waiting.flatMap((message) => {
      if (message.kind !== InKind.STATEMENT) return [];
      const statement = decodeStatement(message.json);
      return statement instanceof WireError ? [] : [statement];
    });
  }

  open(): void {
    this.opened = true;
    const { waiting } = this;
    this.waiting = [];
    for (const message of waiting) this.handle(message);
  }

  private handle(message: InMessage): void {
    const { table, transfer, commands } = this.parts;
    if (message.kind === InKind.STATEMENT) {
      this.reconcile(message.json);
      return;
    }
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
        commands.onCommands(session, message);
        break;
      case InKind.CLOSED:
        table.end(session, message.code, message.message);
        break;
      case InKind.RESYNC:
        transfer.resync(session, message.number, message);
        break;
    }
  }

  private reconcile(json: Uint8Array): void {
    const statement = decodeStatement(json);
    if (!(statement instanceof WireError)) this.parts.reconciliation.reconcile(statement);
    else this.parts.bus.drops.add(this.parts.subjects.in, statement.code, statement.message);
  }
}
