import {
  type Bus,
  BusError,
  type EventLog,
  type KeyValue,
  type Lease,
  type LeaseOptions,
  type Message,
  type MessageHandler,
  type Subscription,
} from '../bus.js';
import { MemoryEventLog } from './memory-event-log.js';

interface Subscriber {
  readonly handler: MessageHandler;
  live: boolean;
}

interface WildSubscriber {
  readonly tokens: readonly string[];
  readonly subscriber: Subscriber;
}

/**
 * The bus of one process: nothing to install, nothing copied, nothing kept after the process ends.
 *
 * A published message is delivered in the same turn: at once when no handler is running, else right after it. A handler
 * that throws keeps no other from its message; the error goes to `onHandlerError`.
 */
export class MemoryBus implements Bus {
  readonly kind = 'memory';
  readonly connected = true;
  readonly server = undefined;

  private readonly exact = new Map<string, readonly Subscriber[]>();
  private wild: readonly WildSubscriber[] = [];
  /** Answers of `hasInterest` since the subscriptions last changed. */
  private readonly interest = new Map<string, boolean>();
  private readonly openRequests = new Set<(error: BusError) => void>();
  private readonly logs = new Map<string, MemoryEventLog>();
  private readonly buckets = new Map<string, MemoryKeyValue>();
  private readonly leases = new Map<string, MemoryLease[]>();
  private readonly fences = new Map<string, number>();
  private readonly pending: (() => void)[] = [];
  private dispatching = false;
  private closed = false;

  constructor(private readonly onHandlerError: (error: unknown) => void = throwLater) {}

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
        clearTimeout(timer);
        this.openRequests.delete(fail);
      };
      const fail = (error: BusError): void => {
        settle();
        reject(error);
      };
      const timer = setTimeout(
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
      log = new MemoryEventLog((deliver) => this.run(deliver));
      this.logs.set(group, log);
    }
    return log;
  }

  keyValue(bucket: string): KeyValue {
    let store = this.buckets.get(bucket);
    if (store === undefined) {
      store = new MemoryKeyValue();
      this.buckets.set(bucket, store);
    }
    return store;
  }

  lease(options: LeaseOptions): Lease {
    const queue = this.leases.get(options.key) ?? [];
    this.leases.set(options.key, queue);
    const lease = new MemoryLease(options, async () => {
      const index = queue.indexOf(lease);
      if (index >= 0) queue.splice(index, 1);
      if (index === 0) this.grant(options.key);
    });
    queue.push(lease);
    if (queue.length === 1) this.grant(options.key);
    return lease;
  }

  join(): void {
    // One process is its only member.
  }

  onMemberGone(): void {
    // And does not outlive itself.
  }

  onTrouble(): void {
    // There is none.
  }

  onConnection(): void {
    // Always connected.
  }

  close(): Promise<void> {
    this.closed = true;
    this.exact.clear();
    this.wild = [];
    this.interest.clear();
    for (const fail of [...this.openRequests]) fail(new BusError('CLOSED', 'the bus was closed'));
    return Promise.resolve();
  }

  private grant(key: string): void {
    const lease = this.leases.get(key)?.[0];
    if (lease === undefined) return;
    const fence = (this.fences.get(key) ?? 0) + 1;
    this.fences.set(key, fence);
    this.run(() => lease.grant(fence));
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
      this.onHandlerError(error);
    }
  }

  /** Runs `deliver` now, or after the handler that is running. */
  private run(deliver: () => void): void {
    if (this.dispatching) {
      this.pending.push(deliver);
      return;
    }
    this.dispatching = true;
    this.attempt(deliver);
    for (let i = 0; i < this.pending.length; i++) this.attempt(this.pending[i] as () => void);
    this.pending.length = 0;
    this.dispatching = false;
  }

  private attempt(deliver: () => void): void {
    try {
      deliver();
    } catch (error) {
      this.onHandlerError(error);
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

class MemoryLease implements Lease {
  fence = 0;
  private released = false;

  constructor(
    private readonly options: LeaseOptions,
    private readonly leave: () => Promise<void>,
  ) {}

  grant(fence: number): void {
    // Given back before it was told that it has it.
    if (this.released) return;
    this.fence = fence;
    this.options.onAcquired(fence);
  }

  async release(): Promise<void> {
    const held = this.fence > 0;
    this.released = true;
    this.fence = 0;
    if (held) this.options.onLost('released');
    await this.leave();
  }
}

class MemoryKeyValue implements KeyValue {
  private readonly values = new Map<string, Uint8Array>();

  get(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.values.get(key));
  }
  put(key: string, value: Uint8Array): Promise<void> {
    // Not value.slice(): on a Node Buffer that would be a view.
    this.values.set(key, new Uint8Array(value));
    return Promise.resolve();
  }
  delete(key: string): Promise<void> {
    this.values.delete(key);
    return Promise.resolve();
  }
  keys(): Promise<string[]> {
    return Promise.resolve([...this.values.keys()]);
  }
}

function ignore(): void {
  // `publish` wants no answer.
}

/** A handler that throws is a programming error: it ends the process like any other, but not in the publisher's code. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

function isPattern(subject: string): boolean {
  return subject.includes('*') || subject.endsWith('>');
}

/** Subject matching with `*` for one token and `>` for all that follow (at least one). */
function matches(pattern: readonly string[], subject: string): boolean {
  return overlap(pattern, subject.split('.'));
}

/** True when some subject matches both patterns. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; ; i++) {
    if (a[i] === '>') return b.length > i;
    if (b[i] === '>') return a.length > i;
    if (i >= a.length || i >= b.length) return a.length === b.length;
    if (a[i] !== '*' && b[i] !== '*' && a[i] !== b[i]) return false;
  }
}
