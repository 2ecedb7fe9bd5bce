import type { Socket } from 'node:net';
import { apduEnd, type LinkState } from '@iec104mm2ss/iec104';
import { type CloseReason, Connection, type ConnectionOptions, type DeadlineScheduler } from '@iec104mm2ss/transport';
import type { EventBuffer } from './event-buffer.js';

/** What an RtuConnection tells its RTU. */
export interface RtuConnectionOwner {
  onRequest(connection: RtuConnection, asdu: Uint8Array): void;
  onStarted(connection: RtuConnection): void;
  onStopped(connection: RtuConnection): void;
  /** The peer acknowledged more, or more was sent: events may be released. */
  onProgress(connection: RtuConnection): void;
  onClosed(connection: RtuConnection, reason: CloseReason): void;
}

/** Replies a connection may owe; requests beyond that are not answered. */
const MAX_REPLIES = 20_000;
/** Marks an I-format APDU that is no event among those in flight. */
const NOT_AN_EVENT = -1;

interface Reply {
  readonly asdu: Uint8Array;
  /** Number of the event that must have been sent before. */
  readonly after: number;
  readonly onSent: (() => void) | undefined;
}

/** One master's connection to a simulated RTU: its own replies, and its place in the RTU's events. */
export class RtuConnection {
  /** `address:port` of the master. */
  readonly peer: string;
  readonly connection: Connection;
  /** Number of the next event to send here. */
  cursor = 0;
  /** Every event before this number was acknowledged here (meaningful from the first start on). */
  acknowledgedEvents = 0;
  /** Requests that were not answered because too many replies were waiting. */
  droppedReplies = 0;
  /** True from ACT_CON to ACT_TERM of an interrogation. */
  interrogating = false;

  private replies: Reply[] = [];
  private repliesHead = 0;
  /** Event numbers (or NOT_AN_EVENT) of the I-format APDUs in flight, oldest first. */
  private inFlight: number[] = [];
  private seenAcknowledged = 0;

  constructor(
    readonly id: number,
    socket: Socket,
    options: ConnectionOptions,
    private readonly events: EventBuffer,
    private readonly owner: RtuConnectionOwner,
    private readonly scheduler: DeadlineScheduler,
  ) {
    this.peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    this.connection = new Connection(
      socket,
      options,
      {
        onApdus: (octets, start, end) => this.onApdus(octets, start, end),
        onRoom: () => this.onRoom(),
        onState: (to, from) => this.onState(to, from),
        onClosed: (reason) => {
          this.countAcknowledged();
          owner.onClosed(this, reason);
        },
      },
      scheduler,
    );
  }

  get started(): boolean {
    return this.connection.link.state === 'started';
  }

  /** Queues an ASDU for this master alone, behind those queued before and behind event `after - 1`. */
  reply(asdu: Uint8Array, after = 0, onSent?: () => void): void {
    if (this.replies.length - this.repliesHead >= MAX_REPLIES) {
      this.droppedReplies++;
      return;
    }
    this.replies.push({ asdu, after, onSent });
    this.pump();
  }

  /** Sends what the window allows: replies first, then events. */
  pump(): void {
    const { connection, events } = this;
    if (connection.closed || !this.started) return;
    const now = this.scheduler.now();
    let sent = false;
    while (connection.window > 0) {
      const reply = this.replies[this.repliesHead];
      if (reply !== undefined && reply.after <= this.cursor) {
        this.dropReply();
        connection.link.send(reply.asdu, now);
        this.inFlight.push(NOT_AN_EVENT);
        reply.onSent?.();
      } else if (this.cursor < events.next) {
        connection.link.send(events.at(this.cursor), now);
        this.inFlight.push(this.cursor++);
      } else break;
      sent = true;
    }
    if (!sent) return;
    connection.touched();
    this.owner.onProgress(this);
  }

  /** Ends the connection as a broken line would: without any farewell. */
  drop(reason: CloseReason): void {
    this.connection.close(reason);
    this.connection.socket.destroy();
  }

  private dropReply(): void {
    this.repliesHead++;
    if (this.repliesHead < this.replies.length && this.repliesHead < 1024) return;
    this.replies = this.replies.slice(this.repliesHead);
    this.repliesHead = 0;
  }

  private onApdus(octets: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && !this.connection.closed;) {
      const next = apduEnd(octets, at);
      this.owner.onRequest(this, octets.subarray(at + 6, next));
      at = next;
    }
  }

  private onRoom(): void {
    this.countAcknowledged();
    this.owner.onProgress(this);
    this.pump();
  }

  private countAcknowledged(): void {
    const { acknowledged } = this.connection.link;
    const count = acknowledged - this.seenAcknowledged;
    if (count === 0) return;
    for (let i = 0; i < count; i++) {
      const event = this.inFlight[i] as number;
      if (event !== NOT_AN_EVENT) this.acknowledgedEvents = event + 1;
    }
    this.inFlight.splice(0, count);
    this.seenAcknowledged = acknowledged;
  }

  private onState(to: LinkState, from: LinkState): void {
    if (to === 'started') {
      this.owner.onStarted(this);
    } else if (from === 'started') {
      // A reply that comes after the master stopped is no answer to anything.
      this.replies = [];
      this.repliesHead = 0;
      this.interrogating = false;
      this.owner.onStopped(this);
    }
  }
}
