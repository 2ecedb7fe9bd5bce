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

/**
 * The bus of one process: nothing to install, nothing copied, nothing kept after the process ends.
 *
 * A published message is delivered in the same turn: at once when no handler is running, else right after it.
 */
export class MemoryBus implements Bus {
  readonly kind = 'memory';
  readonly connected = true;

  private readonly exact = new Map<string, Subscriber[]>();
  private wild: { readonly tokens: readonly string[]; readonly subscriber: Subscriber }[] = [];
  private readonly logs = new Map<string, MemoryEventLog>();
  private readonly buckets = new Map<string, MemoryKeyValue>();
  private readonly leases = new Map<string, MemoryLease[]>();
  private readonly fences = new Map<string, number>();
  private readonly pending: (() => void)[] = [];
  private dispatching = false;
  private closed = false;

  publish(subject: string, data: Uint8Array): void {
    this.deliver(subject, data, ignore);
  }

  subscribe(pattern: string, handler: MessageHandler): Subscription {
    const subscriber: Subscriber = { handler, live: true };
    if (pattern.includes('*') || pattern.endsWith('>')) {
      this.wild.push({ tokens: pattern.split('.'), subscriber });
    } else {
      const list = this.exact.get(pattern);
      // A new array each time: the one being walked by a delivery stays as it is.
      this.exact.set(pattern, list === undefined ? [subscriber] : [...list, subscriber]);
    }
    return { unsubscribe: () => this.unsubscribe(pattern, subscriber) };
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.closed) return Promise.reject(new BusError('CLOSED', 'the bus is closed'));
    if (!this.hasInterest(subject)) {
      return Promise.reject(new BusError('NO_RESPONDERS', `nobody answers on ${subject}`));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new BusError('TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.deliver(subject, data, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  hasInterest(subject: string): boolean {
    if (this.exact.has(subject)) return true;
    return this.wild.length > 0 && this.wild.some(({ tokens }) => matches(tokens, subject));
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

  onConnection(): void {
    // Always connected.
  }

  close(): Promise<void> {
    this.closed = true;
    this.exact.clear();
    this.wild = [];
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
    const list = this.exact.get(subject);
    if (list !== undefined) {
      for (const subscriber of list) this.hand(subscriber, { subject, data, respond });
    }
    if (this.wild.length > 0) {
      for (const { tokens, subscriber } of this.wild) {
        if (matches(tokens, subject)) this.hand(subscriber, { subject, data, respond });
      }
    }
  }

  private hand(subscriber: Subscriber, message: Message): void {
    this.run(() => {
      if (subscriber.live) subscriber.handler(message);
    });
  }

  /** Runs `deliver` now, or after the handler that is running. */
  private run(deliver: () => void): void {
    if (this.dispatching) {
      this.pending.push(deliver);
      return;
    }
    this.dispatching = true;
    try {
      deliver();
      for (let i = 0; i < this.pending.length; i++) (this.pending[i] as () => void)();
    } finally {
      this.pending.length = 0;
      this.dispatching = false;
    }
  }

  private unsubscribe(pattern: string, subscriber: Subscriber): void {
    subscriber.live = false;
    this.wild = this.wild.filter((entry) => entry.subscriber !== subscriber);
    const rest = this.exact.get(pattern)?.filter((entry) => entry !== subscriber);
    if (rest === undefined) return;
    if (rest.length === 0) this.exact.delete(pattern);
    else this.exact.set(pattern, rest);
  }
}

class MemoryLease implements Lease {
  fence = 0;

  constructor(
    private readonly options: LeaseOptions,
    private readonly leave: () => Promise<void>,
  ) {}

  grant(fence: number): void {
    this.fence = fence;
    this.options.onAcquired(fence);
  }

  async release(): Promise<void> {
    const held = this.fence > 0;
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
    this.values.set(key, value.slice());
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

/** Subject matching with `*` for one token and `>` for all that follow (at least one). */
function matches(pattern: readonly string[], subject: string): boolean {
  const tokens = subject.split('.');
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '>') return tokens.length > i;
    if (i >= tokens.length || (pattern[i] !== '*' && pattern[i] !== tokens[i])) return false;
  }
  return tokens.length === pattern.length;
}
