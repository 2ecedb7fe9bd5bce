import type { MetricEntries } from './description.js';

const counter = { type: 'counter', labels: [], exposedBy: ['process'] } as const;
const gauge = { type: 'gauge', labels: [], exposedBy: ['process'] } as const;

const NO_NTP = 'without an NTP server';
const UNANSWERED = 'without an NTP server, and until one has answered';
const UNASKED = 'without NATS, and while the endpoint (--nats-monitor) does not answer';
const NO_SYSLOG = 'without --syslog';
const NO_TLS = 'without TLS';
const NO_LINUX = 'on other systems than Linux';
const OF_WHAT = ' Of the network namespace of the process: on a machine or in a pod all processes have the same.';

/** What a process needs and does not make itself: NATS, time, certificates, syslog, the network. */
export const SURROUNDINGS_METRICS = {
  mm2ss_bus_connected: {
    ...gauge,
    help: '1: the bus can be used; 0: the connection to NATS is lost. In one process: always 1.',
    unit: 'flag',
  },
  mm2ss_bus_disconnects_total: { ...counter, help: 'How often the connection to NATS was lost.', unit: 'occurrences' },
  mm2ss_bus_dropped_total: {
    ...counter,
    help: 'Messages of the bus that were not understood, were not in force or broke their handler, by kind of subject.',
    unit: 'messages',
    labels: ['kind', 'reason'],
    absent: 'until one was dropped',
  },
  mm2ss_bus_denied_total: {
    ...counter,
    help: 'What the NATS server did not permit this process.',
    unit: 'occurrences',
    labels: ['operation'],
  },
  mm2ss_bus_sync_always: {
    ...gauge,
    help: 'Whether the server writes to disk before it confirms (1) or may not have (0).',
    unit: 'flag',
    absent: 'in one process, and when the server cannot be asked',
  },
  mm2ss_storage_trouble: {
    ...gauge,
    help: '1 for each stream or bucket on the server that this process uses and could not read or write when it last tried.',
    unit: 'flag',
    labels: ['store'],
    absent: 'while all can be used',
  },
  mm2ss_nats_store_used_bytes: {
    ...gauge,
    help: 'What JetStream has stored on this NATS server, as its monitoring endpoint (server) says.',
    unit: 'bytes',
    labels: ['server'],
    exposedBy: ['router'],
    absent: UNASKED,
  },
  mm2ss_nats_store_limit_bytes: {
    ...gauge,
    help: 'How much JetStream may store there (max_file_store, else what nats-server takes of the disk).',
    unit: 'bytes',
    labels: ['server'],
    exposedBy: ['router'],
    absent: UNASKED,
  },
  mm2ss_ntp_offset_seconds: {
    ...gauge,
    help: 'NTP server time minus clock, last measured.',
    unit: 'seconds',
    absent: UNANSWERED,
  },
  mm2ss_ntp_delay_seconds: {
    ...gauge,
    help: 'Round trip to the NTP server, last measured.',
    unit: 'seconds',
    absent: UNANSWERED,
  },
  mm2ss_ntp_stratum: {
    ...gauge,
    help: 'Stratum of the NTP server that answered last.',
    unit: 'items',
    absent: UNANSWERED,
  },
  mm2ss_ntp_last_success_timestamp_seconds: {
    ...gauge,
    help: 'When an NTP server last answered, Unix time.',
    unit: 'timestamp',
    absent: UNANSWERED,
  },
  mm2ss_ntp_requests_total: {
    ...counter,
    help: 'NTP requests by outcome.',
    unit: 'messages',
    labels: ['server', 'result'],
    absent: NO_NTP,
  },
  mm2ss_ntp_clock_sets_total: {
    ...counter,
    help: 'Attempts to set the clock.',
    unit: 'occurrences',
    labels: ['result'],
    absent: NO_NTP,
  },
  mm2ss_tls_certificate_not_after_seconds: {
    ...gauge,
    help: 'When the first certificate of the file in force ends, seconds since 1970-01-01 UTC. group="all": for groups without files of their own.',
    unit: 'timestamp',
    labels: ['group', 'file'],
    absent: NO_TLS,
  },
  mm2ss_tls_crl_next_update_seconds: {
    ...gauge,
    help: 'When the first CRL in force expires, seconds since 1970-01-01 UTC.',
    unit: 'timestamp',
    labels: ['group'],
    absent: 'without TLS, and without a CRL',
  },
  mm2ss_tls_files_in_force: {
    ...gauge,
    help: '1: the files for TLS are in force as they are now; 0: they were refused.',
    unit: 'flag',
    labels: ['group'],
    absent: NO_TLS,
  },
  mm2ss_syslog_sent_total: {
    ...counter,
    help: 'Security events that the system took for the syslog receiver.',
    unit: 'events',
    absent: NO_SYSLOG,
  },
  mm2ss_syslog_dropped_total: {
    ...counter,
    help: 'Security events given up, as the syslog receiver was away or too slow for too long.',
    unit: 'events',
    absent: NO_SYSLOG,
  },
  mm2ss_syslog_connected: {
    ...gauge,
    help: '1: the syslog receiver is connected (udp: has an address).',
    unit: 'flag',
    absent: NO_SYSLOG,
  },
  mm2ss_syslog_waiting_events: {
    ...gauge,
    help: 'Security events that wait for the syslog receiver.',
    unit: 'events',
    absent: NO_SYSLOG,
  },
  mm2ss_tcp_segments_sent_total: {
    ...counter,
    help: `TCP segments sent, without those sent again.${OF_WHAT}`,
    unit: 'segments',
    absent: NO_LINUX,
  },
  mm2ss_tcp_segments_retransmitted_total: {
    ...counter,
    help: `TCP segments sent again.${OF_WHAT}`,
    unit: 'segments',
    absent: NO_LINUX,
  },
  mm2ss_tcp_timeouts_total: {
    ...counter,
    help: `Times that TCP waited for an acknowledgement in vain.${OF_WHAT}`,
    unit: 'occurrences',
    absent: NO_LINUX,
  },
  mm2ss_tcp_listen_overflows_total: {
    ...counter,
    help: `Connections that a listener had no room for: they were not accepted soon enough.${OF_WHAT}`,
    unit: 'connections',
    absent: NO_LINUX,
  },
} as const satisfies MetricEntries;
