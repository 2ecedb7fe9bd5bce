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
  /** In the order of the configuration file. */
  readonly groups: readonly GroupStatus[];
}

export interface BusStatus {
  readonly kind: 'memory' | 'nats';
  readonly connected: boolean;
  /** The server in use; absent on the memory bus. */
  readonly server?: string;
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
  readonly state: RtuState;
  /** `host:port` in use or being tried. */
  readonly endpoint: string | null;
  /** When `state` was entered. */
  readonly since: string | null;
  /** Number of the current (or last) link to the RTU; a new connection is a new epoch. */
  readonly linkEpoch: number;
  /** Connections established since the process started. */
  readonly connects: number;
  readonly lastError: string | null;
}

export interface ListenerStatus {
  readonly open: boolean;
  /** `host:port` of every open listener of the group, over all gateways. */
  readonly addresses: readonly string[];
}

/** The group's event log; positions are ASDU sequence numbers. */
export interface EventLogStatus {
  /** `buffsize`. */
  readonly capacity: number;
  /** Position of the oldest ASDU held. */
  readonly first: number;
  /** Position the next ASDU will get. */
  readonly next: number;
  /** Every position below this has been acknowledged by at least one master (or, with `ack` = stored, is stored). */
  readonly confirmed: number;
  /** ASDUs no master has acknowledged yet. */
  readonly unconfirmed: number;
  /** The log refuses ASDUs; the RTU gets no acknowledgement. */
  readonly full: boolean;
}

/** A master's link: `stopped` is connected and STOPDT; `started` is data transfer. */
export type MasterState = 'stopped' | 'started' | 'stopping' | 'closing';

export interface MasterStatus {
  readonly session: string;
  /** `address:port` of the master. */
  readonly peer: string;
  /** From the `masters` column; null when the source belongs to no named master. */
  readonly name: string | null;
  /** Subject or SAN of the client certificate; null without TLS. */
  readonly certificateName: string | null;
  /** The gateway that holds the connection. */
  readonly gateway: string | null;
  readonly state: MasterState;
  /** OA this session has towards the RTU, 1..255; null before it has one. */
  readonly originatorAddress: number | null;
  /** When the master connected. */
  readonly since: string | null;
  /** ASDUs waiting to be sent or acknowledged, and the bound at which the master is disconnected. */
  readonly queue: number;
  readonly queueLimit: number;
  readonly sent: number;
  readonly acknowledged: number;
  /** Commands received from this master. */
  readonly commands: number;
}

export interface GroupRates {
  readonly fromRtuPerSecond: number;
  readonly toMastersPerSecond: number;
  readonly commandsPerSecond: number;
}

export interface GroupStatus {
  readonly id: string;
  readonly name: string;
  readonly port: number;
  readonly rtuNumber: number;
  readonly ack: 'stored' | 'delivered' | 'received';
  readonly interrogation: 'all' | 'originator';
  /** The router that owns the group; absent while nobody does or in one process. */
  readonly owner?: string;
  readonly rtu: RtuStatus;
  readonly listener: ListenerStatus;
  readonly log: EventLogStatus;
  readonly masters: readonly MasterStatus[];
  readonly rates: GroupRates;
  /** Running totals since the start of the process, by name. */
  readonly counters: Readonly<Record<string, number>>;
}
