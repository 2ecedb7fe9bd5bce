import type {
  Broker,
  BrokerBucket,
  PublishConfirmation,
  StreamOptions,
  StreamPublisher,
  StreamState,
} from '../broker.js';
import { bucketStreamName } from '../stored-names.js';
import type { StorageWatch } from './storage-watch.js';

/** Asked for of a bucket to see whether it is there. Nothing is stored under it. */
const NO_KEY = 'look';

/** The part of a broker that stores. */
export type StoringBroker = Pick<
  Broker,
  'ensureStream' | 'streamState' | 'streamMessage' | 'streamTail' | 'purge' | 'openPublisher' | 'bucket'
>;

/** A broker whose stores are watched: what is asked of them goes through here. */
export class WatchedBroker implements StoringBroker {
  constructor(
    private readonly broker: StoringBroker,
    private readonly watch: StorageWatch,
  ) {}

  ensureStream(stream: StreamOptions): Promise<{ readonly replicas: number }> {
    return this.ofStream(stream.name, this.broker.ensureStream(stream));
  }

  streamState(stream: string): Promise<StreamState> {
    return this.ofStream(stream, this.broker.streamState(stream));
  }

  streamMessage(stream: string, sequence: number): Promise<Uint8Array | undefined> {
    return this.ofStream(stream, this.broker.streamMessage(stream, sequence));
  }

  streamTail(stream: string, subject: string, maxMessages: number): Promise<Uint8Array[]> {
    return this.ofStream(stream, this.broker.streamTail(stream, subject, maxMessages));
  }

  purge(stream: string, sequence: number): Promise<void> {
    return this.ofStream(stream, this.broker.purge(stream, sequence));
  }

  /** Who publishes has asked for the state of the stream before, and asks for it again when something is not stored. */
  openPublisher(onConfirmed: (confirmation: PublishConfirmation) => void): StreamPublisher {
    return this.broker.openPublisher(onConfirmed);
  }

  async bucket(name: string, options: { readonly replicas: number }): Promise<BrokerBucket> {
    const of = <T>(answer: Promise<T>): Promise<T> => this.watch.asked(bucketStreamName(name), look, answer);
    // Anew: it may have to be made first.
    const look = async (): Promise<unknown> => (await this.bucket(name, options)).get(NO_KEY);
    // That it was opened does not say that it can be used.
    const opened = this.broker.bucket(name, options);
    const bucket = await opened.catch((error: Error) => of(Promise.reject<BrokerBucket>(error)));
    return {
      get: (key) => of(bucket.get(key)),
      put: (key, value) => of(bucket.put(key, value)),
      swap: (key, value, revision) => of(bucket.swap(key, value, revision)),
      delete: (key) => of(bucket.delete(key)),
      keys: () => of(bucket.keys()),
    };
  }

  private ofStream<T>(name: string, answer: Promise<T>): Promise<T> {
    return this.watch.asked(name, () => this.streamState(name), answer);
  }
}
