import {
  type Broker,
  type BrokerBucket,
  type BrokerMessage,
  BusError,
  type BusErrorCode,
  type PublishConfirmation,
  type StreamOptions,
  type StreamPublisher,
  type StreamState,
  type Subscription,
} from '@iec104mm2ss/bus';
import type { Clock } from '@iec104mm2ss/runtime';

interface Client {
  readonly broker: FakeBroker;
  readonly pattern: readonly string[];
  readonly handler: (message: BrokerMessage) => void;
}

interface Stored {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly id: string | undefined;
}

export interface FakeStream {
  readonly options: StreamOptions;
  readonly messages: Map<number, Stored>;
  first: number;
  last: number;
  /** Id of the last message; empty when it has none. */
  lastId: string;
}

type Confirm = (confirmation: PublishConfirmation) => void;
type PublishOptions = Parameters<StreamPublisher['publish']>[2];

/**
 * A server in memory for specs, with as little of NATS as the bus needs. Everything it does happens in order, soon; what a
 * spec wants to go wrong it does to its fields.
 */
export class FakeServer {
  readonly clients = new Set<Client>();
  readonly streams = new Map<string, FakeStream>();
  readonly buckets = new Map<string, Map<string, { readonly value: Uint8Array; readonly revision: number }>>();
  /** Messages delivered, by subject: what presence costs, for instance. */
  readonly deliveries = new Map<string, number>();
  /** True for messages that get lost on their way to subscribers. */
  loses = (_subject: string, _data: Uint8Array): boolean => false;
  /** What a question to JetStream fails with, if it does. */
  fails = (_question: string): BusErrorCode | undefined => undefined;
  /** What a question waits for before the server looks at it. `detail`: key or sequence. */
  delays = (_question: string, _detail: string | number): Promise<void> | undefined => undefined;
  /** True for questions that are done, but whose answer does not come. */
  losesAnswer = (_question: string): boolean => false;
  revision = 0;

  connect(clock: Clock): FakeBroker {
    return new FakeBroker(this, clock);
  }

  /** Takes a message as the server does: to streams, and to everybody who subscribes to it. Returns how many do. */
  accept(subject: string, data: Uint8Array, respond: (data: Uint8Array) => void): number {
    const copy = new Uint8Array(data);
    const tokens = subject.split('.');
    const receivers = [...this.clients].filter(({ broker, pattern }) => broker.connected && matches(pattern, tokens));
    if (!this.loses(subject, copy)) for (const client of receivers) this.deliver(client, subject, copy, respond);
    return receivers.length;
  }

  streamOf(subject: string): FakeStream | undefined {
    const tokens = subject.split('.');
    return [...this.streams.values()].find(({ options }) => matches(options.subject.split('.'), tokens));
  }

  stream(name: string): FakeStream {
    const stream = this.streams.get(name);
    if (stream === undefined) throw new BusError('UNAVAILABLE', `no stream ${name}`);
    return stream;
  }

  store(subject: string, data: Uint8Array, publishing: PublishOptions = {}): PublishConfirmation {
    const { expectedLastSequence: expected, expectedLastId, messageId: id } = publishing;
    const stream = this.streamOf(subject);
    if (stream === undefined) return { sequence: undefined, reason: 'no stream' };
    const known = id === undefined ? undefined : [...stream.messages].find(([, stored]) => stored.id === id);
    if (known !== undefined) return { sequence: known[0], duplicate: true };
    if (expected !== undefined && expected !== stream.last) {
      return { sequence: undefined, reason: `wrong last sequence: ${stream.last}` };
    }
    if (expectedLastId !== undefined && expectedLastId !== stream.lastId) {
      return { sequence: undefined, reason: `wrong last msg ID: ${stream.lastId}` };
    }
    const { options, messages } = stream;
    const full = messages.size >= options.maxMessages;
    if (full && options.discard === 'new') return { sequence: undefined, reason: 'maximum messages exceeded' };
    messages.set(++stream.last, { subject, data: new Uint8Array(data), id });
    stream.lastId = id ?? '';
    const octets = (): number => [...messages.values()].reduce((sum, each) => sum + each.data.length, 0);
    while (messages.size > options.maxMessages || octets() > (options.maxOctets ?? Infinity)) {
      messages.delete(stream.first++);
    }
    return { sequence: stream.last, duplicate: false };
  }

  /** The stream loses its newest messages: it had not synced them. */
  forget(name: string, fromSequence: number): void {
    const stream = this.stream(name);
    for (let sequence = fromSequence; sequence <= stream.last; sequence++) stream.messages.delete(sequence);
    stream.last = fromSequence - 1;
  }

  private deliver({ broker, handler }: Client, subject: string, data: Uint8Array, respond: (d: Uint8Array) => void) {
    this.deliveries.set(subject, (this.deliveries.get(subject) ?? 0) + 1);
    broker.later(() => handler({ subject, data, respond }));
  }
}

/** One process on a `FakeServer`. */
export class FakeBroker implements Broker {
  readonly server = 'fake:4222';
  private up = true;
  private closed = false;
  private queue = Promise.resolve();
  private readonly connectionListeners: ((connected: boolean) => void)[] = [];
  private readonly troubleListeners: ((message: string) => void)[] = [];
  /** While it is set, what comes from the server waits for it: this process does not run. */
  private resumed: Promise<void> | undefined;
  private endPause = (): void => undefined;

  constructor(
    private readonly fake: FakeServer,
    private readonly clock: Clock,
  ) {}

  get connected(): boolean {
    return this.up && !this.closed;
  }

  /** Cuts the connection, or makes it again. */
  setConnected(up: boolean): void {
    if (up === this.up) return;
    this.up = up;
    for (const listener of this.connectionListeners) listener(up);
  }

  /** From now on nothing comes from the server, until `resume`. */
  pause(): void {
    this.resumed = new Promise((resolve) => (this.endPause = resolve));
  }
  resume(): void {
    this.resumed = undefined;
    this.endPause();
  }

  /** Runs something of the server's, in order. */
  later(run: () => void): void {
    this.queue = this.queue.then(async () => {
      while (this.resumed !== undefined) await this.resumed;
      run();
    });
  }

  publish(subject: string, data: Uint8Array): void {
    this.send(subject, data, () => undefined);
  }

  subscribe(pattern: string, handler: (message: BrokerMessage) => void): Subscription {
    let live = true;
    const client: Client = {
      broker: this,
      pattern: pattern.split('.'),
      handler: (message) => {
        if (live && !this.closed) handler(message);
      },
    };
    this.fake.clients.add(client);
    return {
      unsubscribe: () => {
        live = false;
        this.fake.clients.delete(client);
      },
    };
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new BusError('CLOSED', 'closed'));
      const timer = this.clock.setTimer(() => reject(new BusError('TIMEOUT', 'no answer')), timeoutMs);
      const settle = (done: () => void): void => {
        this.clock.clearTimer(timer);
        done();
      };
      const receivers = this.send(subject, data, (answer) => {
        const copy = new Uint8Array(answer);
        this.later(() => settle(() => resolve(copy)));
      });
      if (receivers === 0) settle(() => reject(new BusError('NO_RESPONDERS', `nobody answers on ${subject}`)));
    });
  }

  askAll(subject: string, data: Uint8Array, onAnswer: (answer: Uint8Array) => void): Subscription {
    let live = true;
    this.send(subject, data, (answer) => {
      const copy = new Uint8Array(answer);
      this.later(() => {
        if (live && !this.closed) onAnswer(copy);
      });
    });
    return { unsubscribe: () => void (live = false) };
  }

  flush(): Promise<void> {
    return this.ask('flush', () => undefined);
  }

  probe(subject: string): Promise<boolean> {
    return this.ask('probe', () => this.fake.accept(subject.replace(/>$/, 'PROBE'), new Uint8Array(0), () => {}) > 0);
  }

  ensureStream(options: StreamOptions): Promise<{ readonly replicas: number }> {
    return this.ask('ensureStream', () => {
      const { streams } = this.fake;
      const known = streams.get(options.name) ?? { messages: new Map<number, Stored>(), first: 1, last: 0, lastId: '' };
      streams.set(options.name, { ...known, options });
      return { replicas: options.replicas };
    });
  }

  streamState(name: string): Promise<StreamState> {
    return this.ask('streamState', () => {
      const { messages, first, last } = this.fake.stream(name);
      return { messages: messages.size, first, last };
    });
  }

  streamMessage(name: string, sequence: number): Promise<Uint8Array | undefined> {
    return this.ask('streamMessage', () => this.fake.stream(name).messages.get(sequence)?.data, sequence);
  }

  streamTail(name: string, subject: string, maxMessages: number): Promise<Uint8Array[]> {
    return this.ask('streamTail', () => {
      const pattern = subject.split('.');
      const all = [...this.fake.stream(name).messages.values()];
      const found = all.filter((each) => matches(pattern, each.subject.split('.')));
      return found.slice(-maxMessages).map(({ data }) => data);
    });
  }

  purge(name: string, sequence: number): Promise<void> {
    return this.ask('purge', () => {
      const stream = this.fake.stream(name);
      for (; stream.first < sequence && stream.first <= stream.last; stream.first++)
        stream.messages.delete(stream.first);
    });
  }

  openPublisher(onConfirmed: Confirm): StreamPublisher {
    let open = true;
    return {
      publish: (subject, data, options) => {
        if (!this.connected) return;
        const copy = new Uint8Array(data);
        this.fake.accept(subject, copy, () => undefined);
        const confirmation = this.fake.store(subject, copy, options);
        this.later(() => {
          if (open && this.connected) onConfirmed(confirmation);
        });
      },
      close: () => {
        open = false;
      },
    };
  }

  bucket(name: string): Promise<BrokerBucket> {
    return this.ask('bucket', () => {
      const { fake } = this;
      const values = fake.buckets.get(name) ?? new Map<string, { value: Uint8Array; revision: number }>();
      fake.buckets.set(name, values);
      const write = (key: string, value: Uint8Array): void =>
        void values.set(key, { value: new Uint8Array(value), revision: ++fake.revision });
      return {
        get: (key) => this.ask('get', () => values.get(key), key),
        put: (key, value) => this.ask('put', () => write(key, value), key),
        swap: (key, value, revision) => {
          const swap = (): void => {
            if ((values.get(key)?.revision ?? 0) !== revision) throw new BusError('CONFLICT', `${key} was changed`);
            write(key, value);
          };
          return this.ask('swap', swap, key);
        },
        delete: (key) => this.ask('delete', () => void values.delete(key)),
        keys: () => this.ask('keys', () => [...values.keys()]),
      };
    });
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.connectionListeners.push(listener);
  }

  onDenied(): void {
    // Everything is permitted.
  }

  onTrouble(listener: (message: string) => void): void {
    this.troubleListeners.push(listener);
  }

  durability(): Promise<{ readonly syncsAlways: 'unknown'; readonly reason: string }> {
    return Promise.resolve({ syncsAlways: 'unknown', reason: 'a fake' });
  }

  close(): Promise<void> {
    this.closed = true;
    for (const client of this.fake.clients) if (client.broker === this) this.fake.clients.delete(client);
    return Promise.resolve();
  }

  private send(subject: string, data: Uint8Array, respond: (data: Uint8Array) => void): number {
    if (!this.connected) return 0;
    if (this.fake.streamOf(subject) !== undefined) this.fake.store(subject, data);
    return this.fake.accept(subject, data, respond);
  }

  private async ask<T>(question: string, answer: () => T, detail: string | number = ''): Promise<T> {
    const failure = this.closed ? 'CLOSED' : !this.up ? 'UNAVAILABLE' : this.fake.fails(question);
    if (failure !== undefined) throw new BusError(failure, question);
    const delay = this.fake.delays(question, detail);
    if (delay !== undefined) await delay;
    return new Promise((resolve, reject) => {
      try {
        const value = answer();
        const lost = this.fake.losesAnswer(question);
        this.later(() => (lost ? reject(new BusError('TIMEOUT', question)) : resolve(value)));
      } catch (error) {
        const reason = error instanceof Error ? error : new Error(String(error));
        this.later(() => reject(reason));
      }
    });
  }
}

function matches(pattern: readonly string[], tokens: readonly string[]): boolean {
  for (const [i, token] of pattern.entries()) {
    if (token === '>') return tokens.length > i;
    if (i >= tokens.length || (token !== '*' && token !== tokens[i])) return false;
  }
  return pattern.length === tokens.length;
}
