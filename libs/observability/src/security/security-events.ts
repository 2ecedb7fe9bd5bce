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
  peer_flood: {
    id: 'MM2SS:4.1',
    severity: 'warning',
    meaning: 'A peer sent too much of what brings nothing, or an APDU that it did not end: its connection was closed.',
  },
  connection_limit: {
    id: 'MM2SS:4.2',
    severity: 'warning',
    meaning: 'A connection was closed before it was looked at: too many came from its address, or too many wait.',
  },
  commands_delayed: {
    id: 'MM2SS:4.3',
    severity: 'notice',
    meaning: 'A master gives commands faster than `cmd rate`: they wait, and it is read more slowly.',
  },
  commands_late: {
    id: 'MM2SS:4.4',
    severity: 'warning',
    meaning: 'Commands beyond `cmd rate` had waited for too long: they were refused and not executed.',
  },
  session_displaced: {
    id: 'MM2SS:4.5',
    severity: 'notice',
    meaning: 'A connection without data transfer was closed for one that had no place.',
  },
  proxy_header_refused: {
    id: 'MM2SS:4.6',
    severity: 'warning',
    meaning: 'A load balancer sent no header of the PROXY protocol, or a wrong one; or somebody else sent one.',
  },
  command_not_allowed: {
    id: 'MM2SS:3.1',
    severity: 'warning',
    meaning: 'A command was refused: its master has no right to it.',
  },
  observe_on: { id: 'MM2SS:3.2', severity: 'warning', meaning: 'Observe mode began: only monitoring passes.' },
  observe_off: { id: 'MM2SS:3.3', severity: 'notice', meaning: 'Observe mode ended.' },
  command_in_observe_mode: {
    id: 'MM2SS:3.4',
    severity: 'notice',
    meaning: 'A command was refused: the group is in observe mode.',
  },
  clock_refused: {
    id: 'MM2SS:3.5',
    severity: 'warning',
    meaning: 'A clock synchronisation was refused: its master may not give it, or its time is wrong.',
  },
  rights_changed: {
    id: 'MM2SS:3.6',
    severity: 'notice',
    meaning: 'A connected master has other rights by a new configuration.',
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
