import { jetstream, jetstreamManager, type JetStreamManager, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { connect, errors, type Msg, type NatsConnection } from '@nats-io/transport-node';
import {
  type Bus,
  BusError,
  type EventLog,
  type EventLogOptions,
  type KeyValue,
  type Lease,
  type LeaseOptions,
  type MessageHandler,
  type Subscription,
} from '../bus.js';
import { Interest } from './interest.js';
import { Leases } from './leases.js';
import { NatsEventLog } from './nats-event-log.js';
import { connectionOptions, type NatsOptions } from './nats-options.js';
import { Presence } from './presence.js';

const DEFAULT_CAPACITY = 1_000;
const LEASE_BUCKET = 'iec104_leases';
/** JetStream calls fail after this long, so that a lost server is noticed and the call repeated. */
const API_TIMEOUT_MS = 2_000;
const VERIFY_PAUSE_MS = 500;

/** The bus between processes: NATS for messages, JetStream for event logs and small values. */
export class NatsBus implements Bus {
  readonly kind = 'nats';
  private up = true;
  private closing = false;
  private readonly logs = new Map<string, NatsEventLog>();
  private readonly stores = new Map<string, Promise<KV>>();
  private readonly troubleListeners: ((message: string) => void)[] = [];
  private readonly listeners: ((connected: boolean) => void)[] = [];
  private readonly interest: Interest;
  private managing: Promise<JetStreamManager> | undefined;

  /** Connects (waiting for the server for as long as it takes) and makes sure of what has to exist. */
  static async connect(options: NatsOptions): Promise<NatsBus> {
    const connection = await connect(connectionOptions(options));
    const entries = await new Kvm(jetstream(connection, { timeout: API_TIMEOUT_MS })).create(LEASE_BUCKET, {
      history: 1,
      replicas: options.replicas,
      storage: StorageType.File,
    });
    return new NatsBus(connection, options, entries);
  }

  private readonly presence: Presence;
  private readonly leases: Leases;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly options: NatsOptions,
    leaseEntries: KV,
  ) {
    this.interest = new Interest(connection);
    this.presence = new Presence(connection, options.instance);
    this.leases = new Leases(
      leaseEntries,
      this.presence,
      () => this.up,
      (message) => this.trouble(message),
    );
    void this.watchConnection();
  }

  get connected(): boolean {
    return this.up;
  }

  /** The server in use. */
  get server(): string {
    return this.connection.getServer();
  }

  publish(subject: string, data: Uint8Array): void {
    if (!this.closing) this.connection.publish(subject, data);
  }

  subscribe(pattern: string, handler: MessageHandler): Subscription {
    const subscription = this.connection.subscribe(pattern, {
      callback: (error, message) => {
        if (error === null) handler(new NatsMessage(message));
      },
    });
    return { unsubscribe: () => subscription.unsubscribe() };
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    try {
      return (await this.connection.request(subject, data, { timeout: timeoutMs })).data;
    } catch (error) {
      if (this.closing) throw new BusError('CLOSED', `the bus was closed: ${subject}`, { cause: error });
      throw busError(subject, timeoutMs, error);
    }
  }

  hasInterest(subject: string): boolean {
    return subject.endsWith('.>') ? this.interest.has(subject) : true;
  }

  eventLog(group: string, options?: EventLogOptions): EventLog {
    let log = this.logs.get(group);
    if (log === undefined) {
      const capacity = options?.capacity ?? DEFAULT_CAPACITY;
      log = new NatsEventLog(this.connection, () => this.manager(), group, capacity, this.options.replicas);
      this.logs.set(group, log);
    }
    return log;
  }

  keyValue(bucket: string): KeyValue {
    return new NatsKeyValue(() => this.store(bucket));
  }

  lease(options: LeaseOptions): Lease {
    return this.leases.add(options);
  }

  join(pool: string): void {
    this.presence.pools.add(pool);
    this.presence.send();
  }

  onMemberGone(pool: string, listener: (instance: string) => void): void {
    this.presence.onGone((member) => {
      if (member.pools.includes(pool)) listener(member.instance);
    });
  }

  onTrouble(listener: (message: string) => void): void {
    this.troubleListeners.push(listener);
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.listeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.leases.stop();
    for (const log of this.logs.values()) log.stop();
    this.presence.stop();
    this.closing = true;
    if (this.up) await this.connection.drain();
    else await this.connection.close();
  }

  private manager(): Promise<JetStreamManager> {
    this.managing ??= jetstreamManager(this.connection, { timeout: API_TIMEOUT_MS }).catch((error: unknown) => {
      this.managing = undefined;
      throw new BusError('UNAVAILABLE', 'JetStream does not answer (is the server started with -js?)', {
        cause: error,
      });
    });
    return this.managing;
  }

  private store(bucket: string): Promise<KV> {
    let store = this.stores.get(bucket);
    if (store === undefined) {
      const { replicas } = this.options;
      store = new Kvm(jetstream(this.connection, { timeout: API_TIMEOUT_MS }))
        .create(bucket, { history: 1, replicas, storage: StorageType.File })
        .catch((error: unknown) => {
          this.stores.delete(bucket);
          throw new BusError('UNAVAILABLE', `bucket ${bucket}: ${String(error)}`, { cause: error });
        });
      this.stores.set(bucket, store);
    }
    return store;
  }

  private async watchConnection(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') this.setUp(false);
      else if (status.type === 'reconnect') this.setUp(true);
    }
  }

  /** Until the server has answered: what we held may be somebody else's by now. */
  private async verifyLeases(): Promise<void> {
    while (this.up && !this.closing) {
      try {
        await this.leases.verify();
        return;
      } catch (error) {
        this.trouble(`leases cannot be verified yet: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, VERIFY_PAUSE_MS));
      }
    }
  }

  private trouble(message: string): void {
    if (this.closing) return;
    for (const listener of this.troubleListeners) listener(message);
  }

  private setUp(up: boolean): void {
    if (up === this.up || this.closing) return;
    this.up = up;
    this.presence.connectionChanged(up);
    if (up) {
      for (const log of this.logs.values()) log.reconnected();
      void this.verifyLeases();
    }
    for (const listener of this.listeners) listener(up);
  }
}

class NatsMessage {
  constructor(private readonly message: Msg) {}

  get subject(): string {
    return this.message.subject;
  }
  get data(): Uint8Array {
    return this.message.data;
  }
  respond(data: Uint8Array): void {
    this.message.respond(data);
  }
}

class NatsKeyValue implements KeyValue {
  constructor(private readonly store: () => Promise<KV>) {}

  async get(key: string): Promise<Uint8Array | undefined> {
    const entry = await (await this.store()).get(key);
    return entry === null || entry.operation !== 'PUT' ? undefined : entry.value;
  }
  async put(key: string, value: Uint8Array): Promise<void> {
    await (await this.store()).put(key, value);
  }
  async delete(key: string): Promise<void> {
    await (await this.store()).delete(key);
  }
  async keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of await (await this.store()).keys()) keys.push(key);
    return keys;
  }
}

function busError(subject: string, timeoutMs: number, error: unknown): BusError {
  if (error instanceof errors.NoRespondersError || (error as Error).cause instanceof errors.NoRespondersError) {
    return new BusError('NO_RESPONDERS', `nobody answers on ${subject}`, { cause: error });
  }
  if (error instanceof errors.TimeoutError || (error as Error).cause instanceof errors.TimeoutError) {
    return new BusError('TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`, { cause: error });
  }
  return new BusError('UNAVAILABLE', `request on ${subject}: ${String(error)}`, { cause: error });
}
