import type { LinkParameters } from '@iec104mm2ss/iec104';
import type { CloseReason, DeadlineScheduler } from '@iec104mm2ss/transport';
import type { BackOffOptions } from './back-off.js';
import type { ReceivedAsdu } from './received-asdu.js';

/** Options of a simulated master. Only host and port must be given. */
export interface MasterOptions {
  readonly host: string;
  readonly port: number;
  /** Local address (and port) to connect from; default: the system's choice. */
  readonly localAddress?: string;
  readonly localPort?: number;
  /** For people; default `master`. */
  readonly name?: string;
  /** Common address of what it sends, unless said otherwise; default 1. */
  readonly ca?: number;
  /** Originator address; default 0, as masters of the multiplexer should have. */
  readonly oa?: number;
  /** k, w, t1..t3; defaults of the standard. */
  readonly link?: Partial<LinkParameters>;
  /** t0: how long a connection may take; default 30 s. */
  readonly t0Ms?: number;
  /** STARTDT act as soon as connected; default true. */
  readonly autoStart?: boolean;
  /** General interrogation after every start of data transfer; default false. */
  readonly interrogateOnStart?: boolean;
  /** Connect again, with growing pauses, whenever a connection fails or breaks; default false. */
  readonly reconnect?: boolean | BackOffOptions;
  /** How long a request waits for each answer; default 10 s. */
  readonly requestTimeoutMs?: number;
  /** Called for every ASDU received, first of all. (`asdu` is also an event.) */
  readonly onAsdu?: (asdu: ReceivedAsdu) => void;
  readonly scheduler?: DeadlineScheduler;
}

export interface MasterCounts {
  /** Connections made, attempts that failed, connections that broke. */
  connections: number;
  failedAttempts: number;
  disconnections: number;
  /** ASDUs received and sent, on all connections. */
  received: number;
  sent: number;
  /** Answers to requests this master never made: another master's. */
  strays: number;
  /** Answers to requests that were over. */
  late: number;
}

/** What a master emits, by event name. */
export interface MasterEvents {
  connected: [];
  started: [];
  stopped: [];
  disconnected: [reason: CloseReason];
  connectFailed: [error: NodeJS.ErrnoException];
  asdu: [asdu: ReceivedAsdu];
  /** An answer to something this master never asked. */
  stray: [asdu: ReceivedAsdu];
}

export interface RequestOptions {
  /** Default: the master's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Whether to wait for ACT_TERM; default: as the standard has it for the type. */
  readonly termination?: boolean;
}

export interface StationRequestOptions extends RequestOptions {
  /** Common address instead of the master's own; `MasterSimulator.BROADCAST_CA` for all stations. */
  readonly ca?: number;
}

export interface CommandOptions extends RequestOptions {
  /** Select first, then execute. Default false. Bitstrings have no select. */
  readonly select?: boolean;
  /** Only select (the command is then executed by a later `command`). */
  readonly selectOnly?: boolean;
}
