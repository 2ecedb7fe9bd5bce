import type { Denied, Subscription } from './bus.js';

/**
 * What the bus between processes needs of its server: the smallest part of NATS and JetStream that does it. Leases,
 * presence, event logs and requests are built on it (see broker-bus.ts), so they run unchanged on a real server
 * (nats/nats-broker.ts) and on the simulated one (test/simulation).
 *
 * Every promise rejects with BusError: TIMEOUT when the server did not answer in time (what was asked may have been done),
 * UNAVAILABLE when it could not be asked, CONFLICT when a value was not what the caller expected, CLOSED after `close`.
 */
export interface BrokerMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Answers it, when it was a request; one of `askAll` several times if need be. */
  respond(data: Uint8Array): void;
}

export interface Broker {
  readonly connected: boolean;
  /** `host:port` of the server in use. */
  readonly server: string;
  /** Why there is no connection, in words, as far as that is known. */
  readonly outage?: string | undefined;
  publish(subject: string, data: Uint8Array): void;
  /** The handler must not throw. */
  subscribe(pattern: string, handler: (message: BrokerMessage) => void): Subscription;
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Asks everybody who subscribes. `onAnswer` must not throw. */
  askAll(subject: string, data: Uint8Array, onAnswer: (answer: Uint8Array) => void): Subscription;
  /** Resolves when the server has taken all that was said so far, subscriptions too; while it is away, when it is back. */
  flush(): Promise<void>;
  /** Whether anybody subscribes to what `subject`, which ends in `.>`, covers. */
  probe(subject: string): Promise<boolean>;

  /** Makes sure that the stream exists with these limits; resolves with the number of copies it has. */
  ensureStream(stream: StreamOptions): Promise<{ readonly replicas: number }>;
  streamState(stream: string): Promise<StreamState>;
  /** The message, or undefined when there is none with this sequence (any more, or yet). */
  streamMessage(stream: string, sequence: number): Promise<Uint8Array | undefined>;
  /** Sequences and payloads of the newest messages of a subject, oldest first. */
  streamTail(stream: string, subject: string, maxMessages: number): Promise<Uint8Array[]>;
  /** Removes messages before `sequence`. */
  purge(stream: string, sequence: number): Promise<void>;
  /** Publishes to streams, many at a time; confirmations come in the order of the messages. */
  openPublisher(onConfirmed: (confirmation: PublishConfirmation) => void): StreamPublisher;

  bucket(name: string, options: { readonly replicas: number }): Promise<BrokerBucket>;

  /** Called with true/false when the connection comes or goes. */
  onConnection(listener: (connected: boolean) => void): void;
  onTrouble(listener: (message: string) => void): void;
  /** Called with what the server did not permit. */
  onDenied(listener: (denied: Denied) => void): void;
  /** What the server says of itself about syncing to disk. */
  durability(): Promise<{ readonly syncsAlways: boolean | 'unknown'; readonly reason: string }>;
  /** Delivers what is under way, for a second at most, and closes. */
  close(): Promise<void>;
}

export interface StreamOptions {
  readonly name: string;
  /** One subject, which may be a pattern. */
  readonly subject: string;
  readonly maxMessages: number;
  readonly maxMessageOctets: number;
  /** All messages together; undefined: no limit. */
  readonly maxOctets?: number;
  /** What gives way when it is full: the new message, which is refused, or the oldest one. */
  readonly discard: 'new' | 'old';
  /** For how long the ids of messages are remembered. */
  readonly idsRememberedMs: number;
  readonly replicas: number;
  readonly description: string;
}

export interface StreamState {
  readonly messages: number;
  /** Sequences of the oldest and the newest message; `last` + 1 is the next one given out. */
  readonly first: number;
  readonly last: number;
}

/** `sequence` of a message that is stored now, or why it is not. */
export type PublishConfirmation =
  | { readonly sequence: number; readonly duplicate: boolean }
  | { readonly sequence: undefined; readonly reason: string };

export interface StreamPublisher {
  publish(
    subject: string,
    data: Uint8Array,
    options: {
      /** Refused unless the stream's last message has this sequence. */
      readonly expectedLastSequence?: number;
      /** Refused unless the stream's last message has this id. */
      readonly expectedLastId?: string;
      /** A message with an id that is remembered is not stored again. */
      readonly messageId?: string;
    },
  ): void;
  close(): void;
}

export interface BrokerEntry {
  readonly value: Uint8Array;
  readonly revision: number;
}

export interface BrokerBucket {
  get(key: string): Promise<BrokerEntry | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  /** Writes only if the key's revision is `revision`; 0: if it does not exist. Rejects with CONFLICT. */
  swap(key: string, value: Uint8Array, revision: number): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}
