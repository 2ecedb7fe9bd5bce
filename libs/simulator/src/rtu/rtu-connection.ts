import type { Socket } from 'node:net';
import { apduEnd, type LinkState } from '@iec104mm2ss/iec104';
import { type CloseReason, Connection, type ConnectionOptions, type DeadlineScheduler } from '@iec104mm2ss/transport';
import type { EventBuffer } from './event-buffer.js';
import type { EventReader } from './event-queue.js';
import type { RtuFaults } from './faults.js';

/** What an RtuConnection tells its RTU. */
export interface RtuConnectionOwner {
  onRequest(connection: RtuConnection, asdu: Uint8Array): void;
  onStarted(connection: RtuConnection): void;
  onStopped(connection: RtuConnection): void;
  /** The peer acknowledged more, or more was sent: events may be released. */
  onProgress(connection: RtuConnection): void;
  onClosed(connection: RtuConnection, reason: CloseReason): void;
  /** What is wrong with the RTU now. */
  readonly faults: RtuFaults;
}

const APCI_OCTETS = 6;
const ASDU_OA_OFFSET = 3;
/** N(S) has 15 bits; this is how far a wrong one is off. */
const SEQUENCE_MASK = 0x7fff;
const WRONG_BY = 5;

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
export class RtuConnection implements EventReader {
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
  /** OA of the request that came last. */
  private lastOa = 0;
  /** When the reply that was delayed last is due: those behind it are not sent before. */
  private delayedUntil = 0;
  private readonly delayed: Reply[] = [];
  private frozen = false;

  constructor(
    readonly id: number,
    socket: Socket,
    options: ConnectionOptions,
    private readonly events: EventBuffer,
    private readonly owner: RtuConnectionOwner,
    private readonly scheduler: DeadlineScheduler,
  ) {
    this.peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    const { faults } = owner;
    this.connection = new Connection(
      socket,
      { ...options, holdAcknowledgements: true, mayWrite: () => (this.frozen ? 'nothing' : 'all') },
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
    if (faults.halfOpen) this.setHalfOpen(true);
  }

  get started(): boolean {
    return this.connection.link.state === 'started';
  }

  /** Queues an ASDU for this master alone, behind those queued before and behind event `after - 1`. */
  reply(asdu: Uint8Array, after = 0, onSent?: () => void): void {
    const { delayMs } = this.owner.faults;
    const now = this.scheduler.now();
    if (delayMs === 0 && this.delayed.length === 0) {
      this.enqueue(asdu, after, onSent);
      return;
    }
    this.delayedUntil = Math.max(now + delayMs, this.delayedUntil);
    this.delayed.push({ asdu, after, onSent });
    // Whichever of the timers is the first, the oldest reply goes first.
    const release = (): void => {
      const next = this.delayed.shift();
      if (next !== undefined) this.enqueue(next.asdu, next.after, next.onSent);
    };
    this.scheduler.clock.setTimer(release, this.delayedUntil - now, true);
  }

  private enqueue(asdu: Uint8Array, after: number, onSent: (() => void) | undefined): void {
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
        connection.link.send(this.addressed(events.at(this.cursor)), now);
        this.inFlight.push(this.cursor++);
      } else break;
      sent = true;
    }
    if (!sent) return;
    connection.touched();
    this.owner.onProgress(this);
  }

  /** With the OA seen last, where that is the RTU's habit. */
  private addressed(asdu: Uint8Array): Uint8Array {
    if (this.owner.faults.oa !== 'last' || this.lastOa === 0) return asdu;
    const own = new Uint8Array(asdu);
    own[ASDU_OA_OFFSET] = this.lastOa;
    return own;
  }

  /** Everything received may be acknowledged from now on, as far as no fault is against it. */
  acknowledge(): void {
    const { connection, scheduler, owner } = this;
    if (connection.closed || owner.faults.stallAcknowledgement) return;
    connection.link.confirm(connection.link.received, scheduler.now());
    connection.touched();
  }

  /** Neither reads nor writes any more, and keeps no time; or does again. */
  setHalfOpen(on: boolean): void {
    const { connection, scheduler } = this;
    if (connection.closed || on === this.frozen) return;
    this.frozen = on;
    connection.setReading(!on);
    if (on) scheduler.remove(connection);
    else {
      scheduler.add(connection);
      connection.touched();
    }
  }

  /** Sends an I-format APDU whose N(S) is wrong, as a station that lost count: a correct peer closes the connection. */
  sendWrongSequence(asdu: Uint8Array): void {
    const ns = (this.connection.link.sent + WRONG_BY) & SEQUENCE_MASK;
    const nr = this.connection.link.received & SEQUENCE_MASK;
    const apci = [0x68, asdu.length + APCI_OCTETS - 2, (ns << 1) & 0xff, ns >> 7, (nr << 1) & 0xff, nr >> 7];
    this.connection.socket.write(Buffer.concat([Buffer.from(apci), asdu]));
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
    this.acknowledge();
    for (let at = start; at < end && !this.connection.closed;) {
      const next = apduEnd(octets, at);
      const asdu = octets.subarray(at + APCI_OCTETS, next);
      this.lastOa = asdu[ASDU_OA_OFFSET] ?? 0;
      this.owner.onRequest(this, asdu);
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
      this.delayed.length = 0;
      this.interrogating = false;
      this.owner.onStopped(this);
    }
  }
}
