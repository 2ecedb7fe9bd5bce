/** Which part of the product exposes a metric; `process`: every process, whatever runs in it. */
export type ExposedBy = 'process' | 'connector' | 'router' | 'gateway' | 'simulator';

/** Numbers that go up only, numbers that go up and down, and how often something took how long. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** What the number counts or measures. `timestamp`: seconds since 1970-01-01 UTC; `flag`: 1 or 0; `info`: always 1. */
export type MetricUnit =
  | 'apdus'
  | 'asdus'
  | 'bytes'
  | 'commands'
  | 'connections'
  | 'events'
  | 'flag'
  | 'info'
  | 'items'
  | 'lines'
  | 'masters'
  | 'messages'
  | 'occurrences'
  | 'records'
  | 'rtus'
  | 'seconds'
  | 'segments'
  | 'timestamp';

/** One metric of the product. Its name is the key of the catalogue. */
export interface MetricEntry {
  readonly type: MetricType;
  /** One sentence or two, as shown at /metrics. */
  readonly help: string;
  readonly unit: MetricUnit;
  /** Their values are from the configuration or from an enum, never from traffic. */
  readonly labels: readonly string[];
  readonly exposedBy: readonly ExposedBy[];
  /** Of labels with closed lists: all values, each of which is there from the start. Those of TLS: of groups with TLS. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
  /** When it has no series at all, in words; left out: it is there from the start, for every group. */
  readonly absent?: string;
  /** Of a histogram: the upper bounds, inclusive, in milliseconds; the series have them in seconds. */
  readonly boundsMs?: readonly number[];
}

export type MetricEntries = Readonly<Record<string, MetricEntry>>;

/** The labels of what is counted for each group: its id and its name, from the configuration file. */
export const GROUP = ['group', 'name'] as const;
