import { join } from 'node:path';
import { type Clock, SYSTEM_CLOCK, WorkList } from '@iec104mm2ss/runtime';
import type { LeaseEntry } from '@iec104mm2ss/wire';
import {
  type Bus,
  BusError,
  type EventLog,
  type Journal,
  type JournalOptions,
  type KeyValue,
  type Lease,
  type LeaseOptions,
  type Message,
  type MessageHandler,
  type Subscription,
} from '../bus.js';
import { DropCounter } from '../drop-counter.js';
import { KEPT_BUCKET } from '../stored-names.js';
import { GroupSubjects, journalSubject } from '../subjects.js';
import { FileKeyValue } from './file-key-value.js';
import { JournalFile } from './journal-file.js';
import { MemoryEventLog } from './memory-event-log.js';
import { MemoryJournal } from './memory-journal.js';
import { MemoryKeyValue } from './memory-key-value.js';
import { MemoryLeases } from './memory-leases.js';
import { isPattern, matches, overlap } from './subject-pattern.js';

interface Subscriber {
  readonly handler: MessageHandler;
  live: boolean;
}

interface WildSubscriber {
  readonly tokens: readonly string[];
  readonly subscriber: Subscriber;
}

export interface MemoryBusOptions {
  readonly clock?: Clock;
  /** Name of this process, as the holder of leases. */
  readonly instance?: string;
  /** Folder in which journals, and the bucket KEPT_BUCKET, are kept; without it they end with the process. */
  readonly directory?: string | undefined;
  /** See Bus.name. Nobody else is here who could speak: for tests only. */
  readonly name?: string;
}

/**
 * The bus of one process: nothing to install, nothing copied, nothing but journals and KEPT_BUCKET kept after the process ends.
 *
 * A published message is delivered in the same turn: at once when no handler is running, else right after it.
 */
export class MemoryBus implements Bus {
  readonly kind = 'memory';
  readonly connected = true;
  readonly server = undefined;
  readonly name: string | undefined;

  readonly drops = new DropCounter();
  private readonly clock: Clock;
  private readonly exact = new Map<string, readonly Subscriber[]>();
  private wild: readonly WildSubscriber[] = [];
  /** Answers of `hasInterest` since the subscriptions last changed. */
  private readonly interest = new Map<string, boolean>();
  private readonly openRequests = new Set<(error: BusError) => void>();
  private readonly logs = new Map<string, MemoryEventLog>();
  private readonly journals = new Map<string, MemoryJournal>();
  private readonly buckets = new Map<string, KeyValue>();
  private readonly leases: MemoryLeases;
  private readonly pending = new WorkList<() => void>();
  private readonly troubleListeners: ((message: string) => void)[] = [];
  private dispatching = false;
  private closed = false;

  constructor(private readonly options: MemoryBusOptions = {}) {
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.name = options.name;
    this.leases = new MemoryLeases(options.instance ?? 'this process', (tell) =>
      this.clock.endOfTurn(() => this.run(tell)),
    );
  }

  publish(subject: string, data: Uint8Array): void {
    this.deliver(subject, data, ignore);
  }

  subscribe(pattern: string, handler: MessageHandler): Subscription {
    const subscriber: Subscriber = { handler, live: true };
    // New arrays each time: a message that waits for its delivery keeps the subscribers it was published to.
    if (isPattern(pattern)) {
      this.wild = [...this.wild, { tokens: pattern.split('.'), subscriber }];
    } else this.exact.set(pattern, [...(this.exact.get(pattern) ?? []), subscriber]);
    this.interest.clear();
    return { unsubscribe: () => this.unsubscribe(pattern, subscriber) };
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.closed) return Promise.reject(new BusError('CLOSED', 'the bus is closed'));
    if (!this.hasInterest(subject)) {
      return Promise.reject(new BusError('NO_RESPONDERS', `nobody answers on ${subject}`));
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.clock.clearTimer(timer);
        this.openRequests.delete(fail);
      };
      const fail = (error: BusError): void => {
        settle();
        reject(error);
      };
      const timer = this.clock.setTimer(
        () => fail(new BusError('TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.openRequests.add(fail);
      this.deliver(subject, data, (answer) => {
        settle();
        resolve(answer);
      });
    });
  }

  askAll(subject: string, data: Uint8Array, onAnswer: (answer: Uint8Array) => void): Subscription {
    let open = true;
    const take = (answer: Uint8Array): void => {
      if (!open || this.closed) return;
      try {
        onAnswer(answer);
      } catch (error) {
        this.drops.add(subject, 'HANDLER', String(error));
      }
    };
    this.deliver(subject, data, (answer) => this.run(() => take(answer)));
    return { unsubscribe: () => void (open = false) };
  }

  listening(): Promise<void> {
    return Promise.resolve();
  }

  /** `subject` may be a pattern: is there anybody whom one of its subjects could reach? */
  hasInterest(subject: string): boolean {
    if (this.exact.has(subject)) return true;
    let interest = this.interest.get(subject);
    if (interest === undefined) {
      interest = this.overlapsAny(subject.split('.'));
      this.interest.set(subject, interest);
    }
    return interest;
  }

  eventLog(group: string): EventLog {
    let log = this.logs.get(group);
    if (log === undefined) {
      const subject = new GroupSubjects(group).log;
      log = new MemoryEventLog(
        this.clock,
        (deliver) => this.run(deliver),
        (error) => this.drops.add(subject, 'HANDLER', String(error)),
      );
      this.logs.set(group, log);
    }
    return log;
  }

  forgetGroup(group: string): void {
    this.logs.delete(group);
  }

  keyValue(bucket: string): KeyValue {
    let store = this.buckets.get(bucket);
    if (store === undefined) {
      const { directory } = this.options;
      const isKept = bucket === KEPT_BUCKET && directory !== undefined;
      store = isKept ? new FileKeyValue(join(directory, 'kept')) : new MemoryKeyValue();
      this.buckets.set(bucket, store);
    }
    return store;
  }

  journal(name: string, options: JournalOptions): Journal {
    let journal = this.journals.get(name);
    if (journal === undefined) {
      const { directory } = this.options;
      const file =
        directory === undefined ? undefined : new JournalFile(join(directory, `${name}.jsonl`), options.maxOctets);
      const publish = (group: string, entry: Uint8Array): void => this.publish(journalSubject(name, group), entry);
      journal = new MemoryJournal(this.clock, options, publish, file);
      this.journals.set(name, journal);
    }
    return journal;
  }

  lease(options: LeaseOptions): Lease {
    return this.leases.add(options);
  }

  leaseEntry(key: string): Promise<LeaseEntry> {
    return Promise.resolve(this.leases.entry(key));
  }

  raiseFence(): void {
    // Nothing sets a lease back that is in memory.
  }

  join(): void {
    // One process is its only member.
  }

  onMemberGone(): void {
    // And does not outlive itself.
  }

  onTrouble(listener: (message: string) => void): void {
    this.troubleListeners.push(listener);
  }

  storageTroubles(): [] {
    // Nothing is stored on a server.
    return [];
  }

  onDenied(): void {
    // Everything is permitted.
  }

  onConnection(): void {
    // Always connected.
  }

  durability(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.exact.clear();
    this.wild = [];
    this.interest.clear();
    for (const fail of [...this.openRequests]) fail(new BusError('CLOSED', 'the bus was closed'));
    await Promise.all([...this.journals.values()].map((journal) => journal.close()));
  }

  private deliver(subject: string, data: Uint8Array, respond: (answer: Uint8Array) => void): void {
    if (this.closed) return;
    const exact = this.exact.get(subject);
    const { wild } = this;
    if (exact === undefined && wild.length === 0) return;
    const message: Message = { subject, data, respond };
    // All subscribers in one go: what the first of them publishes must not overtake this message on its way to the others.
    this.run(() => {
      if (exact !== undefined) for (const subscriber of exact) this.hand(subscriber, message);
      for (const { tokens, subscriber } of wild) if (matches(tokens, subject)) this.hand(subscriber, message);
    });
  }

  private hand(subscriber: Subscriber, message: Message): void {
    if (!subscriber.live) return;
    try {
      subscriber.handler(message);
    } catch (error) {
      this.drops.add(message.subject, 'HANDLER', String(error));
    }
  }

  /** Runs `deliver` now, or after the handler that is running. */
  private run(deliver: () => void): void {
    if (this.dispatching) {
      this.pending.add(deliver);
      return;
    }
    this.dispatching = true;
    this.attempt(deliver);
    for (let next = this.pending.take(); next !== undefined; next = this.pending.take()) this.attempt(next);
    this.dispatching = false;
  }

  private attempt(deliver: () => void): void {
    try {
      deliver();
    } catch (error) {
      for (const listener of this.troubleListeners) listener(String(error));
    }
  }

  private unsubscribe(pattern: string, subscriber: Subscriber): void {
    subscriber.live = false;
    this.interest.clear();
    if (isPattern(pattern)) {
      this.wild = this.wild.filter((entry) => entry.subscriber !== subscriber);
      return;
    }
    const rest = this.exact.get(pattern)?.filter((entry) => entry !== subscriber);
    if (rest === undefined) return;
    if (rest.length === 0) this.exact.delete(pattern);
    else this.exact.set(pattern, rest);
  }

  private overlapsAny(tokens: readonly string[]): boolean {
    if (this.wild.some((entry) => overlap(entry.tokens, tokens))) return true;
    if (!tokens.some((token) => token === '*' || token === '>')) return false;
    for (const subject of this.exact.keys()) if (matches(tokens, subject)) return true;
    return false;
  }
}

function ignore(): void {
  // `publish` wants no answer.
}
