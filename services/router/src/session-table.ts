import { type Logger, type MasterEnd, securityEvent } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import { PROVISIONAL_MS, UNSTATED_MS } from '@iec104mm2ss/wire';
import type { OriginatorAddresses } from './originator-addresses.js';
import type { OutStream } from './out-stream.js';
import { identityOf, isResolving, newSession, type Session, type SessionIdentity } from './session.js';

/** Sessions that were closed from here and whose gateways have not said so yet. */
export const MAX_CLOSING = 1_024;
/** Ticks further apart than this: the process was held up, and what the gateways said meanwhile is still to come. */
const HELD_UP_MS = 1_000;

interface Closing {
  readonly session: Session;
  readonly code: MasterEnd;
  readonly message: string;
  /** When it was closed, or stated last. */
  at: number;
}

export interface SessionTableParts {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly out: OutStream;
  readonly addresses: OriginatorAddresses;
  readonly random: () => number;
  /** False while the gateways cannot be heard. */
  readonly connected: () => boolean;
  /**
   * A session is over: it has left the table. `mayReturn`: its gateway is only silent, and states it when it can be heard
   * again.
   */
  readonly over: (session: Session, mayReturn: boolean) => void;
  /** The table changed, or what is in it. */
  readonly changed: () => void;
}

/**
 * The sessions of one group: provisional ones, until their gateways state them, those that are stated, and those that were
 * closed from here and that their gateways may still have. Nothing stays in it without being stated.
 */
export class SessionTable {
  readonly sessions = new Map<number, Session>();
  private readonly closing = new Map<number, Closing>();
  /** Since when the gateways can be heard without a break. */
  private hearingSince: number;
  private tickedAt: number;

  constructor(private readonly parts: SessionTableParts) {
    this.hearingSince = parts.clock.now();
    this.tickedAt = this.hearingSince;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** Closed sessions that are not known to be gone. */
  get closingSize(): number {
    return this.closing.size;
  }

  all(): Session[] {
    return [...this.sessions.values()];
  }

  get(id: number): Session | undefined {
    return this.sessions.get(id);
  }

  /** Also one that was closed from here, until its gateway says that it is gone. */
  getEvenClosing(id: number): Session | undefined {
    return this.sessions.get(id) ?? this.closing.get(id)?.session;
  }

  byConnection(gateway: string, connection: number): Session | undefined {
    for (const session of this.sessions.values()) {
      if (session.connection === connection && session.gateway === gateway) return session;
    }
    return undefined;
  }

  /** A number that no session has. */
  newId(): number {
    for (;;) {
      const id = 1 + Math.floor(this.parts.random() * 0xffffffff);
      if (this.getEvenClosing(id) === undefined) return id;
    }
  }

  add(identity: SessionIdentity): Session {
    const session = newSession(identity, this.parts.clock.now());
    this.sessions.set(session.id, session);
    return session;
  }

  /** Its gateway has said something of it. */
  confirm(session: Session): void {
    session.statedAt = this.parts.clock.now();
    if (session.confirmed) return;
    session.confirmed = true;
    this.parts.changed();
  }

  // ---- the end ------------------------------------------------------------------------------------------------------

  /** Closes a session from here. Its gateway is told again for as long as it states it. */
  close(session: Session, code: MasterEnd, message: string): void {
    this.end(session, code, message);
    this.closing.set(session.id, { session, code, message, at: this.parts.clock.now() });
    if (this.closing.size > MAX_CLOSING) this.closing.delete(this.closing.keys().next().value as number);
    this.parts.out.close(session, code, message);
  }

  /** True when the session was closed from here: says so again. */
  closeAgain(id: number): boolean {
    const closing = this.closing.get(id);
    if (closing === undefined) return false;
    closing.at = this.parts.clock.now();
    this.parts.out.close(closing.session, closing.code, closing.message);
    return true;
  }

  /** The session is over. `used`: the RTU may still answer with its OA, as its gateway says. */
  end(session: Session, code: string, message: string, used = false): void {
    this.remove(session, code, message, used, false);
  }

  private remove(session: Session, code: string, message: string, used: boolean, mayReturn: boolean): void {
    if (!this.sessions.delete(session.id)) return;
    const { addresses, clock, logger, over, changed } = this.parts;
    over(session, mayReturn);
    addresses.release(session.oa, clock.now(), used || session.commands > 0 || session.usedBefore);
    const fields = { session: session.id, peer: session.peer, identity: identityOf(session), reason: code };
    securityEvent(logger, 'session_ended', fields, `master disconnected: ${message}`);
    changed();
  }

  /** Its gateway says that it is gone. */
  gone(id: number): void {
    this.closing.delete(id);
  }

  /** A gateway stated its sessions: those of it that it did not state are over. Provisional ones may still come. */
  statedBy(gateway: string, stated: ReadonlySet<number>): void {
    for (const session of this.all()) {
      if (session.gateway !== gateway || !session.confirmed || stated.has(session.id)) continue;
      this.end(session, 'gone', 'its gateway no longer has it');
    }
    for (const [id, { session }] of this.closing) {
      if (session.gateway === gateway && !stated.has(id)) this.closing.delete(id);
    }
  }

  /** A gateway died with its connections, or cannot be heard: then it states them when it is back. */
  gatewayGone(gateway: string): void {
    for (const [id, { session }] of this.closing) if (session.gateway === gateway) this.closing.delete(id);
    for (const session of this.all()) {
      if (session.gateway === gateway) {
        this.remove(session, 'gateway_gone', `gateway ${gateway} is gone`, false, true);
      }
    }
  }

  /** Ends what nobody has stated in time. Call a few times a second. */
  tick(now: number): void {
    if (now - this.tickedAt > HELD_UP_MS || !this.parts.connected()) this.hearingSince = now;
    this.tickedAt = now;
    const silentMs = (since: number): number => now - Math.max(since, this.hearingSince);
    for (const session of this.all()) {
      if (session.endsAt <= now) this.close(session, 'rtu_lost', 'the RTU link was lost');
      else if (!session.confirmed) {
        if (silentMs(session.admittedAt) > PROVISIONAL_MS)
          this.end(session, 'never_stated', 'its gateway never had it');
      } else if (silentMs(session.statedAt) > UNSTATED_MS) {
        this.remove(session, 'unstated', `its gateway has not stated it for ${UNSTATED_MS / 1000} s`, false, true);
      }
    }
    for (const [id, { at }] of this.closing) if (silentMs(at) > UNSTATED_MS) this.closing.delete(id);
  }

  // ---- counts -------------------------------------------------------------------------------------------------------

  /** Confirmed sessions by gateway: one that has others states its own. */
  byGateway(): Record<string, number> {
    const counts = new Map<string, number>();
    for (const { gateway, confirmed } of this.sessions.values()) {
      if (confirmed) counts.set(gateway, (counts.get(gateway) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  }

  /** Whether a session has data transfer started, or will have once the log was asked where its data begins. */
  anyStarted(): boolean {
    for (const session of this.sessions.values()) if (session.started || isResolving(session)) return true;
    return false;
  }
}
