import type { LeaseEntry, LogPlace, LogRecord } from '@iec104mm2ss/wire';
import type { DropCounter } from './drop-counter.js';

/**
 * The only door between the services. Two implementations keep this contract, and one test suite is run against both and
 * against the simulated one: memory (one process) and, between processes, a broker (NATS).
 *
 * Delivery: `publish` never waits. Messages of one publisher arrive at one subscriber in the order they were published,
 * across subjects; some may be missing (a connection that was lost, a subscriber that was too slow). A handler is never
 * called from inside another handler or from inside `publish` made by one: what a handler publishes is delivered after it
 * returned. A handler that throws loses its message and nothing else: it is counted in `drops`.
 */

export interface Message {
  readonly subject: string;
  /** The payload. It is shared with other subscribers: never write to it, copy to keep it changed. */
  readonly data: Uint8Array;
  /** Answers one who asked with `request`, or `askAll`: then as often as there is something to say; else does nothing. */
  respond(data: Uint8Array): void;
}

export type MessageHandler = (message: Message) => void;

export interface Subscription {
  unsubscribe(): void;
}

export type BusErrorCode = 'TIMEOUT' | 'NO_RESPONDERS' | 'CLOSED' | 'UNAVAILABLE' | 'REFUSED' | 'CONFLICT';

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

/** Injection token of Bus. */
export const BUS = Symbol('BUS');

export interface Bus {
  readonly kind: 'memory' | 'nats';
  /** False while the server cannot be reached (never on the memory bus). */
  readonly connected: boolean;
  /** The server in use; undefined on the memory bus. */
  readonly server: string | undefined;
  /** Why it is not connected, in words, as far as that is known; undefined too when it is. */
  readonly outage?: string | undefined;
  /**
   * Name of this process on a server that asks who is there and lets each say only what is its own: its instance name begins
   * with it, gateways speak on subjects with their names, and nothing is created on the server (see docs/nats.md). Undefined:
   * everybody is believed.
   */
  readonly name: string | undefined;
  /** Messages that were dropped because they did not decode or their handler threw. Also for whoever decodes. */
  readonly drops: DropCounter;
  publish(subject: string, data: Uint8Array): void;
  /** `pattern` may hold `*` (one token) and end in `>` (all further tokens). */
  subscribe(pattern: string, handler: MessageHandler): Subscription;
  /** Asks and waits for one answer. Rejects with BusError TIMEOUT, NO_RESPONDERS or CLOSED. */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /**
   * Asks everybody who listens, and hands on every answer until it is unsubscribed. Nobody says how many there will be: who
   * asks knows whom he expects, and how long he waits.
   */
  askAll(subject: string, data: Uint8Array, onAnswer: (answer: Uint8Array) => void): Subscription;
  /**
   * False when nobody listens, so that costly messages need not be made. `subject` may end in `.>`: who subscribes to one
   * subject only of such a family may be missed.
   */
  hasInterest(subject: string): boolean;
  /**
   * Resolves when everybody knows of the subscriptions made so far: from then on nothing is missed that is only published while
   * somebody listens (`hasInterest`). Rejects with BusError CLOSED.
   */
  listening(): Promise<void>;
  /** The event log of a group; the same object for the same group. `capacity` as in the last call that gave one. */
  eventLog(group: string, options?: EventLogOptions): EventLog;
  /** This process has nothing to do with the group any more: what it keeps of it in memory is given up. */
  forgetGroup(group: string): void;
  /** A bucket of small values that outlive their writer. */
  keyValue(bucket: string): KeyValue;
  /** A bounded record of what happened, for people; the oldest entries go first. */
  journal(name: string, options: JournalOptions): Journal;
  /** Exclusive ownership of a name among all processes on the bus. */
  lease(options: LeaseOptions): Lease;
  /**
   * What is stored of a lease: the truth about who holds it. Rejects with BusError when it cannot be read.
   *
   * @param claimed the fence that somebody claims to hold it with: if that is this process, which is certain of it, the server
   *   is not asked
   */
  leaseEntry(key: string, claimed?: number): Promise<LeaseEntry>;
  /**
   * The entry of a lease has a smaller fence than `above`, which was in force: makes sure, as soon as it can, that the next one
   * is larger. The holder finds another fence than its own in the entry, and takes the lease again.
   */
  raiseFence(key: string, above: number): void;
  /** Makes this process known as a member of `pool`, until it closes the bus or dies. */
  join(pool: string): void;
  /** Called with the instance name of a member of `pool` that left, died or is silent. */
  onMemberGone(pool: string, listener: (instance: string) => void): void;
  /** Called with true/false when the connection to the server comes or goes. */
  onConnection(listener: (connected: boolean) => void): void;
  /** Called with what the server did not let this process do. It may be one in a row of many. */
  onDenied(listener: (denied: Denied) => void): void;
  /** Called with what went wrong inside, in words, when the bus itself goes on trying. */
  onTrouble(listener: (message: string) => void): void;
  /**
   * Streams and buckets on the server that this process uses and that could not be read or written when it last tried; of all
   * groups, or those that `group` needs. What can be used again is not among them any more.
   */
  storageTroubles(group?: string): readonly StorageTrouble[];
  /** Whether what is stored survives a power failure; undefined on the memory bus, which keeps nothing. */
  durability(): Promise<Durability | undefined>;
  /** Delivers what is under way and closes. */
  close(): Promise<void>;
}

/** The server's permissions do not allow it. */
export interface Denied {
  readonly operation: 'publish' | 'subscription';
  readonly subject: string;
}

/** A stream or bucket that cannot be used. */
export interface StorageTrouble {
  /** Name of the stream, as the server has it. */
  readonly store: string;
  /** In words. */
  readonly reason: string;
  /** When it was found, ms since 1970. */
  readonly sinceMs: number;
}

/** Whether the server syncs to disk before it confirms. */
export interface Durability {
  readonly syncsAlways: boolean | 'unknown';
  /** What was found, in words. */
  readonly reason: string;
}

export interface EventLogOptions {
  /** ASDUs it is meant to hold (`buffsize`), both unacknowledged ones and ones kept for masters that are away. */
  readonly capacity: number;
}

/** What the log holds: positions `first` up to, not including, `next`. Empty when they are equal. */
export interface LogExtent {
  readonly first: number;
  readonly next: number;
  /** Of the last record; 0 when there is none. */
  readonly generation: number;
}

export interface LogWriterEvents {
  /** All ASDUs before `position` are stored. */
  onStored(position: number): void;
  /** Records from `position` on were not stored; the writer takes nothing more until it is opened again. */
  onRefused(position: number, error: BusError): void;
}

/** APDUs of one socket read: `octets[start..end)`, which must stay unchanged until they are stored. */
export interface ApduRun {
  readonly epoch: number;
  readonly count: number;
  /** ms since 1970-01-01 UTC. */
  readonly receivedAt: number;
  readonly octets: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface LogWriter {
  /** Position of the next ASDU appended. */
  readonly next: number;
  /** Generation that this writer began when it was opened: larger than that of every record before. */
  readonly generation: number;
  /** Link epoch of the last record stored before this writer was opened; 0 when there is none. */
  readonly lastEpoch: number;
  /** Appends one record. The octets are copied. */
  append(run: ApduRun): void;
  close(): void;
}

/**
 * The events of one group, in RTU order, addressed by position: the running number of an ASDU. A log that lost its end
 * gives the same positions out again, in a later generation (see LogPlace).
 */
export interface EventLog {
  extent(): Promise<LogExtent>;
  /** One writer at a time: opening another one ends the first. */
  openWriter(events: LogWriterEvents): Promise<LogWriter>;
  /**
   * Up to which position what was known at `place` still holds: `place.position`, or an earlier one when the log has lost
   * its end since. Everything from there on is new.
   */
  validUpTo(place: LogPlace): Promise<number>;
  /**
   * Delivers every record that holds a position >= `from`, in order and without gaps, then live ones. Begins with the
   * oldest record kept when `from` is older. A record of a later generation may begin before the end of the one delivered
   * last: what was delivered from its first position on is no part of the log (any more).
   */
  follow(from: LogPlace, handler: (record: LogRecord) => void): Subscription;
  /** Up to `maxRecords` records in order, beginning with the one that holds `from` (or the oldest kept after it). */
  read(from: number, maxRecords: number): Promise<LogRecord[]>;
  /**
   * Gives up records that lie wholly before `position`, which is one of `generation` (without: of the newest one that was
   * met here). What later generations have put in its place stays.
   */
  trim(position: number, generation?: number): void;
}

export interface KeyValue {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

export interface JournalOptions {
  /** Entries and octets kept at most. */
  readonly maxEntries: number;
  readonly maxOctets: number;
}

export interface Journal {
  /**
   * Stores an entry; one with an `id` that was stored within the last two minutes is not stored again. `group` is a
   * subject token. Resolves when it is stored; rejects with BusError. It also goes to who subscribes to the journal's
   * subject (see journalSubject).
   */
  append(group: string, id: string, entry: Uint8Array): Promise<void>;
  /** Entries in order, of one group or all, `maxEntries` of the newest at most. */
  read(group: string | undefined, maxEntries: number): Promise<Uint8Array[]>;
}

export interface LeaseOptions {
  readonly key: string;
  /** Members of this pool share all keys with it evenly. Without: the first to come keeps it. */
  readonly pool?: string;
  /** The lease is ours; `fence` is larger than that of every earlier owner. Never called before `lease` has returned. */
  onAcquired(fence: number): void;
  /** It is ours no longer: stop at once. */
  onLost(reason: string): void;
}

export interface Lease {
  /** 0 while not held. */
  readonly fence: number;
  /**
   * True while it is certain that nobody else can hold it. It turns false by itself when this process was held up
   * (suspended, throttled) for so long that others may have taken the lease, until the stored entry was read: then
   * `onCertain` or `onLost` is called. What cannot be undone must not be done meanwhile.
   */
  readonly certain: boolean;
  /** True while it is uncertain because this process did not run: another one may act in its place already. */
  readonly heldUp: boolean;
  /** Called when a lease that was uncertain turns out to be ours still. */
  onCertain(listener: () => void): void;
  /** Stops wanting it; gives it back at once when held. */
  release(): Promise<void>;
}
