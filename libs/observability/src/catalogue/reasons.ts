/**
 * The values of the label `reason`. Each is there from the start, as 0, for each group. What counts a reason that is not in the
 * list of its metric does not compile. Logs have the same words, and say more.
 */

/** A connection ends by itself: the peer went, kept quiet, sent too much, or broke a rule of IEC 60870-5-104. */
const LINK_ENDS = [
  'peer_closed',
  'socket_error',
  'idle',
  'send_queue',
  'u_flood',
  's_flood',
  'octet_flood',
  'half_frame',
  'APCI_START',
  'APCI_LENGTH',
  'APCI_CONTROL',
  'LINK_T1_I',
  'LINK_T1_U',
  'LINK_SEQUENCE',
  'LINK_ACKNOWLEDGE',
  'LINK_NOT_STARTED',
  'LINK_ROLE',
] as const;

/** What is wrong with a peer's certificate, or with the handshake. Of groups with TLS only. */
const TLS_PROBLEMS = [
  'tls_no_certificate',
  'tls_unreadable',
  'tls_chain',
  'tls_not_yet_valid',
  'tls_expired',
  'tls_revoked',
  'tls_crl_missing',
  'tls_crl_expired',
  'tls_weak_key',
  'tls_weak_signature',
  'tls_wrong_use',
  'tls_wrong_name',
  'tls_handshake_timeout',
  'tls_not_tls',
  'tls_version',
  'tls_cipher',
  'tls_refused_by_peer',
  'tls_handshake_closed',
  'tls_resumed',
  'tls_renegotiation',
  'tls_unusable',
  'tls_protocol',
] as const;

/** The router does not let a master in, or does not let it go on by a changed file. */
export const MASTER_REFUSALS = [
  'rtu_down',
  'rtu_address',
  'filter',
  'rights',
  'same_ip',
  'max_connections',
  'per_source',
  'reserved',
  'no_oa',
] as const;
export type MasterRefusal = (typeof MASTER_REFUSALS)[number];

/** A connection does not become a session: by the router (`refused`: for a reason of a later release), or at the door. */
export const CONNECTION_REFUSALS = [
  ...MASTER_REFUSALS,
  'refused',
  'router',
  'given_up',
  'session_taken',
  'connects',
  'too_many_waiting',
  'proxy_header',
  'health_check',
  ...TLS_PROBLEMS,
] as const;
export type ConnectionRefusal = (typeof CONNECTION_REFUSALS)[number];

/** The connection of a master ends. `other`: for a reason of a router of a later release. */
export const MASTER_ENDS = [
  ...LINK_ENDS,
  ...MASTER_REFUSALS,
  'rtu_lost',
  'connector_silent',
  'router_silent',
  'share',
  'not_started',
  'oa_conflict',
  'events_lost',
  'queue_full',
  'command_flood',
  'operator',
  'stopped',
  'configuration',
  'other',
  'tls_max_age',
  ...TLS_PROBLEMS,
] as const;
export type MasterEnd = (typeof MASTER_ENDS)[number];

/** For a word of a router that may be of a later release. */
export const masterEndOf = (word: string): MasterEnd => MASTER_ENDS.find((known) => known === word) ?? 'other';

/** The connection to an RTU ends. */
export const RTU_ENDS = [
  ...LINK_ENDS,
  'restart',
  'next_host',
  'no_listener',
  'path_stuck',
  'command_late',
  'field_lengths',
  'stopped',
  'configuration',
  ...TLS_PROBLEMS,
] as const;
export type RtuEnd = (typeof RTU_ENDS)[number];

/** A link is closed as the RTU sent too much that brings nothing. */
export const FLOODS = ['u_flood', 's_flood', 'octet_flood', 'half_frame'] as const;
export type Flood = (typeof FLOODS)[number];

/** An ASDU of the RTU goes to nobody. */
export const NOT_FORWARDED = [
  'no_command',
  'several_masters',
  'passed_on_before',
  'master_left',
  'initialization',
  'dealt_with_before',
] as const;
export type NotForwardedReason = (typeof NOT_FORWARDED)[number];

/** How often what happened, by reason; one that is not there has not happened. */
export type ReasonCounts<Reason extends string> = Partial<Record<Reason, number>>;

export function countReason<Reason extends string>(by: ReasonCounts<Reason>, reason: NoInfer<Reason>): void {
  by[reason] = (by[reason] ?? 0) + 1;
}

/** True for what does not happen to a group without TLS. */
export const isOfTls = (reason: string): boolean => reason.startsWith('tls_');
