import type { StreamOptions, StreamPublisher, StreamState } from '@iec104mm2ss/bus';
import { matchesSubject } from './subject-pattern.ts';

interface Stored {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

export type PublishResult =
  | { readonly sequence: number; readonly duplicate: boolean }
  | { readonly sequence: undefined; readonly reason: string };

export class SimStream {
  private messages: Stored[] = [];
  private last = 0;
  /** Id of the last message; empty when it has none. */
  private lastId = '';
  private ids = new Map<string, { readonly sequence: number; readonly at: number }>();

  constructor(public options: StreamOptions) {}

  get state(): StreamState {
    const first = this.messages[0]?.sequence ?? (this.last === 0 ? 0 : this.last + 1);
    return { messages: this.messages.length, first, last: this.last };
  }

  covers(subject: string): boolean {
    return matchesSubject(this.options.subject.split('.'), subject.split('.'));
  }

  publish(
    now: number,
    subject: string,
    data: Uint8Array,
    options: Parameters<StreamPublisher['publish']>[2],
  ): PublishResult {
    const { messageId, expectedLastSequence, expectedLastId } = options;
    const known = messageId === undefined ? undefined : this.ids.get(messageId);
    if (known !== undefined && now - known.at < this.options.idsRememberedMs) {
      return { sequence: known.sequence, duplicate: true };
    }
    if (expectedLastSequence !== undefined && expectedLastSequence !== this.last) {
      return { sequence: undefined, reason: `wrong last sequence: ${this.last}` };
    }
    if (expectedLastId !== undefined && expectedLastId !== this.lastId) {
      return { sequence: undefined, reason: `wrong last msg ID: ${this.lastId}` };
    }
    const { maxMessages, maxMessageOctets, discard } = this.options;
    if (data.length > maxMessageOctets) return { sequence: undefined, reason: 'message size exceeds maximum allowed' };
    if (discard === 'new') {
      if (this.messages.length >= maxMessages) return { sequence: undefined, reason: 'maximum messages exceeded' };
      if (!this.fits(data.length)) return { sequence: undefined, reason: 'maximum bytes exceeded' };
    }
    this.last++;
    this.messages.push({ sequence: this.last, subject, data: new Uint8Array(data) });
    this.lastId = messageId ?? '';
    while (this.messages.length > maxMessages || !this.fits(0)) this.messages.shift();
    if (messageId !== undefined) this.ids.set(messageId, { sequence: this.last, at: now });
    return { sequence: this.last, duplicate: false };
  }

  message(sequence: number): Uint8Array | undefined {
    const [first] = this.messages;
    const stored = first === undefined ? undefined : this.messages[sequence - first.sequence];
    return stored?.data;
  }

  tail(subject: string, maxMessages: number): Uint8Array[] {
    const pattern = subject.split('.');
    const found = this.messages.filter((message) => matchesSubject(pattern, message.subject.split('.')));
    return found.slice(-maxMessages).map(({ data }) => data);
  }

  purge(before: number): void {
    this.messages = this.messages.filter(({ sequence }) => sequence >= before);
  }

  /** The server was started again: it remembers ids for as long as they matter, and the last one only if it is among them. */
  restarted(now: number): void {
    this.ids = new Map([...this.ids].filter(([, { at }]) => now - at < this.options.idsRememberedMs));
    if (!this.ids.has(this.lastId)) this.lastId = '';
  }

  copy(): SimStream {
    const copy = new SimStream(this.options);
    copy.messages = [...this.messages];
    copy.last = this.last;
    copy.lastId = this.lastId;
    for (const [id, entry] of this.ids) copy.ids.set(id, entry);
    return copy;
  }

  private fits(more: number): boolean {
    const { maxOctets } = this.options;
    if (maxOctets === undefined) return true;
    return this.messages.reduce((sum, { data }) => sum + data.length, more) <= maxOctets;
  }
}

export class SimBucket {
  private entries = new Map<string, { readonly value: Uint8Array; readonly revision: number }>();
  private revision = 0;

  get(key: string) {
    return this.entries.get(key);
  }

  put(key: string, value: Uint8Array): void {
    this.entries.set(key, { value: new Uint8Array(value), revision: ++this.revision });
  }

  /** @returns false when the key's revision is another one */
  swap(key: string, value: Uint8Array, revision: number): boolean {
    if ((this.entries.get(key)?.revision ?? 0) !== revision) return false;
    this.put(key, value);
    return true;
  }

  delete(key: string): void {
    this.revision++;
    this.entries.delete(key);
  }

  keys(): string[] {
    return [...this.entries.keys()];
  }

  copy(): SimBucket {
    const copy = new SimBucket();
    copy.entries = new Map(this.entries);
    copy.revision = this.revision;
    return copy;
  }
}

/** What the server keeps: streams and buckets. */
export class Store {
  streams = new Map<string, SimStream>();
  buckets = new Map<string, SimBucket>();

  copy(): Store {
    const copy = new Store();
    for (const [name, stream] of this.streams) copy.streams.set(name, stream.copy());
    for (const [name, bucket] of this.buckets) copy.buckets.set(name, bucket.copy());
    return copy;
  }

  streamOf(subject: string): SimStream | undefined {
    for (const stream of this.streams.values()) if (stream.covers(subject)) return stream;
    return undefined;
  }

  ensureStream(options: StreamOptions): void {
    const stream = this.streams.get(options.name);
    if (stream === undefined) this.streams.set(options.name, new SimStream(options));
    else stream.options = options;
  }

  bucket(name: string): SimBucket {
    let bucket = this.buckets.get(name);
    if (bucket === undefined) {
      bucket = new SimBucket();
      this.buckets.set(name, bucket);
    }
    return bucket;
  }
}
