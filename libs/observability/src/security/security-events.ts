import type { Logger } from 'pino';
import type { LogFields } from '../log-fields.js';

/** As in RFC 5424, clause 6.2.1, without those that a process cannot tell of itself. */
export type SecuritySeverity = 'alert' | 'critical' | 'error' | 'warning' | 'notice' | 'informational';

export interface SecurityEventKind {
  /** Stable for ever: the id of IEC 62351-3 or 62351-14 where there is one, else `MM2SS:n.m`. */
  readonly id: string;
  readonly severity: SecuritySeverity;
  /** What it means, for the catalogue. */
  readonly meaning: string;
}

/**
 * Every security event that there is, by its name. docs/security-events.md is made from it. An id is never given to another
 * event, and an event never gets another id.
 */
export const SECURITY_EVENTS = {
  session_started: { id: 'MM2SS:1.1', severity: 'informational', meaning: 'A master was admitted.' },
  session_refused: { id: 'MM2SS:1.2', severity: 'warning', meaning: 'A connection of a master was refused.' },
  tls_established: {
    id: 'MM2SS:2.1',
    severity: 'informational',
    meaning: 'A TLS session was set up with a peer that may connect.',
  },
  tls_refused: {
    id: 'MM2SS:2.2',
    severity: 'warning',
    meaning: 'A peer did not get a TLS session; `reason` says why.',
  },
  tls_revoked: {
    id: 'MM2SS:2.3',
    severity: 'alert',
    meaning: 'A running TLS session was ended: a certificate of its chain was revoked.',
  },
  tls_ended: {
    id: 'MM2SS:2.4',
    severity: 'warning',
    meaning: 'A running TLS session was ended: its peer may not connect any more, or broke TLS.',
  },
  tls_expired: {
    id: 'MM2SS:2.5',
    severity: 'warning',
    meaning: 'A running TLS session goes on whose certificate or CRL would not be accepted any more.',
  },
  tls_warning: {
    id: 'MM2SS:2.6',
    severity: 'notice',
    meaning: 'A peer was accepted, but something is not as it should be.',
  },
  tls_renegotiated: { id: 'MM2SS:2.7', severity: 'informational', meaning: 'A peer has renegotiated its TLS session.' },
  tls_max_age: {
    id: 'MM2SS:2.8',
    severity: 'notice',
    meaning: 'A TLS session was ended as it had reached its largest age.',
  },
  tls_unusable: {
    id: 'MM2SS:2.9',
    severity: 'error',
    meaning: 'A group needs TLS and there is nothing to do it with: it is not served that way.',
  },
  tls_keylog: { id: 'MM2SS:2.10', severity: 'alert', meaning: 'The keys of all TLS sessions are written to a file.' },
  tls_files_taken: {
    id: 'MM2SS:2.20',
    severity: 'notice',
    meaning: 'Certificates, key or CRLs from the files are in force.',
  },
  tls_files_refused: {
    id: 'MM2SS:2.21',
    severity: 'error',
    meaning: 'Changed certificates, key or CRLs are at fault: what was in force before stays.',
  },
  tls_files_warning: {
    id: 'MM2SS:2.22',
    severity: 'warning',
    meaning: 'Certificates or CRLs in force end soon or have ended, or something is missing beside them; told daily.',
  },
} as const satisfies Readonly<Record<string, SecurityEventKind>>;

export type SecurityEventName = keyof typeof SECURITY_EVENTS;

/** Who and why; a child logger has the group bound already. */
export interface SecurityFields extends Omit<LogFields, 'session'> {
  readonly session?: string | number;
  /** Who the peer is by its certificate or by `masters`. */
  readonly identity?: string;
  /** Clause of the standard that was broken. */
  readonly clause?: string;
  readonly [further: string]: unknown;
}

const LEVELS = {
  alert: 'error',
  critical: 'error',
  error: 'error',
  warning: 'warn',
  notice: 'info',
  informational: 'info',
} as const;

/**
 * Writes a security event: a log line with `event`, `event_id` and `severity`. It is bounded per peer like every other line
 * that a peer can cause.
 *
 * @param message for people, like that of any other log line
 */
export function securityEvent(logger: Logger, event: SecurityEventName, fields: SecurityFields, message: string): void {
  const { id, severity } = SECURITY_EVENTS[event];
  logger[LEVELS[severity]]({ ...fields, event, event_id: id, severity }, message);
}
