import {
  answeredCommand,
  NO_POSITION,
  OutFlag,
  OutKind,
  type OutMessage,
  outText,
  settledCommands,
} from '@iec104mm2ss/wire';
import { APDU_CAUSE_OFFSET } from '@iec104mm2ss/iec104';
import { type MasterEnd, masterEndOf } from '@iec104mm2ss/observability';
import type { PendingCommands } from './pending-commands.js';
import { MISSED, type SessionPlace } from './session-place.js';
import { apduAfter, type SessionQueue } from './session-queue.js';

/** What the messages of the router do to a session, besides what is sent. */
export interface DeliveryTarget {
  /** The master is started and gets what the router says. */
  readonly receiving: boolean;
  /** OA that the session has towards the RTU, and the one that its master used last. */
  readonly originatorAddress: number;
  readonly ownOa: number;
  /** Something is missing: the router has to be asked for it. */
  missed(): void;
  /** Another connection of the same master took over. */
  standby(reason: string): void;
  close(code: MasterEnd, message: string): void;
}

/** Takes what the router publishes for one session: decides by its place what of that its master still has to get. */
export class SessionDelivery {
  constructor(
    private readonly target: DeliveryTarget,
    private readonly place: SessionPlace,
    private readonly queue: SessionQueue,
    private readonly pending: PendingCommands,
  ) {}

  /** A message for every live session. */
  onBroadcast(message: OutMessage): void {
    const { place } = this;
    switch (message.kind) {
      case OutKind.DATA:
        if (place.live) this.data(message, false);
        break;
      case OutKind.MARK:
        if (place.live) this.follow(place.mark(message.generation, message.from, message.first));
        break;
      case OutKind.BEGIN:
        if (message.count === 0) this.begin(message);
        break;
      case OutKind.JOIN:
      case OutKind.CLOSE:
      case OutKind.STANDBY:
      case OutKind.SETTLED:
        // These are for one session.
        break;
    }
  }

  /** A message for this session. */
  onOwn(message: OutMessage): void {
    const { place, target } = this;
    const { kind, generation, from, first } = message;
    switch (kind) {
      case OutKind.DATA:
        if (!target.receiving) break;
        if (first === NO_POSITION) this.routersOwn(message);
        else this.data(message, true);
        break;
      case OutKind.JOIN:
        if (target.receiving) this.follow(place.join(generation, from, first));
        break;
      case OutKind.MARK:
        if (target.receiving) this.follow(place.mark(generation, from, first));
        break;
      case OutKind.BEGIN:
        this.begin(message);
        break;
      case OutKind.SETTLED:
        // Who gets nothing any more waits for no answer either.
        this.pending.settle(settledCommands(message), target.receiving && (message.flags & OutFlag.ANSWERED) !== 0);
        break;
      case OutKind.STANDBY:
        target.standby(outText(message).message);
        break;
      case OutKind.CLOSE: {
        const { code, message: text } = outText(message);
        target.close(masterEndOf(code), text);
        break;
      }
    }
  }

  /** An answer of the router itself: it has no place among the events. */
  private routersOwn(message: OutMessage): void {
    const command = answeredCommand(message);
    const cause = message.octets[message.bodyAt + APDU_CAUSE_OFFSET] as number;
    const isNew = command === undefined || this.pending.answeredByRouter(command, cause);
    if (isNew) this.send(message, 0, command === undefined);
  }

  private begin({ count, generation, from }: OutMessage): void {
    if (this.target.receiving) this.follow(this.place.begin(count, generation, from));
  }

  /** @param own it may hold answers: those go to one session only */
  private data(message: OutMessage, own: boolean): void {
    const known = this.place.data(message.generation, message.from, message.first, message.count);
    if (known >= 0) this.send(message, known, own);
    else this.follow(known);
  }

  private send(message: OutMessage, known: number, own: boolean): void {
    if (own && this.pending.size > 0) this.pending.answered(message.octets, apduAfter(message, known));
    this.queue.addMessage(message, known, this.target.originatorAddress, this.target.ownOa);
  }

  private follow(outcome: number): void {
    if (outcome === MISSED) this.target.missed();
  }
}
