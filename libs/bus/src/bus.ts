/**
 * The only door between the services. Two implementations keep this contract, and one test suite is run against both:
 * memory (one process) and NATS.
 *
 * Delivery: `publish` never waits. Messages of one publisher arrive at one subscriber in the order they were published,
 * across subjects. A handler is never called from inside another handler or from inside `publish` made by one: what a
 * handler publishes is delivered after it returned.
 */

export interface Message {
  readonly subject: string;
  /** The payload. It is shared with other subscribers: never write to it, copy to keep it changed. */
  readonly data: Uint8Array;
  /** Answers one who asked with `request`; does nothing otherwise. */
  respond(data: Uint8Array): void;
}

export type MessageHandler = (message: Message) => void;

export interface Subscription {
  unsubscribe(): void;
}

export type BusErrorCode = 'TIMEOUT' | 'NO_RESPONDERS' | 'CLOSED' | 'UNAVAILABLE' | 'REFUSED';

/** Every failure of a bus operation. */
export class BusError extends Error {
  constructor(
    readonly code: BusErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'BusError';
  }
}

export interface Bus {
  readonly kind: 'memory' | 'nats';
  /** False while the server cannot be reached (never on the memory bus). */
  readonly connected: boolean;
  /** The server in use; undefined on the memory bus. */
  readonly server: string | undefined;
  publish(subject: string, data: Uint8Array): void;
  /** `pattern` may hold `*` (one token) and end in `>` (all further tokens). */
  subscribe(pattern: string, handler: MessageHandler): Subscription;
  /** Asks and waits for one answer. Rejects with BusError TIMEOUT, NO_RESPONDERS or CLOSED. */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** False when certainly nobody listens, so that costly messages need not be made. */
  hasInterest(subject: string): boolean;
  /** The event log of a group; the same object for the same group. `capacity` as in the first call. */
  eventLog(group: string, options?: EventLogOptions): EventLog;
  /** A bucket of small values that outlive their writer. */
  keyValue(bucket: string): KeyValue;
  /** Exclusive ownership of a name among all processes on the bus. */
  lease(options: LeaseOptions): Lease;
  /** Makes this process known as a member of `pool`, until it closes the bus or dies. */
  join(pool: string): void;
  /** Called with the instance name of a member of `pool` that left, died or is silent. */
  onMemberGone(pool: string, listener: (instance: string) => void): void;
  /** Called with true/false when the connection to the server comes or goes. */
  onConnection(listener: (connected: boolean) => void): void;
  /** Called with what went wrong inside, in words, when the bus itself goes on trying. */
  onTrouble(listener: (message: string) => void): void;
  /** Delivers what is under way and closes. */
  close(): Promise<void>;
}

export interface EventLogOptions {
  /** ASDUs it is meant to hold (`buffsize`), both unacknowledged ones and ones kept for masters that are away. */
  readonly capacity: number;
}

/** What the log holds: positions `first` up to, not including, `next`. Empty when they are equal. */
export interface LogExtent {
  readonly first: number;
  readonly next: number;
  /** When the log was begun, ms since 1970-01-01 UTC: positions of an earlier one mean nothing in it. */
  readonly begunAt: number;
}

export interface LogWriterEvents {
  /** All ASDUs before `position` are stored. */
  onStored(position: number): void;
  /** Records from `position` on were not stored; the writer takes nothing more until it is opened again. */
  onRefused(position: number, error: BusError): void;
}

export interface LogWriter {
  /** Position the next record must begin with. */
  readonly next: number;
  /** Link epoch of the last record stored before this writer was opened; 0 when there is none. */
  readonly lastEpoch: number;
  /** Appends one record (see log-record.ts) whose first position is `next`. The octets belong to the log afterwards. */
  append(record: Uint8Array): void;
  close(): void;
}

/**
 * The events of one group, in RTU order, addressed by position: the running number of an ASDU, which survives restarts
 * as far as the implementation keeps anything.
 */
export interface EventLog {
  extent(): Promise<LogExtent>;
  /** One writer at a time: opening another one ends the first. */
  openWriter(events: LogWriterEvents): Promise<LogWriter>;
  /**
   * Delivers every record that holds a position >= `from`, in order and without gaps, then live ones. Begins with the
   * oldest record kept when `from` is older.
   */
  follow(from: number, handler: (record: Uint8Array) => void): Subscription;
  /** Up to `maxRecords` records in order, beginning with the one that holds `from` (or the oldest kept after it). */
  read(from: number, maxRecords: number): Promise<Uint8Array[]>;
  /** Gives up records that lie wholly before `position`. */
  trim(position: number): void;
}

export interface KeyValue {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

export interface LeaseOptions {
  readonly key: string;
  /** Members of this pool share all keys with it evenly. Without: the first to come keeps it. */
  readonly pool?: string;
  /** The lease is ours; `fence` is larger than that of every earlier owner. */
  onAcquired(fence: number): void;
  /** It is ours no longer: stop at once. */
  onLost(reason: string): void;
}

export interface Lease {
  /** 0 while not held. */
  readonly fence: number;
  /** Stops wanting it; gives it back at once when held. */
  release(): Promise<void>;
}
