import {
  DiscardPolicy,
  type JetStreamManager,
  type MsgRequest,
  type NextMsgRequest,
  RetentionPolicy,
  StorageType,
  type SeqMsgRequest,
  type StoredMsg,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { StreamOptions, StreamState } from '../broker.js';
import { isNotFound } from './nats-errors.js';

/** Who mends it. */
const SETUP = 'mm2ss nats-setup sees to that';
const NANOSECONDS_PER_MS = 1_000_000;
/** Messages looked through first for the newest of one subject; twice as many each time that this is not enough. */
const FIRST_WINDOW = 1_000;
/** Messages asked for before the first of them has come. */
const GETS_AT_ONCE = 256;

/** Streams of JetStream, asked with its API. */
export class NatsStreams {
  /** Streams that are kept once only: no other server has more of them than the one that answers. */
  private readonly single = new Set<string>();

  /** What was reported as different from what is wanted. */
  private readonly reported = new Set<string>();

  /** @param report set where this process may create and change nothing: called with what is not as it should be */
  constructor(
    private readonly manager: () => Promise<JetStreamManager>,
    private readonly report?: (message: string) => void,
  ) {}

  /** Creates the stream, or brings the limits of an existing one to what is asked for. Copies are never taken away. */
  async ensure(stream: StreamOptions): Promise<{ readonly replicas: number }> {
    const { streams } = await this.manager();
    const { name } = stream;
    let { replicas } = stream;
    try {
      const { config } = await streams.info(name);
      replicas = Math.max(config.num_replicas, replicas);
      const wanted = { ...limits(stream), num_replicas: replicas };
      if (differs(config, wanted)) {
        if (this.report === undefined) await streams.update(name, wanted);
        else this.differs(name);
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (this.report !== undefined) throw new Error(`there is no stream ${name}: ${SETUP}`, { cause: error });
      await streams.add({ name, storage: StorageType.File, ...limits(stream) });
    }
    if (replicas === 1) this.single.add(name);
    else this.single.delete(name);
    return { replicas };
  }

  private differs(name: string): void {
    if (this.reported.has(name)) return;
    this.reported.add(name);
    this.report?.(`stream ${name} has other limits or copies than it should have: ${SETUP}`);
  }

  async state(name: string): Promise<StreamState> {
    const { state } = await (await this.manager()).streams.info(name);
    return { messages: state.messages, first: state.first_seq, last: state.last_seq };
  }

  async message(name: string, sequence: number): Promise<Uint8Array | undefined> {
    const manager = await this.manager();
    const query = { seq: sequence };
    const message = await this.get(manager, name, query);
    // Any copy answers a direct get, and one that lags does not have the newest messages: the leader should.
    const mayLag = message === null && this.mayGetDirectly && !this.single.has(name);
    return (mayLag ? await manager.streams.getMessage(name, query) : message)?.data;
  }

  /** On a server with users nobody may: the answer to a direct get goes wherever the asker wants. */
  private get mayGetDirectly(): boolean {
    return this.report === undefined;
  }

  private get(
    { direct, streams }: JetStreamManager,
    name: string,
    query: SeqMsgRequest | NextMsgRequest,
  ): Promise<StoredMsg | null> {
    if (this.mayGetDirectly) return direct.getMessage(name, query);
    // The type leaves `next_by_subj` out, which servers know.
    return streams.getMessage(name, query as MsgRequest);
  }

  async tail(name: string, subject: string, maxMessages: number): Promise<Uint8Array[]> {
    let state: StreamState;
    try {
      state = await this.state(name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // Where nobody makes it on the way it is missing; else nothing was written yet.
      if (this.report !== undefined) throw new Error(`there is no stream ${name}: ${SETUP}`, { cause: error });
      return [];
    }
    if (state.messages === 0) return [];
    return subject.includes('*')
      ? this.lastOf(name, state, maxMessages)
      : this.lastOfSubject(name, subject, state, maxMessages);
  }

  async purge(name: string, sequence: number): Promise<void> {
    await (await this.manager()).streams.purge(name, { seq: sequence });
  }

  private async lastOf(name: string, { first, last }: StreamState, maxMessages: number): Promise<Uint8Array[]> {
    const found: Uint8Array[] = [];
    for (let start = Math.max(first, last - maxMessages + 1); start <= last; start += GETS_AT_ONCE) {
      const count = Math.min(GETS_AT_ONCE, last - start + 1);
      const part = Array.from({ length: count }, (_, index) => this.message(name, start + index));
      for (const message of await Promise.all(part)) if (message !== undefined) found.push(message);
    }
    return found;
  }

  /** The server finds messages of a subject forwards only: so windows at the end are looked through. */
  private async lastOfSubject(
    name: string,
    subject: string,
    { first, last }: StreamState,
    maxMessages: number,
  ): Promise<Uint8Array[]> {
    const manager = await this.manager();
    let found: Uint8Array[] = [];
    let end = last + 1;
    for (let window = FIRST_WINDOW; end > first && found.length < maxMessages; window *= 2) {
      const start = Math.max(first, end - window);
      const part: Uint8Array[] = [];
      for (let sequence = start; sequence < end;) {
        const message = await this.get(manager, name, { seq: sequence, next_by_subj: subject });
        if (message === null || message.seq >= end) break;
        part.push(message.data);
        sequence = message.seq + 1;
      }
      found = [...part, ...found];
      end = start;
    }
    return found.slice(-maxMessages);
  }
}

function limits(stream: StreamOptions): Partial<StreamConfig> {
  return {
    subjects: [stream.subject],
    retention: RetentionPolicy.Limits,
    discard: stream.discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
    max_msgs: stream.maxMessages,
    max_msg_size: stream.maxMessageOctets,
    max_bytes: stream.maxOctets ?? -1,
    duplicate_window: stream.idsRememberedMs * NANOSECONDS_PER_MS,
    num_replicas: stream.replicas,
    allow_direct: true,
    description: stream.description,
  };
}

function differs(config: StreamConfig, wanted: Partial<StreamConfig>): boolean {
  return Object.entries(wanted).some(
    ([name, value]) => JSON.stringify(config[name as keyof StreamConfig]) !== JSON.stringify(value),
  );
}
