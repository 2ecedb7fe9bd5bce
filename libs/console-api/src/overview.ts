import type { RtuState, TroubleStatus } from '@iec104mm2ss/observability/status';

/** One group in the list. Flat, so that a change is a handful of fields. */
export interface OverviewRow {
  readonly id: string;
  readonly name: string | null;
  readonly port: number | null;
  readonly tlsPort: number | null;
  readonly rtuNumber: number | null;
  /** Null before anybody heard of it, and while the connector is silent. */
  readonly state: RtuState | null;
  /** How many hosts the RTU has; null: not known here. */
  readonly hosts: number | null;
  /** `host:port` in use or being tried. */
  readonly endpoint: string | null;
  /** When `state` was entered. For `started`: the time of STARTDT, as in the manual's list. */
  readonly since: string | null;
  readonly linkEpoch: number | null;
  readonly listening: boolean | null;
  /** Null: no gateway answers. Where one of several is silent (`silent` has `gateway`) there may be more. */
  readonly mastersStarted: number | null;
  readonly mastersConnected: number | null;
  /** `max conn`. */
  readonly mastersMax: number | null;
  /** Named masters of the column `masters`, of which each should be there; 0: none are named. */
  readonly mastersExpected: number;
  /** Those of them that are not started, by name; none where a gateway is silent, which may have them. */
  readonly mastersMissing: readonly string[];
  /** ASDUs a second, to a tenth; null: not measured, or whoever measures is silent. */
  readonly fromRtu: number | null;
  readonly toMasters: number | null;
  readonly commands: number | null;
  readonly unconfirmed: number | null;
  /** `buffsize`. */
  readonly capacity: number | null;
  readonly full: boolean;
  /** Of the master that lags most, and the bound at which that one is disconnected. */
  readonly queue: number | null;
  readonly queueLimit: number | null;
  readonly lastError: string | null;
  /** When the console saw it first; null before it saw one come. */
  readonly lastErrorAt: string | null;
  /** Parts that serve the group and do not answer: `connector`, `router`, or `gateway`. Then what only they know is null. */
  readonly silent: readonly string[];
  /** Parts that nobody serves the group in, as far as is known. */
  readonly unserved: readonly string[];
  /** Where somebody is silent: when the one who was heard longest ago was. Else null: all of it is of now. */
  readonly lastHeardAt: string | null;
  /** Observe mode: why; null: it is off or not known. */
  readonly observe: string | null;
  readonly trouble: readonly TroubleStatus[];
  /** It runs with values that are not in the file ("apply until restart"). */
  readonly edited: boolean;
}

/** What changes of one row: only these fields, and the id. */
export type RowDelta = Partial<OverviewRow> & { readonly id: string };

/** What is said of the whole system beside the rows. */
export interface Summary {
  /** Time of the host when it was made. */
  readonly now: string;
  /** Processes that do not answer. */
  readonly silentProcesses: readonly string[];
  /** Not all work with the same file. */
  readonly configurationDiffers: boolean;
  /** Another text whenever another configuration is in force somewhere: rows are to be read again. */
  readonly configuration: string;
  /** Why the file, as it is now, is not in force; null: it is. */
  readonly configurationRefused: string | null;
  readonly busConnected: boolean;
  /** Why the console itself cannot say how things are now (`the bus is not connected`); null: it can. All rows are stale then. */
  readonly stale: string | null;
}

/** `GET /api/v1/groups`, and the event `overview` of the stream. In the order of the file. */
export interface Overview {
  readonly summary: Summary;
  readonly rows: readonly OverviewRow[];
}

/** The event `delta` of the stream. */
export interface OverviewDelta {
  /** The fields that changed. */
  readonly summary: Partial<Summary>;
  readonly changed: readonly RowDelta[];
  readonly removed: readonly string[];
  /** The ids in the order of the file, when a row came or went. */
  readonly order?: readonly string[];
}

/**
 * `GET /api/v1/groups/{id}/history`: up to 15 minutes, oldest first; null where nothing was known. In one process it is recorded
 * all the time, over NATS while somebody looks at the console.
 */
export interface History {
  readonly stepSeconds: number;
  /** Time of the first value; null: there is none yet. */
  readonly from: string | null;
  /** Of each value, ms since 1970-01-01 UTC: there are gaps where nobody recorded. */
  readonly times: readonly number[];
  readonly series: Readonly<Record<HistorySeries, readonly (number | null)[]>>;
}

export type HistorySeries =
  'fromRtu' | 'toMasters' | 'commands' | 'unconfirmed' | 'queue' | 'mastersStarted' | 'mastersConnected';
