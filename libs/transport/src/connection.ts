import {
  apduEnd,
  ApduFramer,
  type BreachCode,
  Link,
  type LinkBreach,
  MAX_APDU_OCTETS,
  type LinkOptions,
  type LinkState,
  toHex,
} from '@iec104mm2ss/iec104';
import type { TcpSocket } from '@iec104mm2ss/runtime';
import { probesOf } from './link-figures.js';
import type { DeadlineScheduler, Look, Scheduled } from './deadline-scheduler.js';
import { type Excess, NO_PEER_LIMITS, PeerBounds, type PeerLimits } from './peer-bounds.js';
import type { Tap, TapAddress, TapEnds, TapRecord } from './tap.js';

/**
 * Keep-alive probes start after this much silence, so that NAT and firewalls keep the path open; after t3 when that is longer:
 * a link whose every octet is paid for is left as quiet as it was asked for.
 */
export const TCP_KEEP_ALIVE_MS = 30_000;
/** How long octets already written may take to leave after `close`. */
export const CLOSE_LINGER_MS = 2_000;
/**
 * Octets beyond a whole window k that may wait for a peer which does not read. Only a peer that makes us answer (TESTFR
 * act, I-format APDUs to acknowledge) and reads none of it can exceed this.
 */
export const SEND_QUEUE_OCTETS = 1024 * 1024;

/** How a connection ends that its owner does not end. */
export type ConnectionEnd = BreachCode | Excess['code'] | 'peer_closed' | 'socket_error' | 'idle' | 'send_queue';

/** Why a connection ended. `code` is a stable word for metrics and logs, `message` is for a person. */
export interface CloseReason<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
  /** Of a breach of the protocol: the clause of IEC 60870-5-104, and the first octets of what offended, hexadecimal. */
  readonly clause?: string;
  readonly octets?: string;
}

/** A breach of the protocol, for logs and for `close`. */
function breachOf({ code, message, clause, octets }: LinkBreach): CloseReason<BreachCode> {
  return {
    code,
    message,
    ...(clause === undefined ? {} : { clause }),
    ...(octets === undefined ? {} : { octets: toHex(octets) }),
  };
}

/** @template Own codes that the owner gives to `close` and `reset` */
export interface ConnectionHandler<Own extends string = string> {
  /**
   * `count` I-format APDUs arrived back to back in `octets[start..end)`. The octets stay valid and unchanged after the
   * call: each socket read has memory of its own.
   */
  onApdus(octets: Uint8Array, start: number, end: number, count: number): void;
  /** The peer acknowledged more, or the socket took what it had refused: there may be room to send. */
  onRoom?(): void;
  onState?(to: LinkState, from: LinkState, reason: string): void;
  /** See the link's `hold-limit` event. */
  onHoldLimit?(upTo: number): void;
  /** The peer did something against the rules that the link lives with: told once for each kind. */
  onIrregular?(breach: CloseReason<BreachCode>): void;
  /** Called exactly once, after which nothing else is called. */
  onClosed(reason: CloseReason<Own | ConnectionEnd>): void;
}

/**
 * What may be written now: `all`; `upkeep`, what keeps the link and asks for nothing (TESTFR, S format), unless something else
 * has to go before it; or `nothing`.
 */
export type Writable = 'all' | 'upkeep' | 'nothing';

/** A link whose figures are kept is probed, so that there are some. */
export interface ConnectionOptions extends Omit<LinkOptions, 'probes'> {
  /** Close when nothing was received for this long. Infinity: never. */
  readonly idleTimeMs?: number;
  /**
   * Not `all` while somebody else may be using the peer: the rest of what the link wants written waits. Call `touched()` when it
   * is `all` again. A connection closed meanwhile is reset, so that nothing leaves.
   */
  readonly mayWrite?: () => Writable;
  /** How much the peer may send that brings nothing. Default: no limit; the rest of an APDU must come within t1 all the same. */
  readonly limits?: PeerLimits;
  /** I-format APDUs handed on at a time, so that reading may be stopped between them. Default: all of a read. */
  readonly runLimit?: number;
  /** Where others may listen to it. */
  readonly tap?: Tap | undefined;
  /** The peer, for who listens. Default: as the socket has it. */
  readonly peer?: TapAddress;
}

/**
 * A link on a TCP or TLS socket: feeds what arrives to the framer and the link, writes what the link wants written once a
 * turn, and keeps its deadlines. The socket must be connected; it belongs to this object from then on.
 *
 * `CloseReason.code` is an `Iec104ErrorCode` when the peer broke a rule or was silent for t1, else `peer_closed`,
 * `socket_error`, `idle`, `send_queue`, a code of `Excess`, or what the owner gave to `close`.
 *
 * @template Own codes that the owner may give
 */
export class Connection<Own extends string = string> implements Scheduled {
  readonly link: Link;
  look: Look | undefined = undefined;
  /** Octets received and sent, and when the last ones came or reading was resumed (scheduler time). */
  receivedOctets = 0;
  sentOctets = 0;
  lastReceivedAt: number;
  /** When the peer last acknowledged I-format APDUs of ours, scheduler time; -Infinity: never. */
  lastAcknowledgedAt = -Infinity;

  private readonly framer = new ApduFramer();
  private readonly idleTimeMs: number;
  private readonly sendQueueOctets: number;
  private readonly mayWrite: () => Writable;
  private readonly runLimit: number;
  private readonly bounds: PeerBounds;
  private readonly tap: Tap | undefined;
  private readonly ends: TapEnds | undefined;
  private paused = false;
  /** Whole APDUs that were read and not looked at, as reading was stopped among them. */
  private unread: Uint8Array | undefined;
  private flushAsked = false;
  private blocked = false;
  private ended = false;
  private seenAcknowledged = 0;
  /** What the peer had acknowledged with its last S-format APDU. */
  private acknowledgedBefore = 0;
  private answeredBefore = 0;

  constructor(
    readonly socket: TcpSocket,
    options: ConnectionOptions,
    private readonly handler: ConnectionHandler<Own>,
    private readonly scheduler: DeadlineScheduler,
  ) {
    const now = scheduler.now();
    this.idleTimeMs = options.idleTimeMs ?? Infinity;
    this.link = new Link({ ...options, ...this.probesOf(options) }, now);
    this.mayWrite = options.mayWrite ?? all;
    this.sendQueueOctets = options.k * MAX_APDU_OCTETS + SEND_QUEUE_OCTETS;
    this.runLimit = options.runLimit ?? Infinity;
    this.bounds = new PeerBounds(options.limits ?? NO_PEER_LIMITS, options.t1Ms, now);
    this.lastReceivedAt = now;
    this.tap = options.tap;
    this.ends = this.tap && endsOf(socket, options);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, Math.max(TCP_KEEP_ALIVE_MS, options.t3Ms));
    socket.on('data', this.onData);
    socket.on('drain', this.onDrain);
    const onPeerClosed = (): void => this.close({ code: 'peer_closed', message: 'closed by the peer' });
    socket.on('end', onPeerClosed);
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.close({ code: 'socket_error', message: error.code ?? error.message }),
    );
    socket.on('close', onPeerClosed);
    scheduler.add(this);
    if (this.tap?.listening === true) this.tell({ kind: 'open' });
    // Gone while its owner made up his mind whether to take it: there will be no more events.
    if (socket.destroyed) scheduler.clock.endOfTurn(onPeerClosed);
  }

  private probesOf({ figures, t3Ms }: ConnectionOptions): Pick<LinkOptions, 'probes'> {
    if (figures === undefined) return {};
    const { localPort = 0, remotePort = 0 } = this.socket;
    return { probes: probesOf({ t3Ms, idleTimeMs: this.idleTimeMs, localPort, remotePort }) };
  }

  get closed(): boolean {
    return this.ended;
  }

  /** I-format APDUs that may be handed to the link now: none while the socket refuses more octets. */
  get window(): number {
    return this.blocked ? 0 : this.link.window;
  }

  /** Call after any use of `link` from outside: what it wants written goes out at the end of this turn. */
  touched(): void {
    if (this.flushAsked || this.ended) return;
    this.flushAsked = true;
    this.scheduler.flushSoon(this);
  }

  /** Ends the connection after what is owed was handed to the socket. */
  close(reason: CloseReason<Own | ConnectionEnd>): void {
    if (this.ended) return;
    if (this.mayWrite() !== 'all') {
      this.reset(reason);
      return;
    }
    // A destroyed socket takes nothing more. One that was half closed by the peer still does.
    if (this.socket.writable) this.write();
    this.leave();
    this.tellEnd(reason);
    this.socket.resume();
    // end() lets queued octets out; a peer that does not read them must not keep the socket for ever.
    this.socket.end();
    const { socket } = this;
    if (!socket.destroyed) {
      const { clock } = this.scheduler;
      const timer = clock.setTimer(() => socket.resetAndDestroy(), CLOSE_LINGER_MS);
      socket.once('close', () => clock.clearTimer(timer));
    }
    this.handler.onClosed(reason);
  }

  /** Ends the connection at once with RST: octets that have not left this machine never will. */
  reset(reason: CloseReason<Own | ConnectionEnd>): void {
    if (this.ended) return;
    this.leave();
    if (this.tap?.listening === true) this.tell({ kind: 'reset', reason: reason.message });
    this.socket.resetAndDestroy();
    this.handler.onClosed(reason);
  }

  private tellEnd({ code, message }: CloseReason): void {
    if (this.tap?.listening !== true) return;
    const kind = code === 'peer_closed' ? 'peer-closed' : code === 'socket_error' ? 'peer-reset' : 'closed';
    this.tell({ kind, reason: message });
  }

  private tell(what: Pick<TapRecord, 'kind' | 'octets' | 'aligned' | 'reason'>): void {
    const { ends, receivedOctets: received, sentOctets: sent } = this;
    if (ends !== undefined) this.tap?.tell({ ...what, ends, received, sent });
  }

  private leave(): void {
    this.ended = true;
    this.scheduler.remove(this);
    this.socket.removeListener('data', this.onData);
    this.socket.removeListener('drain', this.onDrain);
  }

  /**
   * Stops or resumes reading, so that TCP holds the peer back. The idle time does not run meanwhile. The link's timers do,
   * and acknowledgements, TESTFR con and the peer's end are not seen: for less than t1 only. Holding back N(R) is the
   * protocol's own way.
   */
  setReading(on: boolean): void {
    if (this.ended || on !== this.paused) return;
    this.paused = !on;
    if (!on) {
      this.socket.pause();
      return;
    }
    const now = this.scheduler.now();
    this.lastReceivedAt = now;
    this.bounds.readAgain(now);
    const { unread } = this;
    this.unread = undefined;
    if (unread !== undefined) this.take(unread, now);
    // Its owner may have stopped reading again.
    if (this.ended || this.isPaused) return;
    this.socket.resume();
    this.scheduler.deadlineMoved(this);
  }

  nextDeadline(): number {
    return this.ended ? Infinity : Math.min(this.link.nextDeadline(), this.idleAt(), this.halfFrameAt());
  }

  onDeadline(now: number): void {
    if (this.idleAt() <= now) {
      this.close({ code: 'idle', message: `nothing received for ${this.idleTimeMs / 1000} s` });
      return;
    }
    if (this.halfFrameAt() <= now) {
      this.close(this.bounds.halfFrame);
      return;
    }
    this.link.onTimeout(now);
    this.drainEvents();
    this.touched();
  }

  flush(): void {
    this.flushAsked = false;
    if (this.ended) return;
    this.write();
    if (this.blocked && this.socket.writableLength > this.sendQueueOctets) {
      this.close({ code: 'send_queue', message: `the peer left ${this.socket.writableLength} octets unread` });
      return;
    }
    this.drainEvents();
    this.scheduler.deadlineMoved(this);
  }

  private readonly onData = (chunk: Buffer): void => this.scheduler.turn(() => this.read(chunk));

  private read(chunk: Buffer): void {
    const now = this.scheduler.now();
    this.lastReceivedAt = now;
    const { framer } = this;
    if (this.tap?.listening === true) this.tell({ kind: 'in', octets: chunk, aligned: framer.pendingOctets === 0 });
    this.receivedOctets += chunk.length;
    const octets = framer.feed(chunk);
    const excess = this.bounds.read(octets.length > 0, framer.pendingOctets, now);
    if (excess !== undefined) this.close(excess);
    else this.take(octets, now);
  }

  /** Whole APDUs; those behind one at which the owner stops reading wait until he reads again. */
  private take(octets: Uint8Array, now: number): void {
    const link = this.link;
    let runStart = 0;
    let runCount = 0;
    let at = 0;
    while (at < octets.length) {
      const format = link.receive(octets, at, now);
      if (format === 'I') {
        if (runCount++ === 0) runStart = at;
      } else {
        if (runCount > 0) this.handler.onApdus(octets, runStart, at, runCount);
        runCount = 0;
        if (format !== 'S') this.drainEvents();
        if (this.ended || format === undefined) break;
        const excess = this.excessOf(format, now);
        if (excess !== undefined) this.close(excess);
        if (this.closed) break;
      }
      at = apduEnd(octets, at);
      if (runCount >= this.runLimit) {
        this.handler.onApdus(octets, runStart, at, runCount);
        runCount = 0;
      }
      if (this.isPaused && this.runLimit !== Infinity && at < octets.length) {
        this.unread = octets.subarray(at);
        break;
      }
    }
    if (this.ended) return;
    if (runCount > 0) {
      this.handler.onApdus(octets, runStart, at, runCount);
      // The handler may have closed the connection.
      if (this.closed) return;
    }
    if (this.framer.error !== undefined && this.unread === undefined) {
      this.close(breachOf(this.framer.error));
      return;
    }
    if (link.acknowledged !== this.seenAcknowledged) {
      this.seenAcknowledged = link.acknowledged;
      this.lastAcknowledgedAt = now;
      this.handler.onRoom?.();
    }
    this.touched();
  }

  /** What the peer does too much of with this APDU. */
  private excessOf(format: 'S' | 'U', now: number): Excess | undefined {
    const { acknowledged, answered } = this.link;
    if (format === 'U') {
      // What was asked for is not too much, however often it is asked.
      if (answered === this.answeredBefore) return this.bounds.uFrame(now);
      this.answeredBefore = answered;
      return undefined;
    }
    if (acknowledged > this.acknowledgedBefore) {
      this.acknowledgedBefore = acknowledged;
      return undefined;
    }
    return this.bounds.idleSFrame(now);
  }

  private readonly onDrain = (): void =>
    this.scheduler.turn(() => {
      this.blocked = false;
      this.handler.onRoom?.();
      this.touched();
    });

  private write(): void {
    const may = this.mayWrite();
    if (may === 'nothing') return;
    const octets = may === 'all' ? this.link.poll() : this.link.pollUpkeep();
    if (octets === undefined) return;
    if (this.tap?.listening === true) this.tell({ kind: 'out', octets });
    this.sentOctets += octets.length;
    // What has to wait in the socket is copied: a few octets of a view would keep all of its slab in memory.
    const { socket } = this;
    if (!socket.write(socket.writableLength > 0 ? Buffer.from(octets) : octets)) this.blocked = true;
  }

  /** In a getter, as it changes in what is called meanwhile. */
  private get isPaused(): boolean {
    return this.paused;
  }

  private halfFrameAt(): number {
    return this.paused ? Infinity : this.bounds.halfFrameAt;
  }

  private idleAt(): number {
    return this.paused ? Infinity : this.lastReceivedAt + this.idleTimeMs;
  }

  private drainEvents(): void {
    while (!this.ended) {
      const event = this.link.nextEvent();
      if (event === undefined) return;
      switch (event.type) {
        case 'state':
          if (event.to !== 'closed') this.handler.onState?.(event.to, event.from, event.reason);
          break;
        case 'hold-limit':
          this.handler.onHoldLimit?.(event.upTo);
          break;
        case 'failed':
          this.close(breachOf(event.error));
          return;
        case 'irregular':
          this.handler.onIrregular?.(breachOf(event.error));
          break;
      }
    }
  }
}

function endsOf(socket: TcpSocket, { role, peer }: Pick<ConnectionOptions, 'role' | 'peer'>): TapEnds {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
  return {
    local: { address: localAddress, port: localPort },
    remote: peer ?? { address: remoteAddress, port: remotePort },
    controlling: role === 'controlling',
  };
}

function all(): Writable {
  return 'all';
}
