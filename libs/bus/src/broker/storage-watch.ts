import type { Clock } from '@iec104mm2ss/runtime';
import { BusError, type StorageTrouble } from '../bus.js';
import { isLogStream, logStreamName } from '../stored-names.js';

/** What was not asked for anything for so long is looked at; what is in trouble sooner. */
const LOOK_MS = 10_000;
const LOOK_AGAIN_MS = 2_000;

interface Store {
  /** Asks the server for something of it that costs nothing. */
  readonly look: () => Promise<unknown>;
  askedAt: number;
  trouble: StorageTrouble | undefined;
}

/**
 * Which streams and buckets that this process uses could not be read or written when they were asked last. It sees every
 * question to the server, and asks itself where nobody does: a stream that is gone is not missed before something happens.
 */
export class StorageWatch {
  private readonly stores = new Map<string, Store>();

  /** @param onFailed called with each store that could not be used */
  constructor(
    private readonly clock: Pick<Clock, 'now' | 'wallMs'>,
    private readonly connected: () => boolean,
    private readonly onFailed: (name: string) => void,
  ) {}

  /** What cannot be used now; of all groups, or what `group` needs of it. */
  troubles(group?: string): readonly StorageTrouble[] {
    const all = Array.from(this.stores.values(), ({ trouble }) => trouble).filter((trouble) => trouble !== undefined);
    if (group === undefined) return all;
    return all.filter(({ store }) => !isLogStream(store) || store === logStreamName(group));
  }

  /** This was asked of a store. Returns `answer`. */
  asked<T>(name: string, look: Store['look'], answer: Promise<T>): Promise<T> {
    const known = this.stores.get(name);
    const store = known ?? { look, askedAt: 0, trouble: undefined };
    if (known === undefined) this.stores.set(name, store);
    store.askedAt = this.clock.now();
    answer.then(
      () => (store.trouble = undefined),
      (error: unknown) => this.failed(name, store, error),
    );
    return answer;
  }

  /** The process has nothing to do with it any more. */
  forget(name: string): void {
    this.stores.delete(name);
  }

  /** Looks at what nobody has asked for anything for a while. Call about once a second. */
  tick(): void {
    if (!this.connected()) return;
    const now = this.clock.now();
    for (const { askedAt, trouble, look } of this.stores.values()) {
      if (now - askedAt < (trouble === undefined ? LOOK_MS : LOOK_AGAIN_MS)) continue;
      // What comes of it is seen as of any other question.
      look().catch(() => undefined);
    }
  }

  private failed(name: string, store: Store, error: unknown): void {
    // Somebody else was faster; or it is the connection, which is a trouble of its own.
    const code = error instanceof BusError ? error.code : 'UNAVAILABLE';
    if (code === 'CONFLICT' || code === 'CLOSED' || !this.connected()) return;
    const reason = error instanceof Error ? error.message : String(error);
    store.trouble = { store: name, reason, sinceMs: store.trouble?.sinceMs ?? this.clock.wallMs() };
    this.onFailed(name);
  }
}
