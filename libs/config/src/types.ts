import type { ClockSetting } from './clock-cell.js';
import type { ObserveSetting } from './observe-cell.js';
import type { RightsTable } from './rights.js';

/**
 * What the multiplexer's CSV says, as plain validated records. Everything here is read-only data: no sockets, no
 * defaults still to be applied, no strings still to be parsed.
 */

/** One `host:port` of a controlled station. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** `tls://` stands in front of it. */
  readonly tls?: true;
}

/**
 * What a certificate must say of itself: its subject's common name, a DNS name or URI among its subject alternative names, or
 * the SHA-256 of its octets.
 */
export interface PeerName {
  readonly kind: 'cn' | 'dns' | 'uri' | 'sha256';
  /** As it is compared: host names in lower case, fingerprints as 64 hexadecimal digits in lower case. */
  readonly value: string;
  /** As the file has it. */
  readonly text: string;
}

/** All suites that IEC 62351-3 makes mandatory, or only those of today. */
export type TlsProfile = 'iec62351' | 'modern';

/** A source filter entry: one host or one network, already parsed. `text` is what the file said. */
export interface SourceRange {
  readonly text: string;
  /** The same as a network with its prefix length, for who does not parse: `10.1.1.0/24`, `2001:db8::5/128`. */
  readonly cidr: string;
  /** True when `address` (IPv4, IPv6 or IPv4-mapped IPv6 text) lies in this range. */
  contains(address: string): boolean;
}

/** A master known by name; its sources are redundant connections of one and the same master. */
export interface NamedMaster {
  readonly name: string;
  readonly sources: readonly SourceRange[];
  /** What its certificates say (`cn:scada-a`): nothing else tells who it is on a TLS connection. */
  readonly certificateNames: readonly PeerName[];
}

export type SameIpPolicy = 'all' | 'old' | 'new';
/** When an ASDU counts as safe, so that it may be acknowledged to the RTU. */
export type AckPolicy = 'stored' | 'delivered' | 'received';

/** Timers and windows of one side of a group (IEC 60870-5-104, clause 9.6). Times in ms, k and w in APDUs. */
export interface LinkConstants {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t3Ms: number;
  readonly w: number;
  readonly k: number;
}

/** One row of the file: one RTU (controlled station) with its masters. */
export interface GroupConfig extends LinkConstants {
  /** The id column as written, without leading zeros: digits only, hence a valid subject token and label value. */
  readonly id: string;
  /** 1-based row of the file. */
  readonly row: number;
  readonly name: string;
  readonly port: number;
  /** Port for masters that speak TLS; undefined: none. */
  readonly tlsPort: number | undefined;
  /** `port` is open: always without `tlsPort`, else where the file wants it. */
  readonly plain: boolean;
  readonly tlsProfile: TlsProfile;
  /** Who may connect to `tlsPort`; empty: who has a certificate of one of `masters` (see clientNames). */
  readonly tlsNames: readonly PeerName[];
  /** What the certificate of an RTU with tls:// must say: one of these. */
  readonly rtuNames: readonly PeerName[];
  /** CA of the RTU, 1..65535. */
  readonly rtuNumber: number;
  readonly maxConnections: number;
  readonly idleTimeMs: number;
  /** Of the connection to the RTU; those of the masters are theirs. */
  readonly t0Ms: number;
  /** The link to the RTU. The group's own constants are those of the links to masters. */
  readonly rtuLink: LinkConstants;
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
  /** Connections that one address may have, 1..255; null: see `isBeyondItsCap` of the router. */
  readonly perSource: number | null;
  /** Of `maxConnections`, so many are kept for each of `masters` that is not there, 0..5. */
  readonly reserve: number;
  /** Commands a second that are taken from one master, and how many at once. */
  readonly commandRate: number;
  readonly commandBurst: number;
  /** Load balancers, whose connections begin with a header of the PROXY protocol. */
  readonly proxy: readonly SourceRange[];
  readonly rights: RightsTable;
  readonly observe: ObserveSetting;
  readonly clock: ClockSetting;
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
   * `skipped`: the row is not loaded. `warning`: the row is loaded, but something in it is not in force. `note`: a row skipped on purpose by the file's own rules (commented row, after `!`).
   */
  readonly severity: 'skipped' | 'warning' | 'note';
}

/** How the file was read, for people. */
export interface FileForm {
  /** `UTF-8`, `Windows-1252` ... */
  readonly encoding: string;
  /** What the cells are separated by: `commas`, `semicolons`, `tabs` or `bars`. */
  readonly delimiter: string;
  /** Row of the first header; undefined when there is none, and the columns are in the manual's order. */
  readonly headerRow: number | undefined;
}

export interface Configuration {
  readonly form: FileForm;
  readonly groups: readonly GroupConfig[];
  readonly settings: GeneralSettings;
  readonly problems: readonly Problem[];
  /** For each of `problems` the cells of its row, to know it again where rows have moved. */
  readonly problemRows: readonly string[];
}
