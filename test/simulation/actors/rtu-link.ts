import { AsduView, forEachApdu, APCI_OCTETS } from '@iec104mm2ss/iec104';
import { Connection, type DeadlineScheduler } from '@iec104mm2ss/transport';
import type { LedgerEntry } from '../accounts/ledger.ts';
import type { SimSocket } from '../network/sim-socket.ts';
import type { RtuHabits } from './rtu-habits.ts';

/** Something the RTU has to send: with its entry in the ledger, or (M_EI) without. */
export interface Outgoing {
  readonly asdu: Uint8Array;
  readonly entry: LedgerEntry | undefined;
}

/** What the RTU makes of one connection. */
export interface RtuLinkUser {
  onStarted(link: RtuLink): void;
  onStopped(link: RtuLink): void;
  onAsdu(link: RtuLink, asdu: Uint8Array, writtenAt: number): void;
  /** An I-format APDU came although another connection has taken over. */
  onStray(link: RtuLink, writtenAt: number): void;
  onClosed(link: RtuLink, unacknowledged: Outgoing[], queued: Outgoing[]): void;
  now(): number;
  /** For the story. */
  note(what: () => string): void;
}

/** One connection of a simulated RTU. */
export class RtuLink {
  readonly connection: Connection;
  startedAt: number | undefined;
  private readonly queue: Outgoing[] = [];
  private inFlight: Outgoing[] = [];
  private acknowledged = 0;
  private handedOver = false;

  constructor(
    readonly id: number,
    private readonly socket: SimSocket,
    habits: RtuHabits,
    private readonly user: RtuLinkUser,
    private readonly scheduler: DeadlineScheduler,
  ) {
    this.connection = new Connection(
      socket,
      { role: 'controlled', ...habits.link },
      {
        onApdus: (octets, start, end) => {
          const { chunkWrittenAt } = this.socket;
          forEachApdu(octets, start, end, (at, next) => {
            this.user.onAsdu(this, new Uint8Array(octets.subarray(at + APCI_OCTETS, next)), chunkWrittenAt);
          });
        },
        onRoom: () => this.send(),
        onState: (to, from) => {
          if (to === 'started') {
            this.startedAt = this.user.now();
            this.user.onStarted(this);
          } else if (from === 'started') this.user.onStopped(this);
          this.send();
        },
        onClosed: ({ code }) => {
          this.noteAcknowledged();
          if (this.handedOver && code === 'LINK_NOT_STARTED') this.user.onStray(this, this.socket.chunkWrittenAt);
          this.user.onClosed(this, this.inFlight, this.queue);
        },
      },
      scheduler,
    );
    socket.resume();
  }

  get started(): boolean {
    return !this.connection.closed && this.connection.link.state === 'started';
  }

  get peer(): string {
    return this.socket.remoteAddress ?? '?';
  }

  put(outgoing: Outgoing): void {
    this.queue.push(outgoing);
    this.send();
  }

  /** Queued and in flight. */
  get waiting(): number {
    return this.queue.length + this.inFlight.length;
  }

  /** Another connection takes over: what this one has not sent, and what it has sent in vain. */
  handOver(): { readonly queued: Outgoing[]; readonly unacknowledged: Outgoing[] } {
    this.noteAcknowledged();
    this.handedOver = true;
    this.connection.link.deactivate('another connection was started');
    return { queued: this.queue.splice(0), unacknowledged: this.inFlight.splice(0) };
  }

  private send(): void {
    this.noteAcknowledged();
    while (this.queue.length > 0 && this.connection.window > 0) {
      const outgoing = this.queue[0] as Outgoing;
      if (!this.connection.link.send(outgoing.asdu, this.scheduler.now())) break;
      this.queue.shift();
      this.inFlight.push(outgoing);
      if (outgoing.entry !== undefined) {
        outgoing.entry.sends++;
        outgoing.entry.sentAt = this.user.now();
        const { index, sends } = outgoing.entry;
        this.user.note(() => `sends #${index}${sends > 1 ? ' again' : ''} on link ${this.id}`);
      }
      this.connection.touched();
    }
  }

  private noteAcknowledged(): void {
    const { acknowledged } = this.connection.link;
    if (acknowledged === this.acknowledged) return;
    const done = this.inFlight.splice(0, acknowledged - this.acknowledged);
    this.acknowledged = acknowledged;
    for (const { entry } of done) if (entry !== undefined) entry.acknowledgedAt ??= this.user.now();
    const last = done.findLast(({ entry }) => entry !== undefined)?.entry;
    if (last !== undefined) this.user.note(() => `has #${last.index} acknowledged on link ${this.id}`);
  }
}

export function isActivation(view: AsduView): boolean {
  return view.cot === 6 || view.cot === 8 || view.cot === 5;
}
