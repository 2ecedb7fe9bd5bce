import type { Clock } from '@iec104mm2ss/runtime';
import type { PublishConfirmation, StreamOptions, StreamPublisher } from '../broker.js';
import { BusError, type Journal, type JournalOptions } from '../bus.js';
import { journalStreamName } from '../stored-names.js';
import { allGroups, journalSubject } from '../subjects.js';
import type { StoringBroker } from './watched-broker.js';

/** An entry is confirmed by the server within this time, or it counts as not stored. */
const STORE_TIMEOUT_MS = 3_000;
/** Entries of a group that wait to be stored. */
const MAX_WAITING = 1_000;
const MAX_ENTRY_OCTETS = 0x10000;
/** An entry with the same id within this time is not stored again. */
const IDS_REMEMBERED_MS = 120_000;

interface Waiting {
  readonly id: string;
  readonly entry: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: BusError) => void;
}

export interface JournalWorld {
  readonly broker: StoringBroker;
  readonly clock: Clock;
  readonly replicas: number;
  /** False: the stream is not created, and its limits are not changed. */
  readonly creates: boolean;
}

/**
 * A journal as a stream: file storage, the oldest entries give way. The entries of a group are stored one after the other,
 * so it is always known which of them is confirmed.
 */
export class BrokerJournal implements Journal {
  private readonly lanes = new Map<string, JournalLane>();
  private readonly stream: StreamOptions;
  private ensured: Promise<unknown> | undefined;

  constructor(
    private readonly world: JournalWorld,
    private readonly name: string,
    options: JournalOptions,
  ) {
    this.stream = journalStream(name, options, world.replicas);
    // That it is missing is to be known before there is something to write.
    this.ensure().catch(() => undefined);
  }

  async append(group: string, id: string, entry: Uint8Array): Promise<void> {
    await this.ensure();
    let lane = this.lanes.get(group);
    if (lane === undefined) {
      const subject = journalSubject(this.name.toLowerCase(), group);
      // Somebody may have removed the stream: the next one makes sure of it again.
      lane = new JournalLane(this.world.broker, this.world.clock, subject, () => (this.ensured = undefined));
      this.lanes.set(group, lane);
    }
    return lane.append(id, entry);
  }

  async read(group: string | undefined, maxEntries: number): Promise<Uint8Array[]> {
    await this.ensure();
    const subject = group === undefined ? this.stream.subject : journalSubject(this.name.toLowerCase(), group);
    return this.world.broker.streamTail(this.stream.name, subject, maxEntries);
  }

  /** The connection came back: the server may be another one, or have lost its store. */
  reconnected(): void {
    this.ensured = undefined;
    for (const lane of this.lanes.values()) lane.fail(new BusError('UNAVAILABLE', 'the connection was lost'));
  }

  stop(): void {
    for (const lane of this.lanes.values()) lane.fail(new BusError('CLOSED', 'the bus was closed'));
    this.lanes.clear();
  }

  private ensure(): Promise<unknown> {
    if (!this.world.creates) return Promise.resolve();
    if (this.ensured === undefined) {
      const ensured = this.world.broker.ensureStream(this.stream);
      this.ensured = ensured;
      ensured.catch(() => (this.ensured = undefined));
    }
    return this.ensured;
  }
}

/** The stream of a journal. */
export function journalStream(
  name: string,
  { maxEntries, maxOctets }: JournalOptions,
  replicas: number,
): StreamOptions {
  return {
    name: journalStreamName(name),
    subject: allGroups(name.toLowerCase()),
    maxMessages: maxEntries,
    maxMessageOctets: MAX_ENTRY_OCTETS,
    maxOctets,
    discard: 'old',
    idsRememberedMs: IDS_REMEMBERED_MS,
    replicas,
    description: `iec104mm2ss ${name} journal`,
  };
}

/** The entries of one group on their way. */
class JournalLane {
  private waiting: Waiting[] = [];
  private publisher: StreamPublisher | undefined;
  private timer: unknown;

  constructor(
    private readonly broker: StoringBroker,
    private readonly clock: Clock,
    private readonly subject: string,
    private readonly onRefused: () => void,
  ) {}

  append(id: string, entry: Uint8Array): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) {
      return Promise.reject(new BusError('UNAVAILABLE', `${MAX_WAITING} entries of ${this.subject} wait to be stored`));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ id, entry, resolve, reject });
      if (this.waiting.length === 1) this.sendFirst();
    });
  }

  /** Entries that wait are not stored, as far as known. */
  fail(error: BusError): void {
    this.clock.clearTimer(this.timer);
    // A late confirmation must not be taken for that of a later entry.
    this.publisher?.close();
    this.publisher = undefined;
    const { waiting } = this;
    this.waiting = [];
    for (const { reject } of waiting) reject(error);
    if (error.code === 'UNAVAILABLE') this.onRefused();
  }

  private sendFirst(): void {
    const [first] = this.waiting;
    if (first === undefined) return;
    this.publisher ??= this.broker.openPublisher((confirmation) => this.onConfirmed(confirmation));
    this.timer = this.clock.setTimer(
      () => this.fail(new BusError('TIMEOUT', `no confirmation on ${this.subject} in time`)),
      STORE_TIMEOUT_MS,
    );
    this.publisher.publish(this.subject, first.entry, { messageId: first.id });
  }

  private onConfirmed(confirmation: PublishConfirmation): void {
    if (confirmation.sequence === undefined) return this.fail(new BusError('UNAVAILABLE', confirmation.reason));
    this.clock.clearTimer(this.timer);
    this.waiting.shift()?.resolve();
    this.sendFirst();
  }
}
