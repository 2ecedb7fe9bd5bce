import { type Runtime, sleep } from '@iec104mm2ss/runtime';
import { BEACON_MS, type LeaseEntry } from '@iec104mm2ss/wire';
import type { Broker } from '../broker.js';
import {
  type Bus,
  BusError,
  type Denied,
  type Durability,
  type EventLog,
  type EventLogOptions,
  type Journal,
  type JournalOptions,
  type KeyValue,
  type Lease,
  type LeaseOptions,
  type MessageHandler,
  type StorageTrouble,
  type Subscription,
} from '../bus.js';
import { DropCounter } from '../drop-counter.js';
import { LEASE_BUCKET, logStreamName } from '../stored-names.js';
import { BrokerEventLog } from './broker-event-log.js';
import { BrokerJournal } from './broker-journal.js';
import { BrokerKeyValue, Buckets } from './buckets.js';
import { Interest, NOBODY_MS } from './interest.js';
import { LeaseContenders } from './lease-contenders.js';
import { LeaseRaises } from './lease-raises.js';
import { LeaseStore } from './lease-store.js';
import { Leases } from './leases.js';
import { LoopWatch } from './loop-watch.js';
import { Presences } from './presences.js';
import { SilenceWatch } from './silence-watch.js';
import { StorageWatch } from './storage-watch.js';
import { type StoringBroker, WatchedBroker } from './watched-broker.js';

const DEFAULT_CAPACITY = 1_000;
/** How often a process looks after what it holds when there is nobody beside it: each time costs. */
const ALONE_TICK_MS = 700;

export interface BrokerBusOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random' | 'instance'>;
  /** Copies of every stream and bucket. */
  readonly replicas: number;
  /** True: subscribes only, creates nothing. */
  readonly listenOnly?: boolean;
  /** See Bus.name. */
  readonly name?: string | undefined;
  /** How long trimming an event log waits, ms; for the simulated world, whose stories are short. Default: TRIM_MS. */
  readonly trimMs?: number | undefined;
}

/** The bus between processes: messages, event logs, leases and small values on a broker. */
export class BrokerBus implements Bus {
  readonly kind = 'nats';
  readonly drops = new DropCounter();
  private readonly storage: StorageWatch;
  /** The broker, for what is stored. */
  private readonly stores: StoringBroker;
  private readonly buckets: Buckets;
  private closing = false;
  private readonly logs = new Map<string, BrokerEventLog>();
  private readonly journals = new Map<string, BrokerJournal>();
  private readonly connectionListeners: ((connected: boolean) => void)[] = [];
  private readonly troubleListeners: ((message: string) => void)[] = [];
  private readonly interest: Interest;
  private readonly presences: Presences;
  private readonly contenders: LeaseContenders;
  private readonly leaseStore: LeaseStore;
  private readonly leases: Leases;
  private readonly raises: LeaseRaises;
  private readonly silence: SilenceWatch;
  private loop: LoopWatch | undefined;
  private timer: unknown;

  constructor(
    private readonly broker: Broker,
    private readonly options: BrokerBusOptions,
  ) {
    const { runtime, replicas } = options;
    const { clock, instance } = runtime;
    const trouble = (message: string): void => this.trouble(message);
    this.silence = new SilenceWatch(clock, () => this.mayBeReplaced(false));
    const subscribe: Broker['subscribe'] = (pattern, handler) =>
      broker.subscribe(pattern, (message) => {
        this.silence.heard();
        handler(message);
      });
    const publish: Broker['publish'] = (subject, data) => broker.publish(subject, data);
    const presenceWorld = { broker: { publish, subscribe }, clock, instance, name: options.name, drops: this.drops };
    this.storage = new StorageWatch(
      clock,
      () => this.connected && !this.closing,
      (name) => this.buckets.forget(name),
    );
    this.stores = new WatchedBroker(broker, this.storage);
    this.buckets = new Buckets(this.stores, replicas);
    this.interest = new Interest(broker, clock);
    this.presences = new Presences(presenceWorld);
    this.contenders = new LeaseContenders(presenceWorld, this.presences);
    this.leaseStore = new LeaseStore(() => this.buckets.open(LEASE_BUCKET), clock, trouble);
    this.raises = new LeaseRaises(clock, this.leaseStore);
    this.leases = new Leases({
      clock,
      random: () => runtime.random(),
      instance,
      connected: () => this.connected,
      store: this.leaseStore,
      contenders: this.contenders,
      lookAtLoop: () => this.loop?.look(),
      trouble,
    });
    broker.onConnection((connected) => this.onBrokerConnection(connected));
    broker.onTrouble(trouble);
  }

  get connected(): boolean {
    return this.broker.connected;
  }

  get name(): string | undefined {
    return this.options.name;
  }

  get server(): string {
    return this.broker.server;
  }

  get outage(): string | undefined {
    return this.broker.outage;
  }

  publish(subject: string, data: Uint8Array): void {
    if (this.closing) return;
    if (this.connected) this.broker.publish(subject, data);
    // Kept until the connection is back it would be out of date; everybody states what it has again then.
    else this.drops.add(subject, 'DISCONNECTED', 'published while the server could not be reached');
  }

  subscribe(pattern: string, handler: MessageHandler): Subscription {
    if (this.closing) return { unsubscribe: () => undefined };
    return this.broker.subscribe(pattern, (message) => {
      this.silence.mayAct();
      try {
        handler(message);
      } catch (error) {
        this.drops.add(message.subject, 'HANDLER', String(error));
      }
    });
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.closing) return Promise.reject(new BusError('CLOSED', `the bus was closed: ${subject}`));
    return this.broker.request(subject, data, timeoutMs);
  }

  askAll(subject: string, data: Uint8Array, onAnswer: (answer: Uint8Array) => void): Subscription {
    if (this.closing) return { unsubscribe: () => undefined };
    return this.broker.askAll(subject, data, (answer) => {
      this.silence.heard();
      try {
        onAnswer(answer);
      } catch (error) {
        this.drops.add(subject, 'HANDLER', String(error));
      }
    });
  }

  hasInterest(subject: string): boolean {
    return subject.endsWith('.>') ? this.interest.has(subject) : true;
  }

  async listening(): Promise<void> {
    await this.broker.flush();
    // Who has found nobody believes it for so long.
    await sleep(this.options.runtime.clock, NOBODY_MS);
  }

  eventLog(group: string, options?: EventLogOptions): EventLog {
    let log = this.logs.get(group);
    if (log === undefined) {
      const { broker, stores, drops } = this;
      const { runtime, replicas, trimMs } = this.options;
      const trouble = (message: string): void => this.trouble(message);
      const random = (): number => runtime.random();
      const world = { broker, stores, clock: runtime.clock, random, drops, replicas, trimMs, trouble };
      log = new BrokerEventLog(world, group, options?.capacity ?? DEFAULT_CAPACITY);
      this.logs.set(group, log);
    } else if (options !== undefined) log.resize(options.capacity);
    return log;
  }

  forgetGroup(group: string): void {
    this.logs.get(group)?.stop();
    this.logs.delete(group);
    this.storage.forget(logStreamName(group));
  }

  keyValue(bucket: string): KeyValue {
    return new BrokerKeyValue(() => this.buckets.open(bucket));
  }

  journal(name: string, options: JournalOptions): Journal {
    let journal = this.journals.get(name);
    if (journal === undefined) {
      const { runtime, replicas } = this.options;
      const creates = this.options.listenOnly !== true;
      const world = { broker: this.stores, clock: runtime.clock, replicas, creates };
      journal = new BrokerJournal(world, name, options);
      this.journals.set(name, journal);
    }
    return journal;
  }

  lease(options: LeaseOptions): Lease {
    this.startTicking();
    return this.leases.add(options);
  }

  leaseEntry(key: string, claimed?: number): Promise<LeaseEntry> {
    const known = this.leaseStore.known(key);
    const isOwn = known?.holder === this.options.runtime.instance && known.fence === claimed;
    if (isOwn && this.connected && this.leases.isCertain(key)) return Promise.resolve(known);
    return this.leaseStore.entry(key);
  }

  raiseFence(key: string, above: number): void {
    if (this.closing) return;
    if (this.name === undefined || this.leases.wants(key)) this.raises.raise(key, above);
    else this.trouble(`the entry of lease ${key} was set back below ${above}; who may hold it will take it again`);
  }

  join(pool: string): void {
    this.startTicking();
    const presence = this.presences.ofMembers(pool);
    if (!presence.speaks) presence.speak(() => this.leases.heldIn(pool));
  }

  onMemberGone(pool: string, listener: (instance: string) => void): void {
    this.startTicking();
    this.presences.ofMembers(pool).onGone((member) => this.call('a member is gone', () => listener(member.instance)));
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.connectionListeners.push(listener);
  }

  onDenied(listener: (denied: Denied) => void): void {
    this.broker.onDenied(listener);
  }

  onTrouble(listener: (message: string) => void): void {
    this.troubleListeners.push(listener);
  }

  storageTroubles(group?: string): readonly StorageTrouble[] {
    return this.storage.troubles(group);
  }

  durability(): Promise<Durability> {
    return this.broker.durability();
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.leases.stop();
    this.raises.stop();
    this.contenders.stop();
    for (const log of this.logs.values()) log.stop();
    for (const journal of this.journals.values()) journal.stop();
    this.presences.stop();
    this.closing = true;
    this.options.runtime.clock.clearTimer(this.timer);
    await this.broker.close();
  }

  private trouble(message: string): void {
    if (this.closing) return;
    for (const listener of this.troubleListeners) listener(message);
  }

  /** Who has no lease and no member to look after needs no timer. */
  private startTicking(): void {
    if (this.loop !== undefined) return;
    const { clock } = this.options.runtime;
    this.loop = new LoopWatch(clock, () => this.mayBeReplaced(true));
    this.armTick();
  }

  private armTick(): void {
    const periodMs = this.presences.alone ? ALONE_TICK_MS : BEACON_MS;
    this.timer = this.options.runtime.clock.setTimer(() => this.tick(), periodMs);
  }

  private tick(): void {
    this.armTick();
    this.loop?.tick();
    if (!this.connected) return;
    this.presences.tick();
    this.storage.tick();
    this.leases.tick();
  }

  /** It was held up or cut off for so long that others may have taken what it holds, and could hear nobody meanwhile. */
  private mayBeReplaced(heldUp: boolean): void {
    this.presences.grantTime();
    this.leases.mayBeReplaced(heldUp);
  }

  private onBrokerConnection(connected: boolean): void {
    if (this.closing) return;
    this.presences.grantTime();
    if (connected) {
      this.presences.send();
      this.buckets.reconnected();
      for (const log of this.logs.values()) log.reconnected();
      for (const journal of this.journals.values()) journal.reconnected();
      this.leases.reconnected();
    }
    for (const listener of this.connectionListeners) this.call('the connection changed', () => listener(connected));
  }

  /** A listener may throw: that stops nothing here. */
  private call(what: string, listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.trouble(`${what}: ${String(error)}`);
    }
  }
}
