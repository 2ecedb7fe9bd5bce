import type { Logger } from 'pino';
import type { LogFields } from '../log-fields.js';
import { ledgerOf } from './security-ledger.js';

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
 *
 * `n` of `MM2SS:n.m`: 1 sessions and links, 2 TLS, 3 rights, observe mode, clock commands, 4 rates and hostile peers, 5 the bus,
 * 6 configuration, process and its clock. `session_refused_X` is the event of the refusal with the reason `X`.
 */
export const SECURITY_EVENTS = {
  session_started: { id: 'MM2SS:1.1', severity: 'informational', meaning: 'A master was admitted.' },
  session_refused: {
    id: 'MM2SS:1.2',
    severity: 'warning',
    meaning: 'A connection of a master was refused, for a reason that has no event of its own.',
  },
  session_refused_filter: {
    id: 'MM2SS:1.3',
    severity: 'warning',
    meaning: 'A connection was refused: its address is not in the `filter` of the group.',
  },
  session_refused_max_connections: {
    id: 'MM2SS:1.4',
    severity: 'warning',
    meaning: 'A connection was refused: `max conn` masters are connected.',
  },
  session_refused_same_ip: {
    id: 'MM2SS:1.5',
    severity: 'warning',
    meaning: 'A connection was refused: its address has one already, and `same ip` is `old`.',
  },
  session_refused_rtu_address: {
    id: 'MM2SS:1.6',
    severity: 'warning',
    meaning: "A connection was refused: it came from the RTU's own address.",
  },
  session_refused_rtu_down: {
    id: 'MM2SS:1.7',
    severity: 'warning',
    meaning: 'A connection was refused: the RTU is not connected.',
  },
  session_refused_no_oa: {
    id: 'MM2SS:1.8',
    severity: 'warning',
    meaning: 'A connection was refused: every originator address is in use or resting.',
  },
  session_refused_router: {
    id: 'MM2SS:1.10',
    severity: 'warning',
    meaning: 'A connection was refused: no router answered.',
  },
  session_refused_not_saved: {
    id: 'MM2SS:1.11',
    severity: 'warning',
    meaning: 'A connection was refused: its session could not be saved.',
  },
  session_ended: {
    id: 'MM2SS:1.12',
    severity: 'informational',
    meaning: 'The session of a master ended; `reason` says why.',
  },
  session_taken_over: {
    id: 'MM2SS:1.13',
    severity: 'informational',
    meaning: 'A router took over a session that another one had admitted.',
  },
  session_not_taken_over: {
    id: 'MM2SS:1.14',
    severity: 'warning',
    meaning: 'A router closed a session that another one had admitted: it may not go on.',
  },
  session_revoked_by_configuration: {
    id: 'MM2SS:1.15',
    severity: 'warning',
    meaning: 'A session was closed: a new configuration does not let its address in.',
  },
  master_breach: {
    id: 'MM2SS:1.16',
    severity: 'warning',
    meaning: 'A master broke the protocol; `clause` of IEC 60870-5-104, `octets` as they came.',
  },
  rtu_breach: {
    id: 'MM2SS:1.17',
    severity: 'warning',
    meaning: 'The RTU broke the protocol; `clause` of IEC 60870-5-104, `octets` as they came.',
  },
  rtu_connected: { id: 'MM2SS:1.18', severity: 'informational', meaning: 'The RTU is connected.' },
  rtu_lost: { id: 'MM2SS:1.19', severity: 'notice', meaning: 'The link to the RTU ended; `reason` says why.' },
  clock_set: { id: 'MM2SS:6.20', severity: 'warning', meaning: 'The clock of this machine was set from NTP.' },
  clock_not_set: {
    id: 'MM2SS:6.21',
    severity: 'error',
    meaning: 'The clock of this machine could not be set, or was not: the offset is not believed.',
  },
  clock_unsynchronised: { id: 'MM2SS:6.22', severity: 'warning', meaning: 'No NTP server gave the time.' },
  bus_denied: {
    id: 'MM2SS:5.1',
    severity: 'error',
    meaning:
      'The NATS server did not let this process publish or subscribe: its credentials are not those of its part, or somebody uses them for more.',
  },
  bus_forged: {
    id: 'MM2SS:5.2',
    severity: 'alert',
    meaning: 'A message of the bus was about what belongs to another than its sender. It was dropped.',
  },
  bus_fence: {
    id: 'MM2SS:5.30',
    severity: 'warning',
    meaning:
      'Messages came from somebody who does not hold the lease: stale, or forged. They were dropped, `count` of them.',
  },
  bus_dropped: {
    id: 'MM2SS:5.31',
    severity: 'warning',
    meaning: 'Messages of the bus were dropped; `kind` of subject, `reason`, `count`.',
  },
  process_started: { id: 'MM2SS:6.1', severity: 'notice', meaning: 'A process runs; its sequence numbers begin.' },
  process_stopped: { id: 'MM2SS:6.2', severity: 'notice', meaning: 'A process ends because it was told to.' },
  configuration_taken: {
    id: 'MM2SS:6.3',
    severity: 'notice',
    meaning: 'A changed configuration file is put into force.',
  },
  configuration_refused: {
    id: 'MM2SS:6.4',
    severity: 'error',
    meaning: 'A changed configuration file was not taken: nothing changes.',
  },
  configuration_in_part: {
    id: 'MM2SS:6.5',
    severity: 'error',
    meaning: 'A changed configuration file is in force only in part.',
  },
  operator_verb: {
    id: 'MM2SS:6.6',
    severity: 'notice',
    meaning:
      'An operator intervened: `verb` (restart, next-host, disconnect; at the RTU simulator simulator-send ...), `by` whom.',
  },
  capture_started: {
    id: 'MM2SS:6.14',
    severity: 'warning',
    meaning: 'The traffic of a group is being captured here, without the TLS around it; `by` whom.',
  },
  configuration_edited: {
    id: 'MM2SS:6.13',
    severity: 'notice',
    meaning:
      'Somebody changed the row of a group at the console: `by` whom, `mode` (apply: until restart; save: in the file), `columns`.',
  },
  http_refused: {
    id: 'MM2SS:6.7',
    severity: 'warning',
    meaning:
      'An HTTP request was refused: it has no token or password, a wrong one, is for a name that is not ours, comes from a page of another site, or wants more than its role allows.',
  },
  events_left_out: {
    id: 'MM2SS:6.8',
    severity: 'warning',
    meaning:
      'Events that a peer caused again and again were counted and not written: `events` has the number of each id.',
  },
  syslog_lost: {
    id: 'MM2SS:6.9',
    severity: 'error',
    meaning: 'The syslog receiver cannot be reached, or is refused; events wait, `reason` says why.',
  },
  syslog_restored: {
    id: 'MM2SS:6.10',
    severity: 'notice',
    meaning: 'The syslog receiver is reached; `dropped` events were given up since it was lost.',
  },
  syslog_dropped: {
    id: 'MM2SS:6.11',
    severity: 'error',
    meaning: 'The syslog receiver was away or too slow for too long: events are given up, the oldest first.',
  },
  audit_dropped: {
    id: 'MM2SS:6.12',
    severity: 'error',
    meaning: 'Audit records of commands are lost: their journal cannot be written. `dropped`: so many by now.',
  },
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
    meaning: 'A group, or HTTP (`port`), needs TLS and there is nothing to do it with: it is not served that way.',
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
  readonly identity?: string | undefined;
  /** Clause of the standard that was broken. */
  readonly clause?: string | undefined;
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
 * Writes a security event: a log line with `event`, `event_id` and `severity`, to which the logger adds `event_seq` and
 * `instance`. It is bounded per peer like every other line that a peer can cause, and counted also when it is left out.
 *
 * @param message for people, like that of any other log line
 */
export function securityEvent(logger: Logger, event: SecurityEventName, fields: SecurityFields, message: string): void {
  const { id, severity } = SECURITY_EVENTS[event];
  const level = LEVELS[severity];
  const ledger = ledgerOf(logger);
  ledger?.count(event);
  // A SIEM gets every event, whatever the log level.
  const off = ledger?.always === true && !logger.isLevelEnabled(level);
  const writer = off ? logger.child({}, { level }) : logger;
  writer[level]({ ...fields, event, event_id: id, severity }, message);
}

/** Reasons for which there is another event. */
const REFUSALS: ReadonlyMap<string, SecurityEventName> = new Map([
  ['connects', 'connection_limit'],
  ['too_many_waiting', 'connection_limit'],
  ['proxy_header', 'proxy_header_refused'],
]);

/** The event of a refused connection of a master, by the reason for it. */
export function refusalEvent(reason: string): SecurityEventName {
  const name = `session_refused_${reason}`;
  const own = Object.hasOwn(SECURITY_EVENTS, name) ? (name as SecurityEventName) : 'session_refused';
  return REFUSALS.get(reason) ?? own;
}
