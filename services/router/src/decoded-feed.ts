import type { Bus, GroupSubjects } from '@iec104mm2ss/bus';
import {
  APCI_OCTETS,
  apduEnd,
  type AsduJson,
  decodeAsdu,
  Iec104Error,
  toHex,
  toJson,
  typeName,
} from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import { encodeJson, type LogRecord } from '@iec104mm2ss/wire';

/** Records, and octets in them, waiting to be decoded; what comes on top is left out of the feed, never of the data path. */
export const FEED_QUEUE_RECORDS = 10_000;
export const FEED_QUEUE_OCTETS = 8 * 1024 * 1024;
/** ASDUs decoded in one go before sockets are served again. */
const SLICE_ASDUS = 64;

/** One message of the decoded feed. */
export interface DecodedMessage {
  readonly group: string;
  readonly direction: 'monitor' | 'control';
  /** When it was received, ISO 8601. */
  readonly at: string;
  /** Position in the event log; absent in control direction. */
  readonly position?: number;
  /** Session of the master, in control direction. */
  readonly session?: number;
  /** Of the ASDU, hexadecimal. Earlier releases do not say. */
  readonly octets?: string;
  readonly asdu: AsduJson | UndecodableAsdu;
}

/** An ASDU whose length does not fit its type. */
export interface UndecodableAsdu {
  readonly type: string;
  /** Its octets, hexadecimal. */
  readonly undecodable: string;
  readonly error: string;
}

/** Publishes what passes as JSON, for people and historians, beside the data path and only while somebody listens. */
export class DecodedFeed {
  /** ASDUs left out because the queue was full. */
  dropped = 0;
  published = 0;
  private queue: LogRecord[] = [];
  private head = 0;
  private queuedOctets = 0;
  /** Octets and ASDUs of the first record in the queue that are published. */
  private doneOctets = 0;
  private doneAsdus = 0;
  private scheduled = false;
  private stopped = false;

  constructor(
    private readonly bus: Bus,
    private readonly subjects: GroupSubjects,
    public enabled: boolean,
    private readonly clock: Pick<Clock, 'soon' | 'wallMs'>,
  ) {}

  record(record: LogRecord): void {
    if (!this.enabled || !this.bus.hasInterest(this.subjects.decodedAll)) return;
    if (this.queue.length - this.head >= FEED_QUEUE_RECORDS || this.queuedOctets >= FEED_QUEUE_OCTETS) {
      this.dropped += record.count;
      return;
    }
    this.queue.push(record);
    this.queuedOctets += record.octets.length;
    this.schedule();
  }

  command(session: number, asdu: Uint8Array): void {
    if (!this.enabled || !this.bus.hasInterest(this.subjects.decodedAll)) return;
    this.publish({ direction: 'control', at: new Date(this.clock.wallMs()).toISOString(), session }, asdu);
  }

  /** Publishes nothing more. */
  stop(): void {
    this.stopped = true;
    this.queue = [];
    this.head = 0;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.clock.soon(() => {
      this.scheduled = false;
      if (!this.stopped) this.slice();
    });
  }

  private slice(): void {
    for (let done = 0; done < SLICE_ASDUS && this.head < this.queue.length; done++) {
      const record = this.queue[this.head] as LogRecord;
      const { octets } = record;
      const begin = record.apdusAt + this.doneOctets;
      const end = apduEnd(octets, begin);
      const at = new Date(record.receivedAt).toISOString();
      const position = record.first + this.doneAsdus;
      this.publish({ direction: 'monitor', at, position }, octets.subarray(begin + APCI_OCTETS, end));
      this.doneOctets += end - begin;
      this.doneAsdus++;
      if (this.doneAsdus === record.count) {
        this.head++;
        this.queuedOctets -= octets.length;
        this.doneOctets = 0;
        this.doneAsdus = 0;
      }
    }
    if (this.head === this.queue.length) {
      this.queue = [];
      this.head = 0;
    } else {
      if (this.head > 64 && this.head * 2 > this.queue.length) {
        // Under steady load the queue never runs empty: what was decoded is let go all the same.
        this.queue = this.queue.slice(this.head);
        this.head = 0;
      }
      this.schedule();
    }
  }

  private publish(about: Omit<DecodedMessage, 'group' | 'asdu'>, octets: Uint8Array): void {
    const name = typeName(octets[0] as number);
    const { group } = this.subjects;
    const message: DecodedMessage = { group, ...about, octets: toHex(octets), asdu: decode(octets, name) };
    this.published++;
    this.bus.publish(this.subjects.decoded(name), encodeJson(message));
  }
}

function decode(octets: Uint8Array, name: string): DecodedMessage['asdu'] {
  try {
    return toJson(decodeAsdu(octets));
  } catch (error) {
    if (!(error instanceof Iec104Error)) throw error;
    return { type: name, undecodable: toHex(octets), error: error.message };
  }
}
