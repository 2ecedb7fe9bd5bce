/** A line of a process's log. */
export interface LogLine {
  /** Unique and growing within one instance. */
  readonly seq: number;
  /** Who wrote it. */
  readonly instance: string;
  readonly at: string;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly message: string;
  /** Null: it belongs to no group. */
  readonly group: string | null;
  /** All other fields of the line: `session`, `peer`, `reason`, `event` ... */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * `GET /api/v1/groups/{id}/logs` (`?text=1`: as JSON lines, to be saved) and `GET /api/v1/logs` (lines of no group). All that the
 * processes keep, by time.
 */
export interface LogAnswer {
  readonly lines: readonly LogLine[];
  /** Processes that did not answer. */
  readonly silent: readonly string[];
}

/** One ASDU of the decoded feed. */
export interface TrafficItem {
  readonly group: string;
  readonly direction: 'monitor' | 'control';
  readonly at: string;
  /** Position in the event log, in monitor direction. */
  readonly position?: number;
  /** Session of the master, in control direction. */
  readonly session?: number;
  /** Of the ASDU, hexadecimal, where the feed has them. */
  readonly octets?: string;
  readonly asdu: TrafficAsdu | UndecodableAsdu;
}

export interface TrafficAsdu {
  readonly type: string;
  readonly typeId: number;
  readonly cause: string;
  readonly cot: number;
  readonly negative: boolean;
  readonly test: boolean;
  readonly oa: number;
  readonly ca: number;
  readonly sq: boolean;
  readonly objects: readonly TrafficObject[];
}

/** `ioa`, and what the type has: `value`, `state`, `quality`, `time`, `qualifier` ... */
export interface TrafficObject {
  readonly ioa?: number;
  readonly [field: string]: unknown;
}

export interface UndecodableAsdu {
  readonly type: string;
  /** Its octets, hexadecimal. */
  readonly undecodable: string;
  readonly error: string;
}

/** `GET /api/v1/decode?hex=`: what the octets of an ASDU or APDU mean, as `mm2ss decode` prints it. */
export interface DecodeAnswer {
  readonly lines: readonly string[];
}

/** One command that a master gave, when it has ended. */
export interface CommandRecord {
  readonly group: string;
  readonly at: string;
  readonly session: number;
  readonly command: number;
  readonly peer: string;
  readonly name: string | null;
  readonly certificateName: string | null;
  readonly type: string;
  readonly cause: string;
  readonly ca: number;
  readonly ioa: number | null;
  readonly select: boolean;
  readonly objects: unknown;
  readonly outcome: string;
  readonly durationMs: number;
}

/**
 * `GET /api/v1/commands`, and `/api/v1/commands.csv` with the same query: `group`, `master`, `type`, `ca`, `ioa`, `outcome` (a
 * beginning), each also as a list with commas; `since` (`2h`, `7d`, or a time); `last` (default 500, at most 10000).
 */
export interface CommandsAnswer {
  /** Oldest first. */
  readonly commands: readonly CommandRecord[];
  /** Entries that are no records. */
  readonly unreadable: number;
}

/**
 * `GET /api/v1/changes`: what operators and engineers did, by the console, `mm2ss restart` or `/control`, and what became of the
 * configuration file; as log lines, whose `fields` have `event` (`operator_verb`, `observe_on`, `configuration_taken` ...), `by`, `verb`.
 */
export interface ChangesAnswer {
  /** Oldest first. */
  readonly changes: readonly LogLine[];
  readonly silent: readonly string[];
}
