import { createHash } from 'node:crypto';
import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import type { Clock, SecureSocket } from '@iec104mm2ss/runtime';
import type { PeerName, PeerRole, TlsMaterial, Verdict } from '../types.js';
import { type HandshakeFailure, type HandshakeProblem, handshakeFailure } from './handshake-failure.js';

/** Renegotiations that a peer may ask for within this time (IEC 62351-3 wants them possible). */
export const RENEGOTIATIONS = 3;
export const RENEGOTIATION_MS = 600_000;

/** What is wrong with the time of a certificate or CRL ends no running session: nobody is cut off for a late renewal. */
const NO_REASON_TO_CUT: ReadonlySet<HandshakeProblem> = new Set([
  'expired',
  'not_yet_valid',
  'crl_missing',
  'crl_expired',
]);

/** Codes of errors that TLS itself makes. */
const OF_TLS = /^ERR_(SSL|TLS|OSSL)_/;

export interface PeerTerms {
  /** What is in force now. May throw. */
  material(): TlsMaterial;
  /** What the peer's certificate must say now: one of these. */
  names(): readonly PeerName[];
  /** What the peer is. */
  readonly role: PeerRole;
  readonly logger: Logger;
  readonly clock: Clock;
  /** `address:port` of the peer, for the log. */
  readonly peer: string;
}

type Accepted = Extract<Verdict, { ok: true }>;

/**
 * A peer with whom a handshake was done and whose certificate was accepted. The same judgement is made again whenever
 * certificates, CRLs or names change, and after each renegotiation.
 */
export class SecurePeer {
  readonly version: string;
  readonly cipher: string;
  /** Called when the peer may not stay: by who owns the connection, to end it. */
  onRefused: (failure: HandshakeFailure) => void = () => this.socket.resetAndDestroy();
  private readonly renegotiations: number[] = [];
  private alarmed = false;

  private constructor(
    readonly socket: SecureSocket,
    private accepted: Accepted,
    private readonly terms: PeerTerms,
  ) {
    this.version = socket.version;
    this.cipher = socket.cipher;
    socket.onSecure(() => this.onRenegotiated());
    socket.onTrouble((error) => {
      // What happens to any socket is for its owner.
      if (OF_TLS.test(error.code ?? '')) this.refuse(handshakeFailure(error));
    });
  }

  /** Decides about a peer at the end of its first handshake. A refused one is closed. */
  static judge(socket: SecureSocket, terms: PeerTerms): SecurePeer | HandshakeFailure {
    const verdict = judge(socket, terms);
    if (!verdict.ok) {
      socket.destroy();
      return verdict;
    }
    for (const warning of verdict.warnings) {
      const { logger, peer } = terms;
      const { identity } = verdict;
      securityEvent(logger, 'tls_warning', { peer, identity, reason: warning }, `accepted, but: ${warning}`);
    }
    return new SecurePeer(socket, verdict, terms);
  }

  /** The name that it was let in by: `cn:scada-a`. */
  get identity(): string {
    return this.accepted.identity;
  }

  /** All that its certificate says, each as `kind:value`. */
  get identities(): readonly string[] {
    return this.accepted.identities;
  }

  /** When its certificate, or one above it, ends: ms since 1970-01-01 UTC. */
  get notAfter(): number {
    return this.accepted.notAfter;
  }

  /** When it is worth while to judge again though nothing has changed: its certificate ends. */
  get alarmAt(): number {
    return this.alarmed ? Infinity : this.notAfter;
  }

  /** Judges it by what is in force now. One that may not stay is told to `onRefused`; one whose time is over is only reported. */
  judgeAgain(): void {
    if (this.socket.destroyed) return;
    const verdict = judge(this.socket, this.terms);
    if (verdict.ok) this.accepted = verdict;
    else if (!NO_REASON_TO_CUT.has(verdict.code)) this.refuse(verdict);
    else this.alarm(verdict);
  }

  private alarm({ code, reason }: HandshakeFailure): void {
    if (this.alarmed) return;
    this.alarmed = true;
    const { logger, peer } = this.terms;
    const fields = { peer, identity: this.identity, reason: code };
    securityEvent(logger, 'tls_expired', fields, `the session goes on, but would not begin any more: ${reason}`);
  }

  /** Its certificate was shown anew: it must be accepted, and be that of the same peer. */
  private onRenegotiated(): void {
    const { clock, logger, peer } = this.terms;
    const now = clock.now();
    while (this.renegotiations.length > 0 && now - (this.renegotiations[0] as number) > RENEGOTIATION_MS) {
      this.renegotiations.shift();
    }
    if (this.renegotiations.push(now) > RENEGOTIATIONS) {
      const reason = `more than ${RENEGOTIATIONS} renegotiations within ${RENEGOTIATION_MS / 60_000} min`;
      this.refuse({ code: 'renegotiation', reason });
      return;
    }
    const before = this.accepted;
    const verdict = judge(this.socket, this.terms);
    if (!verdict.ok) {
      // The certificate it began with, which has expired since, is no reason; another one that has is.
      if (NO_REASON_TO_CUT.has(verdict.code) && this.hasSameCertificate) this.alarm(verdict);
      else this.refuse(verdict);
    } else if (who(verdict) !== who(before)) {
      const reason = `the certificate is that of ${verdict.identity} by now, it was that of ${before.identity}`;
      this.refuse({ code: 'renegotiation', reason });
    } else {
      this.accepted = verdict;
      const fields = { peer, identity: verdict.identity, version: this.version, cipher: this.socket.cipher };
      securityEvent(logger, 'tls_renegotiated', fields, 'TLS renegotiated: the same peer');
    }
  }

  private get hasSameCertificate(): boolean {
    const [leaf] = this.socket.peerChain();
    if (leaf === undefined) return false;
    return this.identities.includes(`sha256:${createHash('sha256').update(leaf).digest('hex')}`);
  }

  private refuse(failure: HandshakeFailure): void {
    if (this.socket.destroyed) return;
    const { logger, peer } = this.terms;
    const fields = { peer, identity: this.identity, reason: failure.code };
    const event = failure.code === 'revoked' ? 'tls_revoked' : 'tls_ended';
    securityEvent(logger, event, fields, `TLS session ended: ${failure.reason}`);
    this.onRefused(failure);
  }
}

/** The one decision about a peer. Without a certificate there is nothing to decide. */
function judge(socket: SecureSocket, terms: PeerTerms): Accepted | ({ readonly ok: false } & HandshakeFailure) {
  if (socket.resumed) return { ok: false, code: 'resumed', reason: 'an earlier session was taken up' };
  const chain = socket.peerChain();
  if (chain.length === 0) return { ok: false, code: 'no_certificate', reason: 'the peer has shown no certificate' };
  try {
    return terms.material().judge(chain, terms.role, terms.names());
  } catch (error) {
    return { ok: false, code: 'unusable', reason: (error as Error).message };
  }
}

/** Who a certificate says its owner is, whichever of his certificates it is. */
function who({ identity, identities }: Accepted): string {
  return [identity, ...identities.filter((each) => !each.startsWith('sha256:')).sort()].join('\n');
}
