/**
 * What the multiplexer's CSV says, as plain validated records. Everything here is read-only data: no sockets, no
 * defaults still to be applied, no strings still to be parsed.
 */

/** One `host:port` of a controlled station. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A source filter entry: one host or one network, already parsed. `text` is what the file said. */
export interface SourceRange {
  readonly text: string;
  /** True when `address` (IPv4, IPv6 or IPv4-mapped IPv6 text) lies in this range. */
  contains(address: string): boolean;
}

/** A master known by name; its sources are redundant connections of one and the same master. */
export interface NamedMaster {
  readonly name: string;
  readonly sources: readonly SourceRange[];
  /** Certificate names (`cn:scada-a`), matched only on a TLS connection. */
  readonly certificateNames: readonly string[];
}

export type SameIpPolicy = 'all' | 'old' | 'new';
/** When an ASDU counts as safe, so that it may be acknowledged to the RTU. */
export type AckPolicy = 'stored' | 'delivered' | 'received';

/** One row of the file: one RTU (controlled station) with its masters. */
export interface GroupConfig {
  /** The id column as written, without leading zeros: digits only, hence a valid subject token and label value. */
  readonly id: string;
  /** 1-based row of the file. */
  readonly row: number;
  readonly name: string;
  readonly port: number;
  /** CA of the RTU, 1..65535. */
  readonly rtuNumber: number;
  readonly maxConnections: number;
  readonly idleTimeMs: number;
  readonly t0Ms: number;
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t3Ms: number;
  readonly w: number;
  readonly k: number;
  /** ASDUs the group's event log holds. */
  readonly buffsize: number;
  readonly logEvents: boolean;
  readonly sameIp: SameIpPolicy;
  readonly hosts: readonly Endpoint[];
  /** Empty = every source is accepted. */
  readonly filter: readonly SourceRange[];
  /** Undefined = the default of the bus in use: `stored` on NATS, `delivered` in one process. */
  readonly ack: AckPolicy | undefined;
  readonly interrogation: 'all' | 'originator';
  readonly decoded: boolean;
  readonly masters: readonly NamedMaster[];
}

/** The general settings rows (`ntp_server`, `ntp_update_every_sec`, `nogui`). */
export interface GeneralSettings {
  readonly ntpServers: readonly string[];
  readonly ntpUpdateEverySec: number;
  readonly nogui: boolean;
}

/** Why a row, or one column of it, is not in force. */
export interface Problem {
  /** 1-based line of the file at which the row begins. */
  readonly row: number;
  /** Header name of the column at fault, or `row` when it is not one column. */
  readonly field: string;
  readonly reason: string;
  /**
   * `skipped`: the row is not loaded. `warning`: the row is loaded, but something in it is not in force (for example a
   * column of a later release). `note`: a row skipped on purpose by the file's own rules (commented row, after `!`).
   */
  readonly severity: 'skipped' | 'warning' | 'note';
}

export interface Configuration {
  readonly groups: readonly GroupConfig[];
  readonly settings: GeneralSettings;
  readonly problems: readonly Problem[];
}
