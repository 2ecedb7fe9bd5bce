import {
  APCI_OCTETS,
  APDU_CAUSE_OFFSET,
  APDU_OA_OFFSET,
  APDU_TYPE_OFFSET,
  apduEnd,
  ASDU_CA_OFFSET,
  Cause,
  COT_CAUSE_MASK,
  isInterrogated,
} from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import { ageCode, type LogRecord } from '@iec104mm2ss/wire';
import { Audiences, type AudienceRange } from './audiences.js';
import type { Participant, RecordOrigin } from './command-context.js';
import type { ConfirmedMark } from './confirmed-mark.js';
import type { OutStream } from './out-stream.js';
import { Audience, audienceOf } from './rules.js';
import type { Session } from './session.js';
import type { VoidedAnswers } from './voided-answers.js';

const APDU_CA_OFFSET = APCI_OCTETS + ASDU_CA_OFFSET;

export interface RoutingRules {
  /** Who gets an answer (an ASDU) at this position; also moves its command on. Empty: nobody, it is counted there. */
  answer(asdu: Uint8Array, position: number, record: RecordOrigin): readonly Participant[];
  /** Who gets an ASDU that is for those who asked for it. Empty: they have left; undefined: nobody is known to have asked. */
  asked(asdu: Uint8Array, position: number, record: RecordOrigin): readonly Participant[] | undefined;
  /** A requested object (COT 5) passed. */
  requested(asdu: Uint8Array, position: number, record: RecordOrigin): unknown;
  /** An object with an interrogation's cause passed to all masters: the interrogation is alive. */
  interrogated(cot: number, ca: number): void;
  /** The end of initialization of the RTU passed, which is for nobody. */
  initialized(asdu: Uint8Array, position: number, record: RecordOrigin): void;
}

export interface RoutingCounters {
  routed: number;
  broadcast: number;
  replies: number;
  notForwarded: number;
}

export interface RoutingParts {
  readonly out: OutStream;
  readonly mark: ConfirmedMark;
  readonly sessions: ReadonlyMap<number, Session>;
  readonly rules: RoutingRules;
  readonly clock: Clock;
  readonly voided: VoidedAnswers;
  /** Objects of interrogations go to the master that asked only. */
  readonly interrogationToOriginator: boolean;
  /** There was no room to remember these answers. */
  readonly forgotten: (range: AudienceRange) => void;
}

const NOBODY: readonly Participant[] = [];
/** Causes there can be: six bits. */
const CAUSES = COT_CAUSE_MASK + 1;

/** Decides for every ASDU of the RTU who gets it, and publishes it once per audience. */
export class Routing {
  /** ASDUs routed, by cause. */
  readonly causes = new Float64Array(CAUSES);
  readonly counters: RoutingCounters = { routed: 0, broadcast: 0, replies: 0, notForwarded: 0 };
  /** Who got answers; nobody where it says nothing. */
  readonly answers = new Audiences();
  /** Who got what is for those who asked; all where it says nothing. */
  readonly asked = new Audiences();
  /** Sessions that take what is published for all; without any nothing is. */
  liveSessions = 0;

  constructor(private readonly parts: RoutingParts) {}

  /** Routes what a record holds from position `from` on. True when the mark moved. */
  route(record: LogRecord, from: number): boolean {
    const { octets, end } = record;
    let position = record.first;
    let at = record.apdusAt;
    for (; position < from; position++) at = apduEnd(octets, at);
    this.counters.routed += end - position;
    if (this.liveSessions > 0) this.parts.out.age = ageCode(this.parts.clock.wallMs() - record.receivedAt);
    let moved = false;
    // The run of ASDUs for all that is being gathered.
    let runStart = at;
    let runFirst = position;
    let runPatched = false;
    while (at < octets.length) {
      const next = apduEnd(octets, at);
      const participants = this.participantsOf(record, at, next, position);
      if (participants === undefined) {
        // Whatever the cause: an RTU may write the OA it saw last into everything, and none of ours is another master's.
        const patched = octets[at + APDU_OA_OFFSET] !== 0;
        if (patched !== runPatched) {
          moved = this.broadcast(octets, runStart, at, runFirst, position, runPatched) || moved;
          runStart = at;
          runFirst = position;
          runPatched = patched;
        }
      } else {
        moved = this.broadcast(octets, runStart, at, runFirst, position, runPatched) || moved;
        moved = this.reply(record, at, next, position, participants) || moved;
        runStart = next;
        runFirst = position + 1;
      }
      position++;
      at = next;
    }
    return this.broadcast(octets, runStart, at, runFirst, position, runPatched) || moved;
  }

  /** Who gets the ASDU at `position` once more; undefined: all. */
  audienceAgain(octets: Uint8Array, at: number, position: number): readonly Participant[] | undefined {
    switch (this.audience(octets, at)) {
      case Audience.ALL:
        return undefined;
      case Audience.NOBODY:
        return NOBODY;
      case Audience.ORIGINATOR:
        return this.answers.at(position) ?? NOBODY;
      case Audience.ASKED:
        return this.asked.at(position);
    }
  }

  /** The log goes on at `position`: what was routed from there on is void. */
  cut(position: number): void {
    this.answers.cut(position);
    this.asked.cut(position);
  }

  /** Who gets the ASDU when it is not for all, which is undefined. Remembers it for those who come there later. */
  private participantsOf(
    record: LogRecord,
    at: number,
    next: number,
    position: number,
  ): readonly Participant[] | undefined {
    const { octets } = record;
    const { rules, clock, forgotten, voided } = this.parts;
    const cot = causeAt(octets, at);
    (this.causes[cot] as number)++;
    const asdu = (): Uint8Array => octets.subarray(at + APCI_OCTETS, next);
    switch (this.audience(octets, at)) {
      case Audience.ALL:
        if (cot === Cause.REQ) rules.requested(asdu(), position, record);
        else if (isInterrogated(cot)) rules.interrogated(cot, commonAddressAt(octets, at));
        return undefined;
      case Audience.NOBODY:
        rules.initialized(asdu(), position, record);
        return NOBODY;
      case Audience.ORIGINATOR: {
        const participants = voided.audience(record, at, next, position) ?? rules.answer(asdu(), position, record);
        if (participants.length === 0) {
          this.answers.skip();
          return NOBODY;
        }
        const gone = this.answers.add(position, participants, clock.now());
        if (gone !== undefined) forgotten(gone);
        return participants;
      }
      case Audience.ASKED: {
        const participants = voided.audience(record, at, next, position) ?? rules.asked(asdu(), position, record);
        if (participants === undefined) {
          this.asked.skip();
          return undefined;
        }
        this.asked.add(position, participants, clock.now());
        return participants;
      }
    }
  }

  private audience(octets: Uint8Array, at: number): Audience {
    const typeId = octets[at + APDU_TYPE_OFFSET] as number;
    return audienceOf(typeId, causeAt(octets, at), this.parts.interrogationToOriginator);
  }

  private broadcast(
    octets: Uint8Array,
    start: number,
    end: number,
    first: number,
    endPosition: number,
    patched: boolean,
  ): boolean {
    if (end === start) return false;
    const { out, mark } = this.parts;
    const count = endPosition - first;
    const moved = mark.addEvents(endPosition);
    this.counters.broadcast += count;
    if (this.liveSessions > 0) out.broadcast(octets, start, end, first, count, patched);
    out.broadcastEnd = endPosition;
    return moved;
  }

  /** One ASDU that is not for all. Who is not live gets it when it comes to that position. */
  private reply(record: LogRecord, at: number, next: number, position: number, to: readonly Participant[]): boolean {
    const { sessions, out, mark, voided } = this.parts;
    for (const { session: id, ownOa } of to) {
      const session = sessions.get(id);
      if (session?.live !== true || voided.had(session, record, at, next, position)) continue;
      out.answer(session, record.octets, at, next, position, ownOa);
      this.counters.replies++;
    }
    if (to.length === 0) this.counters.notForwarded++;
    // An answer is no event: it dies with its master's connection, so the RTU's window does not wait for that master.
    return mark.addOthers(position + 1);
  }
}

function causeAt(octets: Uint8Array, at: number): number {
  return (octets[at + APDU_CAUSE_OFFSET] as number) & COT_CAUSE_MASK;
}

function commonAddressAt(octets: Uint8Array, at: number): number {
  return (octets[at + APDU_CA_OFFSET] as number) | ((octets[at + APDU_CA_OFFSET + 1] as number) << 8);
}
