import { jetstream, jetstreamManager, type JetStreamManager, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { every, sleep, type Stoppable } from '@iec104mm2ss/runtime';
import { errors, type Msg, type NatsConnection } from '@nats-io/transport-node';
import pLimit from 'p-limit';
import type {
  Broker,
  BrokerBucket,
  BrokerMessage,
  PublishConfirmation,
  StreamOptions,
  StreamPublisher,
  StreamState,
} from '../broker.js';
import { BusError, type Denied, type Durability, type Subscription } from '../bus.js';
import { LEASE_BUCKET } from '../stored-names.js';
import { Asking } from './asking.js';
import { saidOn } from './heard-from.js';
import { Hearing } from './hearing.js';
import { isAskInbox } from './inboxes.js';
import { NatsBucket } from './nats-bucket.js';
import { whyNotConnected } from './nats-connect.js';
import { Recurrence } from './recurrence.js';
import { askDurability, monitorUrls } from './nats-durability.js';
import { busError, isNotFound } from './nats-errors.js';
import { mayCreate, type NatsOptions } from './nats-options.js';
import { NatsPublisher } from './nats-publisher.js';
import { NatsStreams } from './nats-streams.js';
import { subscribeAgain } from './nats-subscription.js';
import { ServerWatch } from './server-watch.js';
import { storeApi } from './store-prefix.js';

/** JetStream calls fail after this long, so that a lost server is noticed and the call repeated. */
const API_TIMEOUT_MS = 2_000;
/**
 * Questions about logs and small values at a time. With one for each of a thousand groups the last ones would wait for the server's disk
 * until they are given up, and be asked again.
 */
const QUESTIONS_AT_ONCE = 32;
const CLOSE_LIMIT_MS = 1_000;
/** How long the answer to a probe may take. */
const PROBE_MS = 250;
const MAX_DENIED_BEFORE = 100;
/** How often it is asked why there is no connection. */
const OUTAGE_LOOK_MS = 3_000;

/** NATS for messages, JetStream for streams and small values. */
export class NatsBroker implements Broker {
  private up = true;
  private closing = false;
  private readonly streams: NatsStreams;
  private readonly connectionListeners: ((connected: boolean) => void)[] = [];
  private readonly troubleListeners: ((message: string) => void)[] = [];
  private readonly deniedListeners: ((denied: Denied) => void)[] = [];
  /** What was denied before anybody listened. */
  private deniedBefore: Denied[] = [];
  private readonly watch: ServerWatch;
  private readonly asking: Asking;
  private readonly inTurn = pLimit(QUESTIONS_AT_ONCE);
  /** Where processes have names. */
  private readonly hearing: Hearing<Msg> | undefined;
  private managing: Promise<JetStreamManager> | undefined;
  private outageWatch: Stoppable | undefined;
  private outageReports: Recurrence;
  /** Why there is no connection, as far as that is known. */
  outage: string | undefined;

  constructor(
    private readonly connection: NatsConnection,
    private readonly options: NatsOptions,
  ) {
    this.streams = new NatsStreams(
      () => this.manager(),
      mayCreate(options) ? undefined : (message) => this.trouble(message),
    );
    this.watch = new ServerWatch(
      options.runtime.clock,
      () => this.connection.flush(),
      () => void this.connection.reconnect(),
    );
    this.outageReports = new Recurrence(options.runtime.clock);
    const { name, role, allGroups = false } = options;
    this.asking = new Asking(connection, options.runtime.clock, name, () => this.watch.heard());
    const listen = this.listen.bind(this);
    this.hearing = name === undefined ? undefined : new Hearing(listen, { name, role, allGroups });
    this.watch.start();
    void this.watchConnection();
  }

  get connected(): boolean {
    return this.up;
  }

  get server(): string {
    return this.connection.getServer();
  }

  publish(subject: string, data: Uint8Array): void {
    // The client would keep it, and send it when it is out of date.
    if (this.up && !this.closing) this.connection.publish(subject, data);
  }

  subscribe(pattern: string, handler: (message: BrokerMessage) => void): Subscription {
    if (this.hearing === undefined) return this.listen(pattern, (message) => handler(new NatsMessage(message)));
    return this.hearing.subscribe(pattern, (message) => handler(new NamedMessage(message)));
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    try {
      this.checkConnected();
      return await this.asking.ask(subject, data, timeoutMs);
    } catch (error) {
      throw busError(`request on ${subject}`, error);
    }
  }

  askAll(subject: string, data: Uint8Array, onAnswer: (answer: Uint8Array) => void): Subscription {
    if (!this.up || this.closing) return { unsubscribe: () => undefined };
    return this.asking.askAll(subject, data, (answer) => {
      if (answer !== undefined) onAnswer(answer.data);
    });
  }

  async flush(): Promise<void> {
    try {
      await this.connection.flush();
    } catch (error) {
      throw busError('flush', error);
    }
  }

  /** The server does not tell, but answers a message that wants a reply with "no responders" when nobody got it. */
  async probe(subject: string): Promise<boolean> {
    this.checkConnected();
    try {
      await this.asking.ask(subject.replace(/>$/, 'PROBE'), NOTHING, PROBE_MS);
    } catch (error) {
      return !(error instanceof BusError && error.code === 'NO_RESPONDERS');
    }
    return true;
  }

  ensureStream(stream: StreamOptions): Promise<{ readonly replicas: number }> {
    return this.askInTurn(`stream ${stream.name}`, () => this.streams.ensure(stream));
  }

  streamState(stream: string): Promise<StreamState> {
    return this.askInTurn(`state of ${stream}`, () => this.streams.state(stream));
  }

  streamMessage(stream: string, sequence: number): Promise<Uint8Array | undefined> {
    return this.ask(`message ${sequence} of ${stream}`, () => this.streams.message(stream, sequence));
  }

  streamTail(stream: string, subject: string, maxMessages: number): Promise<Uint8Array[]> {
    return this.askInTurn(`newest of ${stream}`, () => this.streams.tail(stream, subject, maxMessages));
  }

  purge(stream: string, sequence: number): Promise<void> {
    return this.askInTurn(`purge of ${stream}`, () => this.streams.purge(stream, sequence));
  }

  openPublisher(onConfirmed: (confirmation: PublishConfirmation) => void): StreamPublisher {
    return new NatsPublisher(this.connection, () => this.up && !this.closing, onConfirmed, this.options.name);
  }

  /** Values are asked of the bucket's leader (no direct get): another replica may still have the last but one. */
  bucket(name: string, { replicas }: { readonly replicas: number }): Promise<BrokerBucket> {
    return this.ask(`bucket ${name}`, async () => {
      if (!mayCreate(this.options)) return this.openBucket(name);
      const options = { history: 1, replicas, storage: StorageType.File, allow_direct: false };
      const store = await new Kvm(jetstream(this.connection, this.apiOptions)).create(name, options);
      const status = await store.status();
      if (status.replicas < replicas) {
        await (await this.manager()).streams.update(status.streamInfo.config.name, { num_replicas: replicas });
      }
      return this.bucketOf(store, name);
    });
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.connectionListeners.push(listener);
  }

  onDenied(listener: (denied: Denied) => void): void {
    this.deniedListeners.push(listener);
    for (const denied of this.deniedBefore.splice(0)) listener(denied);
  }

  onTrouble(listener: (message: string) => void): void {
    this.troubleListeners.push(listener);
  }

  durability(): Promise<Durability> {
    return askDurability(monitorUrls(this.options.servers, this.options.monitorUrl));
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    this.asking.fail(new BusError('CLOSED', 'the bus was closed'));
    this.outageWatch?.stop();
    this.watch.stop();
    // A server that hangs would hold us back.
    if (this.up) await Promise.race([this.connection.drain(), sleep(this.options.runtime.clock, CLOSE_LIMIT_MS)]);
    await this.connection.close();
  }

  private listen(pattern: string, handler: (message: Msg) => void): Subscription {
    return subscribeAgain(this.connection, this.options.runtime.clock, pattern, (message) => {
      this.watch.heard();
      handler(message);
    });
  }

  private askInTurn<T>(what: string, question: () => Promise<T>): Promise<T> {
    return this.inTurn(() => this.ask(what, question));
  }

  private async ask<T>(what: string, question: () => Promise<T>): Promise<T> {
    try {
      this.checkConnected();
      return await question();
    } catch (error) {
      throw busError(what, error);
    }
  }

  private checkConnected(): void {
    if (this.closing) throw new BusError('CLOSED', 'the bus was closed');
    // The client would send it after the caller has given up.
    if (!this.up) throw new BusError('UNAVAILABLE', 'no server is connected');
  }

  private get apiOptions(): { readonly timeout: number; readonly apiPrefix: string } {
    return { timeout: API_TIMEOUT_MS, ...storeApi(this.options.name) };
  }

  private manager(): Promise<JetStreamManager> {
    if (this.managing === undefined) {
      const managing = jetstreamManager(this.connection, {
        ...this.apiOptions,
        checkAPI: mayCreate(this.options),
      });
      this.managing = managing;
      managing.catch(() => (this.managing = undefined));
    }
    return this.managing;
  }

  private async watchConnection(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') this.setUp(false);
      else if (status.type === 'reconnect') this.setUp(true);
      else if (status.type === 'error' && status.error instanceof errors.PermissionViolationError) {
        const { operation, subject } = status.error;
        if (operation === 'publish') this.asking.denied(subject);
        this.onDenial({ operation, subject: saidOn(subject) });
      }
    }
  }

  private onDenial(denied: Denied): void {
    if (this.deniedListeners.length === 0 && this.deniedBefore.length < MAX_DENIED_BEFORE)
      this.deniedBefore.push(denied);
    for (const listener of this.deniedListeners) listener(denied);
  }

  /** `mm2ss nats-setup` has made it, with the copies that are wanted. */
  private async openBucket(name: string): Promise<BrokerBucket> {
    const store = await new Kvm(jetstream(this.connection, this.apiOptions)).open(name, { allow_direct: false });
    try {
      await this.streams.state(`KV_${name}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new Error(`there is no bucket ${name}: mm2ss nats-setup makes it`, { cause: error });
    }
    return this.bucketOf(store, name);
  }

  /** Who looks after leases asks for a few at a time, and in his own order. */
  private bucketOf(store: KV, name: string): NatsBucket {
    const inTurn = name === LEASE_BUCKET ? undefined : this.inTurn;
    return new NatsBucket(store, name, () => this.checkConnected(), inTurn);
  }

  private async reportOutage(): Promise<void> {
    const reason = await whyNotConnected(this.options);
    if (this.up || reason === undefined) return;
    this.outage = reason;
    if (this.outageReports.isDue(reason)) this.trouble(reason);
  }

  private setUp(up: boolean): void {
    if (up === this.up || this.closing) return;
    this.up = up;
    this.outageWatch?.stop();
    this.outage = undefined;
    const { clock } = this.options.runtime;
    if (up) this.watch.start();
    else {
      this.asking.fail(new BusError('UNAVAILABLE', 'the connection was lost'));
      this.watch.stop();
      this.outageReports = new Recurrence(clock);
      this.outageWatch = every(clock, OUTAGE_LOOK_MS, () => void this.reportOutage());
    }
    for (const listener of this.connectionListeners) listener(up);
  }

  private trouble(message: string): void {
    if (this.closing) return;
    for (const listener of this.troubleListeners) listener(message);
  }
}

class NatsMessage implements BrokerMessage {
  constructor(protected readonly message: Msg) {}

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

/** Where processes have names. */
class NamedMessage extends NatsMessage {
  override get subject(): string {
    return saidOn(this.message.subject);
  }
  /** Who asks may name any subject, and we may say more than he. */
  override respond(data: Uint8Array): void {
    if (isAskInbox(this.message.reply ?? '')) this.message.respond(data);
  }
}

const NOTHING = new Uint8Array(0);
