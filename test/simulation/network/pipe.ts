import type { QueuedEvent } from '../world/event-queue.ts';
import type { World } from '../world/world.ts';
import type { Endpoint } from './endpoint.ts';
import type { Path } from './paths.ts';

/** Octets a system keeps for a socket: on the sending side, and on the receiving side. */
const SEND_BUFFER_OCTETS = 32_768;
const RECEIVE_BUFFER_OCTETS = 32_768;
/** What did not pass is sent again after this long, then twice as long, and so on. */
const FIRST_RETRANSMISSION_MS = 200;
const LONGEST_RETRANSMISSION_MS = 4_000;

interface Segment {
  readonly octets: Buffer | 'FIN' | 'RST';
  readonly dueAt: number;
  readonly writtenAt: number;
}

/** One direction of a TCP connection, from the sender's system to the receiver's. */
export class Pipe {
  /** Octets that have arrived and were not read. */
  private received: { readonly octets: Buffer; readonly writtenAt: number }[] = [];
  private receivedOctets = 0;
  private underWay: Segment[] = [];
  private underWayOctets = 0;
  private readOctets = 0;
  private pushedOctets = 0;
  private lastDueAt = 0;
  private moving: QueuedEvent | undefined;
  /** What is under way was lost once, and will be sent again. */
  private retransmitting = false;
  private retransmissionMs = FIRST_RETRANSMISSION_MS;
  private watchers: { readonly offset: number; readonly heard: () => void }[] = [];
  /** The peer has said that nothing more comes. */
  finArrived = false;

  constructor(
    private readonly world: World,
    private readonly path: Path,
    private readonly from: Endpoint,
    private readonly to: Endpoint,
  ) {}

  get unread(): number {
    return this.receivedOctets;
  }

  /** All octets ever taken from the sender. */
  get total(): number {
    return this.pushedOctets;
  }

  /** Takes what fits and returns how much that was. */
  push(octets: Buffer): number {
    const room = SEND_BUFFER_OCTETS - this.underWayOctets;
    const taken = Math.max(0, Math.min(room, octets.length));
    if (taken === 0) return 0;
    this.pushedOctets += taken;
    this.underWayOctets += taken;
    for (const part of this.path.cut(octets.subarray(0, taken))) {
      this.add(part);
    }
    return taken;
  }

  finish(): void {
    this.add('FIN');
  }

  /** Throws away what has not arrived, and says so, once: a reset that gets lost is not repeated. */
  reset(): void {
    // What was lost, or has no room at the receiver, is still here; what is on its way arrives before the reset.
    const { passes } = this.path;
    if (!passes || this.retransmitting || this.receivedOctets >= RECEIVE_BUFFER_OCTETS) this.dropAll();
    if (passes) this.add('RST');
  }

  /** Its sender's machine is gone. */
  dropAll(): void {
    this.underWay = [];
    this.underWayOctets = 0;
    this.retransmitting = false;
    if (this.moving !== undefined) this.moving.cancelled = true;
    this.moving = undefined;
  }

  /** Up to `most` octets, as one chunk. `writtenAt`: when the oldest of them were written. */
  read(most: number): { readonly chunk: Buffer; readonly writtenAt: number } | undefined {
    const [first] = this.received;
    if (first === undefined) return undefined;
    const parts: Buffer[] = [];
    let length = 0;
    for (let next = this.received[0]; next !== undefined && length < most; next = this.received[0]) {
      const part = next.octets.subarray(0, most - length);
      parts.push(part);
      length += part.length;
      if (part.length === next.octets.length) this.received.shift();
      else this.received[0] = { ...next, octets: next.octets.subarray(part.length) };
    }
    this.receivedOctets -= length;
    this.readOctets += length;
    this.watchers = this.watchers.filter(({ offset, heard }) => {
      if (offset > this.readOctets) return true;
      heard();
      return false;
    });
    // The window opens.
    this.move();
    return { chunk: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), writtenAt: first.writtenAt };
  }

  /** Calls `heard` when the receiving process has read the first `offset` octets. */
  whenRead(offset: number, heard: () => void): void {
    if (offset <= this.readOctets) heard();
    else this.watchers.push({ offset, heard });
  }

  private add(octets: Segment['octets']): void {
    const dueAt = Math.max(this.lastDueAt, this.world.time + this.path.delay());
    this.lastDueAt = dueAt;
    this.underWay.push({ octets, dueAt, writtenAt: this.world.time });
    this.move();
  }

  private move(): void {
    const [head] = this.underWay;
    if (this.moving !== undefined || head === undefined) return;
    if (typeof head.octets !== 'string' && this.receivedOctets >= RECEIVE_BUFFER_OCTETS) return;
    this.moving = this.world.at(head.dueAt, () => this.arrive());
  }

  private arrive(): void {
    this.moving = undefined;
    const [head] = this.underWay;
    if (head === undefined) return;
    if (!this.path.passes) {
      this.retransmitting = true;
      this.moving = this.world.after(this.retransmissionMs, () => this.arrive());
      this.retransmissionMs = Math.min(2 * this.retransmissionMs, LONGEST_RETRANSMISSION_MS);
      return;
    }
    this.retransmissionMs = FIRST_RETRANSMISSION_MS;
    this.retransmitting = false;
    if (head.dueAt > this.world.time) {
      this.move();
      return;
    }
    this.underWay.shift();
    if (head.octets === 'RST') this.to.onReset();
    else if (head.octets === 'FIN') {
      this.finArrived = true;
      this.to.onReadable();
    } else {
      this.underWayOctets -= head.octets.length;
      if (this.to.closed) this.to.refuseData();
      else {
        this.received.push({ octets: head.octets, writtenAt: head.writtenAt });
        this.receivedOctets += head.octets.length;
        this.to.onReadable();
      }
      this.from.onRoom();
    }
    this.move();
  }
}
