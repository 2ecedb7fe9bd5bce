/**
 * The JSON of `GET /status`, version 1. A web console stands on it, so: fields are added, never renamed or removed, and
 * a change of meaning needs a new `version`. Every field is always present unless marked optional; what is unknown is
 * null. Times are ISO 8601 in UTC, durations are seconds, counts are ASDUs unless said otherwise.
 */

export interface Status {
  readonly version: 1;
  /** Always `iec104mm2ss`. */
  readonly product: string;
  /** Release of the product, for example `0.1.0`. */
  readonly release: string;
  /** Start of this process. */
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  /** Which parts run in this process: `connector`, `router`, `gateway`. */
  readonly parts: readonly string[];
  readonly bus: BusStatus;
  readonly clock: ClockStatus;
  /** What `processes` and `groups` are about: this process alone, or all that are on the bus. */
  readonly scope: 'process' | 'system';
  /** Those that answered, this one first, and those that were heard within the last minutes and did not. */
  readonly processes: readonly ProcessStatus[];
  readonly configuration: ConfigurationStatus;
  /** In the order of the configuration file. */
  readonly groups: readonly GroupStatus[];
}

export interface ProcessStatus {
  /** Unique among all processes that ever ran. */
  readonly instance: string;
  readonly host: string;
  /** `connector`, `router`, `gateway`. */
  readonly parts: readonly string[];
  readonly release: string;
  readonly startedAt: string;
  /** The file it works with; null: none. */
  readonly configuration: {
    /** Equal where the octets of the file are. */
    readonly digest: string;
    readonly file: string;
    readonly loadedAt: string;
    /** Why the file, as it is now, is not in force; null: it is. */
    readonly refused: string | null;
  } | null;
  /** Ids of the groups that each of its parts serves now. */
  readonly serves: Readonly<Record<string, readonly string[]>>;
  /** Its time synchronisation; null: it does not say (an earlier release). */
  readonly ntp: NtpStatus | null;
  /** It did not answer; all of this is what was heard last. */
  readonly silent: boolean;
  readonly lastHeardAt: string;
}

export interface ConfigurationStatus {
  /** Of the processes that answered. */
  readonly digests: readonly string[];
  /** They do not all work with the same file. */
  readonly differ: boolean;
}

/** Who serves a group in one part. */
export interface ServedBy {
  readonly instance: string;
  /** It did not answer. */
  readonly silent: boolean;
  readonly lastHeardAt: string;
}

/** A gateway that serves a group. */
export interface GatewayStatus extends ServedBy {
  /** Whether it listens for masters of the group; null: it is silent, or does not say. */
  readonly open: boolean | null;
  /** `host:port` of its listeners; of a silent one as it was heard last. */
  readonly addresses: readonly string[];
}

export interface BusStatus {
  readonly kind: 'memory' | 'nats';
  readonly connected: boolean;
  /** The server in use; absent on the memory bus. */
  readonly server?: string;
  /** Why it is not connected, in words: no server answers, or one refuses this process. Absent while that is not known. */
  readonly outage?: string;
  /**
   * The server writes to disk before it confirms, so what was acknowledged to the RTU survives a power failure; null: it could
   * not be asked. Absent on the memory bus.
   */
  readonly syncsAlways?: boolean | null;
  /** What is known about that, in words; null before the server was asked. Absent on the memory bus. */
  readonly durability?: string | null;
}

export interface ClockStatus {
  /** This host's time when the answer was made. */
  readonly now: string;
  readonly ntp: NtpStatus;
}

/**
 * `off`: no server configured. `pending`: none has answered yet. `ok`: the last round was answered. `unreachable`: in
 * the last round no server gave a usable answer; offset and lastSuccessAt are then those of an earlier round.
 */
export type NtpState = 'off' | 'pending' | 'ok' | 'unreachable';

export interface NtpStatus {
  readonly state: NtpState;
  /** The server that answered last, as configured. */
  readonly server: string | null;
  readonly stratum: number | null;
  /** Server time minus this host's time, as measured (before the clock was set, if it was). */
  readonly offsetSeconds: number | null;
  /** Round trip to the server. */
  readonly delaySeconds: number | null;
  readonly lastSuccessAt: string | null;
  /** The clock was set, or found within the tolerance, in the last answered round. False without --set-clock. */
  readonly set: boolean;
  /** Why no server answered, or why the clock could not be set. */
  readonly error: string | null;
}

/** The RTU's link: `connected` is TCP up and STOPDT; `started` is data transfer. */
export type RtuState = 'disconnected' | 'connecting' | 'connected' | 'starting' | 'started' | 'stopping';

export interface RtuStatus {
  /** Null before anybody heard of it. */
  readonly state: RtuState | null;
  /** `host:port` in use or being tried. */
  readonly endpoint: string | null;
  /** When `state` was entered. */
  readonly since: string | null;
  /** Number of the current (or last) link to the RTU; a new connection is a new epoch. */
  readonly linkEpoch: number | null;
  /** Connections established since the process started. */
  readonly connects: number | null;
  readonly lastError: string | null;
  /** The TLS session with it; null: none, absent where that is not known. */
  readonly tls?: TlsStatus | null;
  /** How it answers commands, as learnt from it; absent where that is not known. */
  readonly habits?: RtuHabitsStatus;
}

/** What was learnt of how an RTU answers, since it was configured; what it contradicts is unlearnt. Types by name. */
export interface RtuHabitsStatus {
  /** `mirrors`: proven to write the OA of the command into its answers; `opaque`: found not to, at least at times. */
  readonly originatorAddress: 'unknown' | 'mirrors' | 'opaque';
  /**
   * Types that it ends with ACT_TERM, and those that it was found not to. A freeze of counters is
   * `C_CI_NA_1 freeze`, an execute after a select `C_SC_NA_1 selected`: some stations send ACT_TERM only then.
   */
  readonly terminates: readonly string[];
  readonly doesNotTerminate: readonly string[];
  /** Types that it ends with ACT_TERM and does not confirm. */
  readonly doesNotConfirm: readonly string[];
  /** Types whose answers do not repeat the qualifier, or the value, of the command. */
  readonly altersQualifier: readonly string[];
  readonly altersValue: readonly string[];
  /** How long it takes for its slowest answers; 0: less than three seconds. */
  readonly slowestAnswerMs: number;
}

export interface ListenerStatus {
  /** Null in a process that has no gateway. */
  readonly open: boolean | null;
  /** `host:port` of every open listener of the group, over all gateways. */
  readonly addresses: readonly string[];
}

/** The group's event log; positions are ASDU sequence numbers. */
export interface EventLogStatus {
  /** `buffsize`. */
  readonly capacity: number | null;
  /** Position of the oldest ASDU held. */
  readonly first: number | null;
  /** Position the next ASDU will get. */
  readonly next: number | null;
  /** Every position below this has been acknowledged by at least one master (or, with `ack` = stored, is stored). */
  readonly confirmed: number | null;
  /** ASDUs no master has acknowledged yet. */
  readonly unconfirmed: number | null;
  /** The log refuses ASDUs; the RTU gets no acknowledgement. */
  readonly full: boolean | null;
}

/** A TLS session, as it was agreed on. */
export interface TlsStatus {
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  /** The name of the peer's certificate that it was accepted by. */
  readonly identity: string;
  /** When that certificate, or one above it, ends. */
  readonly notAfter: string;
}

/** A master's link: `stopped` is connected and STOPDT; `started` is data transfer. */
export type MasterState = 'stopped' | 'started' | 'stopping' | 'closing';

export interface MasterStatus {
  readonly session: string;
  /** `address:port` of the master. */
  readonly peer: string | null;
  /** From the `masters` column; null when the source belongs to no named master. */
  readonly name: string | null;
  /** The name of the client certificate that let it in, `cn:scada-a`; null without TLS. */
  readonly certificateName: string | null;
  /** Null without TLS. */
  readonly tls: TlsStatus | null;
  /** The gateway that holds the connection. */
  readonly gateway: string | null;
  readonly state: MasterState | null;
  /** OA this session has towards the RTU, 1..255; null before it has one. */
  readonly originatorAddress: number | null;
  /** When the master connected. */
  readonly since: string | null;
  /** ASDUs waiting to be sent or acknowledged, and the bound at which the master is disconnected. */
  readonly queue: number | null;
  readonly queueLimit: number | null;
  readonly sent: number | null;
  readonly acknowledged: number | null;
  /** Commands received from this master. */
  readonly commands: number | null;
}

/** Over the last ten seconds; null in the first second, and in a process without the part that measures it. */
export interface GroupRates {
  readonly fromRtuPerSecond: number | null;
  readonly toMastersPerSecond: number | null;
  readonly commandsPerSecond: number | null;
}

/** Something that cannot be used. */
export interface TroubleStatus {
  /** Name of the stream on the server (`IEC104_LOG_7`, `KV_iec104_state`), or `event log`. */
  readonly what: string;
  readonly reason: string;
  readonly since: string;
}

/** @param sinceMs ms since 1970-01-01 UTC */
export function troubleOf(
  what: string,
  { reason, sinceMs }: { readonly reason: string; readonly sinceMs: number },
): TroubleStatus {
  return { what, reason, since: new Date(sinceMs).toISOString() };
}

export interface GroupStatus {
  readonly id: string;
  readonly name: string | null;
  readonly port: number | null;
  readonly rtuNumber: number | null;
  readonly ack: 'stored' | 'delivered' | 'received' | null;
  readonly interrogation: 'all' | 'originator' | null;
  /** The router that owns the group; absent while nobody does or in one process. */
  readonly owner?: string;
  /** Null: nobody, as far as is known. Absent with the scope `process`. */
  readonly servedBy?: { readonly connector: ServedBy | null; readonly router: ServedBy | null };
  /** Gateways that serve it, or did when they were heard last. Absent with the scope `process`. */
  readonly gateways?: readonly GatewayStatus[];
  /** Observe mode: since when and why only monitoring passes; null: it is off. Absent where that is not known. */
  readonly observe?: { readonly since: string; readonly reason: string } | null;
  /** What the group needs and cannot use now: streams and buckets on the server, the event log. Empty: nothing known of. */
  readonly trouble: readonly TroubleStatus[];
  readonly rtu: RtuStatus;
  readonly listener: ListenerStatus;
  readonly log: EventLogStatus;
  /** Those that the parts know that were asked. */
  readonly masters: readonly MasterStatus[];
  readonly rates: GroupRates;
  /** Running totals since the start of the process, by name. */
  readonly counters: Readonly<Record<string, number>>;
}
