import {
  type Broker,
  type BrokerBucket,
  BusError,
  type BusErrorCode,
  type BrokerMessage,
  type PublishConfirmation,
  type StreamOptions,
  type StreamPublisher,
  type StreamState,
  type Subscription,
} from '@iec104mm2ss/bus';
import { every, sleep, type Stoppable } from '@iec104mm2ss/runtime';
import type { ProcessEnd, SimProcess } from '../world/sim-process.ts';
import type { ClientLink, Delivered, LinkUser } from './client-link.ts';
import type { Cluster } from './cluster.ts';
import { SimPublisher } from './sim-publisher.ts';
import type { Store } from './store.ts';

/** As the real client is set up: see libs/bus/src/nats. */
const RECONNECT_WAIT_MS = 250;
const RECONNECT_JITTER_MS = 250;
const PING_INTERVAL_MS = 2_000;
const MAX_PINGS_OUT = 2;
const DIAL_LIMIT_MS = 3_000;
const API_TIMEOUT_MS = 2_000;
const CLOSE_LIMIT_MS = 1_000;

interface Waiting {
  resolve(data: Uint8Array): void;
  reject(error: BusError): void;
}

/** The client of the simulated servers in one process. It loses what the real one loses. */
export class SimBroker implements Broker, LinkUser, ProcessEnd {
  readonly inbox: string;
  private link: ClientLink | undefined;
  private isConnected = false;
  private closing = false;
  private ids = 0;
  private pingsOut = 0;
  private pinging: Stoppable | undefined;
  private readonly subscriptions = new Map<number, { pattern: string; handler: (message: BrokerMessage) => void }>();
  private readonly requests = new Map<string, Waiting>();
  private readonly publishers = new Set<SimPublisher>();
  private connectionListeners: ((connected: boolean) => void)[] = [];
  private troubleListeners: ((message: string) => void)[] = [];
  private received: (() => void)[] = [];

  private constructor(
    private readonly process: SimProcess,
    private readonly cluster: Cluster,
  ) {
    this.inbox = `_INBOX.${process.name}-${process.instance}.`;
  }

  /** Connects, waiting for a server for as long as it takes. */
  static connect(process: SimProcess, cluster: Cluster): Promise<SimBroker> {
    const broker = new SimBroker(process, cluster);
    process.ends.add(broker);
    return new Promise((resolve) => broker.dial(() => resolve(broker)));
  }

  get connected(): boolean {
    return this.isConnected;
  }

  get server(): string {
    return `${this.cluster.addresses[this.link?.server ?? 0]}:4222`;
  }

  get subscriptionCount(): number {
    return this.subscriptions.size;
  }

  /** Subscriptions that nobody had given back when it was closed. */
  subscriptionsLeft = 0;

  publish(subject: string, data: Uint8Array): void {
    this.send(subject, data, undefined);
  }

  subscribe(pattern: string, handler: (message: BrokerMessage) => void): Subscription {
    const id = ++this.ids;
    this.subscriptions.set(id, { pattern, handler });
    if (this.process.effect()) this.link?.subscribe(id, pattern);
    return {
      unsubscribe: () => {
        if (this.subscriptions.delete(id) && this.process.effect()) this.link?.unsubscribe(id);
      },
    };
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.closing) return Promise.reject(new BusError('CLOSED', `the bus was closed: ${subject}`));
    const reply = `${this.inbox}${++this.ids}`;
    return new Promise((resolve, reject) => {
      const timer = this.process.setTimer(() => {
        this.requests.delete(reply);
        reject(new BusError('TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`));
      }, timeoutMs);
      const done = (): void => {
        this.requests.delete(reply);
        this.process.clearTimer(timer);
      };
      this.requests.set(reply, {
        resolve: (answer) => {
          done();
          resolve(answer);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      this.send(subject, data, reply);
    });
  }

  askAll(subject: string, data: Uint8Array, onAnswer: (answer: Uint8Array) => void): Subscription {
    const reply = `${this.inbox}${++this.ids}`;
    this.requests.set(reply, { resolve: onAnswer, reject: () => undefined });
    this.send(subject, data, reply);
    return { unsubscribe: () => void this.requests.delete(reply) };
  }

  flush(): Promise<void> {
    return this.ask('flush', (answer) => answer(undefined));
  }

  probe(subject: string): Promise<boolean> {
    return this.ask('probe', (answer) => answer(this.cluster.hasInterest(subject)));
  }

  // ---- what is stored -----------------------------------------------------------------------------------------------

  ensureStream(options: StreamOptions): Promise<{ readonly replicas: number }> {
    const { servers } = this.cluster.options;
    if (options.replicas > servers) return Promise.reject(new BusError('UNAVAILABLE', 'no suitable peers'));
    return this.store(`stream ${options.name}`, (store) => {
      store.ensureStream(options);
      return { replicas: options.replicas };
    });
  }

  streamState(stream: string): Promise<StreamState> {
    return this.store(`state of ${stream}`, (store) => found(store.streams.get(stream), stream).state, false);
  }

  streamMessage(stream: string, sequence: number): Promise<Uint8Array | undefined> {
    return this.store(`get ${stream}`, (store) => found(store.streams.get(stream), stream).message(sequence), false);
  }

  streamTail(stream: string, subject: string, maxMessages: number): Promise<Uint8Array[]> {
    const read = (store: Store): Uint8Array[] => found(store.streams.get(stream), stream).tail(subject, maxMessages);
    return this.store(`tail of ${stream}`, read, false);
  }

  purge(stream: string, sequence: number): Promise<void> {
    return this.store(`purge ${stream}`, (store) => found(store.streams.get(stream), stream).purge(sequence));
  }

  openPublisher(onConfirmed: (confirmation: PublishConfirmation) => void): StreamPublisher {
    const publisher = new SimPublisher(
      this.process,
      this.cluster,
      () => this.link,
      onConfirmed,
      () => {
        this.publishers.delete(publisher);
      },
    );
    this.publishers.add(publisher);
    return publisher;
  }

  async bucket(name: string, options: { readonly replicas: number }): Promise<BrokerBucket> {
    if (options.replicas > this.cluster.options.servers) throw new BusError('UNAVAILABLE', 'no suitable peers');
    await this.store(`bucket ${name}`, (store) => void store.bucket(name));
    const of = (store: Store) => found(store.buckets.get(name), `bucket ${name}`);
    return {
      get: (key) => this.store(`get ${name}/${key}`, (store) => of(store).get(key), false),
      put: (key, value) => this.store(`put ${name}/${key}`, (store) => of(store).put(key, value)),
      swap: (key, value, revision) =>
        this.store(`swap ${name}/${key}`, (store) => {
          if (!of(store).swap(key, value, revision)) throw new BusError('CONFLICT', `${name}/${key} was changed`);
        }),
      delete: (key) => this.store(`delete ${name}/${key}`, (store) => of(store).delete(key)),
      keys: () => this.store(`keys of ${name}`, (store) => of(store).keys(), false),
    };
  }

  durability(): Promise<{ readonly syncsAlways: boolean | 'unknown'; readonly reason: string }> {
    const { sync } = this.cluster.options;
    return Promise.resolve({ syncsAlways: sync === 'always', reason: `sync_interval is ${sync}` });
  }

  // ---- connection ---------------------------------------------------------------------------------------------------

  onConnection(listener: (connected: boolean) => void): void {
    this.connectionListeners.push(listener);
  }

  onDenied(): void {
    // Everything is permitted.
  }

  onTrouble(listener: (message: string) => void): void {
    this.troubleListeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    this.pinging?.stop();
    if (this.link !== undefined) {
      // A server that hangs would hold us back.
      const drained = this.ask('drain', (answer) => answer(undefined)).catch(() => undefined);
      await Promise.race([drained, sleep(this.process, CLOSE_LIMIT_MS)]);
    }
    for (const waiting of [...this.requests.values()]) waiting.reject(new BusError('CLOSED', 'the bus was closed'));
    for (const publisher of [...this.publishers]) publisher.close();
    this.subscriptionsLeft = this.subscriptions.size;
    this.subscriptions.clear();
    this.link?.close();
    this.link = undefined;
    this.process.ends.delete(this);
  }

  onProcessEnd(): void {
    this.link?.close();
    this.link = undefined;
  }

  // ---- from the server ----------------------------------------------------------------------------------------------

  onMessage(subscription: number, { subject, data, reply }: Delivered): void {
    this.receive(() => {
      const respond = (answer: Uint8Array): void => {
        if (reply !== undefined) this.send(reply, answer, undefined);
      };
      this.subscriptions.get(subscription)?.handler({ subject, data, respond });
    });
  }

  onReply(reply: string, data: Uint8Array | undefined): void {
    this.receive(() => {
      const waiting = this.requests.get(reply);
      if (data !== undefined) waiting?.resolve(data);
      else waiting?.reject(new BusError('NO_RESPONDERS', 'nobody answers'));
    });
  }

  onRun(run: () => void): void {
    this.receive(run);
  }

  onEnd(): void {
    this.receive(() => this.lost());
  }

  /** What came in one go is handled in one go, as a client does that reads from a socket. */
  private receive(run: () => void): void {
    this.received.push(run);
    if (this.received.length > 1) return;
    this.process.post('io', 'bus', () => {
      const batch = this.received;
      this.received = [];
      for (const handle of batch) handle();
    });
  }

  private send(subject: string, data: Uint8Array, reply: string | undefined): void {
    if (this.closing || !this.process.effect()) return;
    // While there is no connection everything is lost, as in the real client.
    this.link?.publish(subject, new Uint8Array(data), reply);
  }

  private lost(): void {
    if (this.link === undefined) return;
    this.link.close();
    this.link = undefined;
    this.received = [];
    this.pinging?.stop();
    if (this.closing) return;
    this.setConnected(false);
    this.redial(() => this.setConnected(true));
  }

  private redial(then: () => void): void {
    const wait = RECONNECT_WAIT_MS + this.cluster.random.between(0, RECONNECT_JITTER_MS);
    this.process.setTimer(() => this.dial(then), wait);
  }

  private dial(then: () => void): void {
    if (this.closing || !this.process.effect()) return;
    const { cluster, process } = this;
    const { world, network } = cluster;
    const server = cluster.random.integer(0, cluster.addresses.length - 1);
    const address = cluster.addresses[server] as string;
    const again = (): void => process.post('io', 'bus', () => this.redial(then));
    const path = network.paths.between(process.address, address);
    world.after(path.passes ? 2 * path.delay() : DIAL_LIMIT_MS, () => {
      if (process.dead) return;
      if (!path.passes || !cluster.isUp(server)) return again();
      process.post('io', 'bus', () => {
        if (!process.effect() || !cluster.isUp(server)) return this.redial(then);
        this.link = cluster.connect(process.address, server, this);
        for (const [id, { pattern }] of this.subscriptions) this.link.subscribe(id, pattern);
        this.isConnected = true;
        this.pingsOut = 0;
        this.pinging = every(process, PING_INTERVAL_MS, () => this.ping());
        then();
      });
    });
  }

  private ping(): void {
    const { link } = this;
    if (link === undefined) return;
    if (this.pingsOut >= MAX_PINGS_OUT) {
      this.trouble('the server is silent');
      this.lost();
      return;
    }
    this.pingsOut++;
    link.up(() => link.run(() => (this.pingsOut = 0)));
  }

  private setConnected(connected: boolean): void {
    if (this.closing) return;
    this.isConnected = connected;
    for (const listener of this.connectionListeners) listener(connected);
  }

  private trouble(message: string): void {
    for (const listener of this.troubleListeners) listener(message);
  }

  // ---- asking the server --------------------------------------------------------------------------------------------

  private store<T>(what: string, operation: (store: Store) => T, writes = true): Promise<T> {
    return this.ask<T>(what, (answer, refuse) => {
      const guarded = (store: Store): { readonly value: T } | { readonly error: BusError } => {
        try {
          return { value: operation(store) };
        } catch (error) {
          return { error: error instanceof BusError ? error : new BusError('UNAVAILABLE', String(error)) };
        }
      };
      this.cluster.execute(
        guarded,
        (result) => {
          if ('error' in result) refuse(result.error.code, result.error.message);
          else answer(result.value);
        },
        () => refuse('UNAVAILABLE', `${what}: no leader`),
        writes,
      );
    });
  }

  private ask<T>(
    what: string,
    atServer: (answer: (value: T) => void, refuse: (code: BusErrorCode, message: string) => void) => void,
  ): Promise<T> {
    if (this.closing && what !== 'drain') return Promise.reject(new BusError('CLOSED', `the bus was closed: ${what}`));
    return new Promise((resolve, reject) => {
      let open = true;
      const settle = (then: () => void): void => {
        if (!open) return;
        open = false;
        this.process.clearTimer(timer);
        then();
      };
      const fail = (code: BusErrorCode, message: string): void => settle(() => reject(new BusError(code, message)));
      const timer = this.process.setTimer(() => fail('TIMEOUT', `${what}: no answer`), API_TIMEOUT_MS);
      const { link } = this;
      if (link === undefined || !this.process.effect()) return;
      link.up(() =>
        atServer(
          (value) => link.run(() => settle(() => resolve(value))),
          (code, message) => link.run(() => fail(code, message)),
        ),
      );
    });
  }
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new BusError('UNAVAILABLE', `${what} does not exist`);
  return value;
}
