import {
  DiscardPolicy,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import pLimit from 'p-limit';
import { journalStream } from '../broker/broker-journal.js';
import { logStream } from '../broker/broker-event-log.js';
import type { JournalOptions } from '../bus.js';
import { AUDIT_JOURNAL, bucketStreamName, bucketSubject, LEASE_BUCKET, STATE_BUCKET } from '../stored-names.js';
import { connectToNats, patienceOf, untilDone, type Waiting } from './nats-connect.js';
import { isNotFound, storageFailure } from './nats-errors.js';
import type { NatsOptions } from './nats-options.js';
import { NatsStreams } from './nats-streams.js';
import { storeApi } from './store-prefix.js';

const API_TIMEOUT_MS = 5_000;
/** Streams that are asked for at once. Each takes two questions, and the server waits for its disk in between. */
const AT_ONCE = 16;

/** A group, and how many ASDUs its log is to hold. */
export interface StoredGroup {
  readonly id: string;
  readonly capacity: number;
}

/**
 * Creates what the parts store on the server, and brings limits and copies of what is there to what they have to be. Where every
 * part may do only what is its own, none of them may create anything.
 *
 * @throws {BusError} REFUSED when waiting does not help
 */
export async function setUpNats(
  options: NatsOptions,
  { groups, audit }: { readonly groups: readonly StoredGroup[]; readonly audit: JournalOptions },
  waiting: Waiting = () => undefined,
): Promise<void> {
  const { replicas } = options;
  const connection = await connectToNats(options, waiting);
  const api = { timeout: API_TIMEOUT_MS, ...storeApi(options.name) };
  const streams = new NatsStreams(() => jetstreamManager(connection, api));
  const all = async (): Promise<void> => {
    const manager = await jetstreamManager(connection, api);
    for (const bucket of [LEASE_BUCKET, STATE_BUCKET]) await ensureBucket(manager, bucket, replicas);
    await streams.ensure(journalStream(AUDIT_JOURNAL, audit, replicas));
    await inParallel(groups, AT_ONCE, ({ id, capacity }) => streams.ensure(logStream(id, capacity, replicas)));
  };
  try {
    await untilDone(patienceOf(options, waiting), all, storageFailure);
  } finally {
    await connection.close();
  }
}

/**
 * A bucket without the header `Nats-Rollup`: with it whoever may write one key could remove all the others. Nothing of ours
 * uses it.
 */
async function ensureBucket({ streams }: JetStreamManager, bucket: string, replicas: number): Promise<void> {
  const name = bucketStreamName(bucket);
  const wanted = { allow_rollup_hdrs: false };
  try {
    const { config } = await streams.info(name);
    const copies = Math.max(config.num_replicas, replicas);
    if (config.allow_rollup_hdrs !== false || config.num_replicas !== copies) {
      await streams.update(name, { ...wanted, num_replicas: copies });
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await streams.add({
      ...wanted,
      name,
      subjects: [bucketSubject(bucket, '>')],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      deny_delete: true,
      allow_direct: false,
      num_replicas: replicas,
    });
  }
}

/** Does it for all, a few at a time. After a failure nothing more is begun; rejects with it when all that was begun has ended. */
async function inParallel<T>(all: readonly T[], atOnce: number, work: (one: T) => Promise<unknown>): Promise<void> {
  const limit = pLimit({ concurrency: atOnce, rejectOnClear: true });
  const ended = await Promise.allSettled(
    all.map((one) =>
      limit(() =>
        work(one).catch((error: unknown) => {
          limit.clearQueue();
          throw error;
        }),
      ),
    ),
  );
  // Those that were not begun come behind all that were.
  const failure = ended.find((each) => each.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
