import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import type { Runtime } from '@iec104mm2ss/runtime';
import type { MasterSession } from './master-session.js';

/** How often it is looked at which sessions are too old, or have certificates that have ended. */
export const TLS_LOOK_MS = 5_000;
/** What is random of the largest age: sessions that began together do not end together. */
const AGE_JITTER = 0.1;
/** A session that always has something under way ends so long after its largest age nevertheless. */
export const LATEST_END_MS = 10 * 60_000;

export interface TlsWatchOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>;
  readonly logger: Logger;
  /** See TlsSettings. */
  readonly maxAgeMs: number;
  readonly onDeadlineMoved: () => void;
}

/** Watches the TLS sessions of one group that are running: their certificates, and how old they are. */
export class TlsWatch {
  /** When `look` has to be called next. */
  lookAt = Infinity;
  private readonly endsAt = new Map<MasterSession, number>();
  /** Counts the rounds of judging: one that a newer one has overtaken stops. */
  private round = 0;

  constructor(private readonly options: TlsWatchOptions) {}

  /** A TLS session has begun. */
  add(session: MasterSession): void {
    const { runtime, maxAgeMs, onDeadlineMoved } = this.options;
    const jitter = 1 - AGE_JITTER + 2 * AGE_JITTER * runtime.random();
    this.endsAt.set(session, this.now + maxAgeMs * jitter);
    this.lookAt = Math.min(this.lookAt, this.now + TLS_LOOK_MS);
    onDeadlineMoved();
  }

  remove(session: MasterSession): void {
    this.endsAt.delete(session);
  }

  /** Certificates, CRLs or names have changed: judges every session by what is in force now, one a turn. */
  judgeAll(): void {
    const round = ++this.round;
    const { clock } = this.options.runtime;
    const left = [...this.endsAt.keys()];
    const next = (): void => {
      const session = left.pop();
      if (session === undefined || round !== this.round) return;
      session.secure?.judgeAgain();
      clock.soon(next);
    };
    next();
  }

  look(now: number): void {
    this.lookAt = this.endsAt.size === 0 ? Infinity : now + TLS_LOOK_MS;
    const wallMs = this.options.runtime.clock.wallMs();
    for (const [session, endsAt] of this.endsAt) {
      if (session.secure !== undefined && session.secure.alarmAt <= wallMs) session.secure.judgeAgain();
      session.tooOld = endsAt <= now;
      session.overdue = endsAt + LATEST_END_MS <= now;
    }
  }

  /**
   * Ends those whose turn it is, as the router says: it knows the master's other connections, here and elsewhere. What has begun
   * something meanwhile stays, and says so.
   */
  end(turns: readonly number[], sessions: ReadonlyMap<number, MasterSession>): void {
    for (const id of turns) {
      const session = sessions.get(id);
      if (!session?.endsForAge) continue;
      const { secure, peer } = session;
      const fields = { peer, session: id, identity: secure?.identity ?? '', reason: 'max_age' };
      const message = 'TLS session ended: it had reached its largest age';
      securityEvent(this.options.logger, 'tls_max_age', fields, message);
      session.close('tls_max_age', 'the TLS session has reached its largest age: its certificate is to be shown anew');
    }
  }

  private get now(): number {
    return this.options.runtime.clock.now();
  }
}
