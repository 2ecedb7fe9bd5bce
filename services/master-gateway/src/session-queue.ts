import { APCI_OCTETS, APDU_OA_OFFSET, apduEnd, type Durations, fieldLengthsOf, skipApdus } from '@iec104mm2ss/iec104';
import type { MasterEnd } from '@iec104mm2ss/observability';
import type { Connection, DeadlineScheduler } from '@iec104mm2ss/transport';
import { dataAge, NO_POSITION, OutFlag, type OutMessage } from '@iec104mm2ss/wire';
import { SentRuns } from './sent-runs.js';

/** APDUs that wait for the master's window. */
interface Waiting {
  /** They end with these octets; they are not changed and may be shared with other sessions. */
  readonly octets: Uint8Array;
  /** Where the first APDU not sent begins, its position, and how many are left. */
  at: number;
  position: number;
  readonly generation: number;
  count: number;
  /** What they were received from the RTU at, by our clock; undefined: not said. */
  readonly receivedAt: number | undefined;
}

/**
 * What is to be sent to one master: goes to its link as far as the window allows, else waits, in order, up to a bound.
 * Keeps book of which positions the master has acknowledged.
 */
export class SessionQueue {
  readonly sentRuns = new SentRuns();
  /** ASDUs that wait, and the most that waited at one time. */
  length = 0;
  highWater = 0;
  private waiting: Waiting[] = [];

  constructor(
    private readonly connection: Connection<MasterEnd>,
    private readonly scheduler: DeadlineScheduler,
    /** ASDUs that may wait; when there are more, `onFull` is called. */
    readonly limit: number,
    private readonly onFull: () => void,
    /** How old events are when they go to a link. */
    private readonly latencies?: Durations,
  ) {}

  /**
   * ASDUs of a message without the first `known` of them.
   *
   * @param allocatedOa OA that the session has towards the RTU: where it is found its master's `ownOa` is written, where
   *   another session's is found, 0
   */
  addMessage(message: OutMessage, known: number, allocatedOa: number, ownOa: number): void {
    const { first, count, generation } = message;
    const at = apduAfter(message, known);
    const octets =
      (message.flags & OutFlag.PATCH_OA) === 0 ? message.octets : withOwnOa(message.octets, at, allocatedOa, ownOa);
    const age = dataAge(message);
    const receivedAt = age === undefined ? undefined : this.scheduler.now() - age;
    this.add(octets, at, after(first, known), generation, count - known, receivedAt);
  }

  /** The `count` APDUs in `octets[at..]`, which must stay unchanged. */
  add(octets: Uint8Array, at: number, position: number, generation: number, count: number, receivedAt?: number): void {
    const { link } = this.connection;
    const before = link.sent;
    const next = this.waiting.length === 0 ? this.send(octets, at, position, generation, receivedAt) : at;
    const sent = link.sent - before;
    if (sent === count) return;
    const left = count - sent;
    this.waiting.push({ octets, at: next, position: after(position, sent), generation, count: left, receivedAt });
    this.length += left;
    this.highWater = Math.max(this.highWater, this.length);
    if (this.length > this.limit) this.onFull();
  }

  /** There may be room in the window. */
  fill(): void {
    if (this.waiting.length === 0) return;
    let done = 0;
    while (done < this.waiting.length && this.connection.window > 0) {
      const item = this.waiting[done] as Waiting;
      const before = this.connection.link.sent;
      item.at = this.send(item.octets, item.at, item.position, item.generation, item.receivedAt);
      const sent = this.connection.link.sent - before;
      item.position = after(item.position, sent);
      item.count -= sent;
      this.length -= sent;
      if (item.count > 0) break;
      done++;
    }
    if (done === this.waiting.length) this.waiting.length = 0;
    else if (done > 0) this.waiting.splice(0, done);
  }

  /** Takes note of what the master has acknowledged; true when that are more positions than before. */
  acknowledge(): boolean {
    return this.sentRuns.advance(this.connection.link.acknowledged);
  }

  /** The gateway's own ASDU went to the link past the queue. */
  sentDirectly(): void {
    this.sentRuns.addWithoutPosition(this.connection.link.sent);
  }

  /** Gives up what waits: the log has it. */
  clear(): void {
    this.waiting = [];
    this.length = 0;
  }

  /** Sends as many of the APDUs in `octets[at..]` as the window takes; returns where the first one not sent begins. */
  private send(
    octets: Uint8Array,
    at: number,
    position: number,
    generation: number,
    receivedAt: number | undefined,
  ): number {
    const { connection } = this;
    if (connection.window <= 0) return at;
    const { link } = connection;
    const before = link.sent;
    const now = this.scheduler.now();
    const next = link.sendApdus(octets, at, octets.length, now);
    const sent = link.sent - before;
    if (receivedAt !== undefined) this.latencies?.add(now - receivedAt, sent);
    this.sentRuns.add(link.sent, after(position, sent), generation);
    connection.touched();
    return next;
  }
}

/** Where the APDU of a DATA message begins that `count` others are before. */
export function apduAfter({ octets, bodyAt }: OutMessage, count: number): number {
  return skipApdus(octets, bodyAt, count);
}

function after(position: number, count: number): number {
  return position === NO_POSITION ? NO_POSITION : position + count;
}

/**
 * A copy in which OAs are replaced: ours by the master's own, all others by 0. An ASDU with other field lengths than those of
 * 104 has no OA there.
 */
function withOwnOa(message: Uint8Array, start: number, allocatedOa: number, ownOa: number): Uint8Array {
  const octets = Buffer.from(message);
  for (let at = start, next: number; at < octets.length; at = next) {
    next = apduEnd(octets, at);
    const oa = octets[at + APDU_OA_OFFSET] as number;
    if (oa === 0 || Array.isArray(fieldLengthsOf(octets.subarray(at + APCI_OCTETS, next)))) continue;
    octets[at + APDU_OA_OFFSET] = oa === allocatedOa ? ownOa : 0;
  }
  return octets;
}
