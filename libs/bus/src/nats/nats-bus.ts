import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, jetstreamManager, type JetStreamManager, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { errors, type Msg, type NatsConnection } from '@nats-io/transport-node';
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
import { connectPatiently, type Failure, patiently, whyNotConnected } from './nats-connect.js';
import { NatsEventLog } from './nats-event-log.js';
import { type NatsOptions } from './nats-options.js';
import { Presence } from './presence.js';

const DEFAULT_CAPACITY = 1_000;
const LEASE_BUCKET = 'iec104_leases';
/** JetStream calls fail after this long, so that a lost server is noticed and the call repeated. */
const API_TIMEOUT_MS = 2_000;
const VERIFY_PAUSE_MS = 500;
const DRAIN_LIMIT_MS = 1_000;
/** How often it is said why there is no connection, and at most that a message was not permitted. */
const OUTAGE_REPORT_MS = 3_000;
const COMPLAINT_PAUSE_MS = 5_000;

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

  /**
   * Connects and makes sure of what has to exist, waiting for servers for as long as it takes; `waiting` hears why.
   *
   * @throws {BusError} REFUSED when waiting does not help: wrong credentials, certificates, files, or no JetStream
   */
  static async connect(options: NatsOptions, waiting: (reason: string) => void = () => undefined): Promise<NatsBus> {
    const bus = new NatsBus(await connectPatiently(options, waiting), options);
    if (options.listenOnly === true) return bus;
    try {
      await patiently(() => bus.store(LEASE_BUCKET), storageFailure, waiting);
    } catch (error) {
      await bus.close();
      throw error;
    }
    return bus;
  }

  private readonly presence: Presence;
  private readonly leases: Leases;
  private outage: NodeJS.Timeout | undefined;
  private complainedAt = -Infinity;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly options: NatsOptions,
  ) {
    this.interest = new Interest(connection);
    this.presence = new Presence(connection, options.instance);
    this.leases = new Leases(
      () => this.store(LEASE_BUCKET),
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
    clearInterval(this.outage);
    // A server that hangs would hold us back.
    if (this.up) await Promise.race([this.connection.drain(), delay(DRAIN_LIMIT_MS, undefined, { ref: false })]);
    await this.connection.close();
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
      store = this.openStore(bucket).catch((error: unknown) => {
        this.stores.delete(bucket);
        throw new BusError('UNAVAILABLE', `bucket ${bucket}: ${String(error)}`, { cause: error });
      });
      this.stores.set(bucket, store);
    }
    return store;
  }

  /** Values are asked of the bucket's leader (no direct get): another replica may still have the last but one. */
  private async openStore(bucket: string): Promise<KV> {
    const { replicas } = this.options;
    const store = await new Kvm(jetstream(this.connection, { timeout: API_TIMEOUT_MS })).create(bucket, {
      history: 1,
      replicas,
      storage: StorageType.File,
      allow_direct: false,
    });
    const status = await store.status();
    if (status.replicas < replicas) {
      await (await this.manager()).streams.update(status.streamInfo.config.name, { num_replicas: replicas });
    }
    return store;
  }

  private async watchConnection(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') this.setUp(false);
      else if (status.type === 'reconnect') this.setUp(true);
      else if (status.type === 'error' && status.error instanceof errors.PermissionViolationError) {
        this.complain(status.error.message);
      }
    }
  }

  /** For what may happen with every message: once in a while is enough. */
  private complain(message: string): void {
    const now = performance.now();
    if (now - this.complainedAt < COMPLAINT_PAUSE_MS) return;
    this.complainedAt = now;
    this.trouble(message);
  }

  private async reportOutage(): Promise<void> {
    const reason = await whyNotConnected(this.options);
    if (!this.up && reason !== undefined) this.trouble(reason);
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
    clearInterval(this.outage);
    if (!up) this.outage = setInterval(() => void this.reportOutage(), OUTAGE_REPORT_MS);
    else {
      // The server may be another one, or have lost its store.
      this.stores.clear();
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

const NO_REPLICAS_WITHOUT_CLUSTER = 10074;

function storageFailure(error: unknown): Failure {
  const cause = (error as Error).cause as (Error & { code?: number }) | undefined;
  if (cause?.code === NO_REPLICAS_WITHOUT_CLUSTER) {
    return { reason: '3 replicas need a cluster of 3 servers, and this server is alone', final: true };
  }
  if (cause instanceof errors.TimeoutError) {
    const reason = 'JetStream does not answer: a cluster needs a majority of its servers and a leader';
    return { reason, final: false };
  }
  const off = cause?.name === 'JetStreamNotEnabled' || cause?.cause instanceof errors.NoRespondersError;
  return {
    reason: off ? 'the server has no JetStream (is it started with -js?)' : (error as Error).message,
    final: off,
  };
}
