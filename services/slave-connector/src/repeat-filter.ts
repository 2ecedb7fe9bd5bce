import { LOG_RECORD_PREAMBLE_OCTETS, recordFirst } from '@iec104mm2ss/bus';
import {
  APCI_OCTETS,
  ASDU_CAUSE_OFFSET,
  Cause,
  COT_CAUSE_MASK,
  isInterrogated,
  LAST_MONITOR_TYPE,
  typeInfo,
} from '@iec104mm2ss/iec104';

/** An ASDU of the event log. */
export interface LoggedAsdu {
  readonly position: number;
  readonly asdu: Uint8Array;
}

/** The ASDUs of log records, from `position` on. */
export function loggedAsdus(records: readonly Uint8Array[], position: number): LoggedAsdu[] {
  const asdus: LoggedAsdu[] = [];
  for (const record of records) {
    let at = LOG_RECORD_PREAMBLE_OCTETS;
    for (let own = recordFirst(record); at < record.length; own++) {
      const next = at + (record[at + 1] as number) + 2;
      if (own >= position) asdus.push({ position: own, asdu: record.subarray(at + APCI_OCTETS, next) });
      at = next;
    }
  }
  return asdus;
}

/**
 * Recognises what an RTU sends once more after its link broke: the ASDUs that were not acknowledged to it, in order, octet
 * for octet, before anything else; answers it may leave out. Those that are in the event log already are not appended again.
 *
 * Only an ASDU with a time tag can begin such a repetition: one without may be a new event that happens to look the same.
 */
export class RepeatFilter {
  /** Positions of the repeated ASDUs seen, which are the first ones of the link. */
  private readonly positions: number[] = [];
  /** Index in the history of the next one expected; -1 before the first. */
  private index = -1;
  private active: boolean;

  constructor(private readonly history: readonly LoggedAsdu[]) {
    this.active = history.length > 0;
  }

  /** False once everything that comes is new. */
  get isActive(): boolean {
    return this.active;
  }

  /** Repeated ASDUs seen. */
  get repeated(): number {
    return this.positions.length;
  }

  /** How many of them have a position before `position`. */
  repeatedBefore(position: number): number {
    let count = 0;
    while (count < this.positions.length && (this.positions[count] as number) < position) count++;
    return count;
  }

  /** Position after the first `count` of them; undefined when there are none. */
  positionAfter(count: number): number | undefined {
    const [first] = this.positions;
    return count === 0 || first === undefined ? first : (this.positions[count - 1] as number) + 1;
  }

  /** Skips repeated ASDUs at the beginning of the APDUs in `octets[start..end)`; returns where the first new one begins. */
  skip(octets: Uint8Array, start: number, end: number): number {
    let at = start;
    while (this.active && at < end) {
      const next = at + (octets[at + 1] as number) + 2;
      const asdu = octets.subarray(at + APCI_OCTETS, next);
      const found = this.index < 0 ? this.beginning(asdu) : this.following(asdu);
      const logged = this.history[found];
      if (logged === undefined) {
        this.active = false;
        break;
      }
      this.positions.push(logged.position);
      this.index = found + 1;
      if (this.index === this.history.length) this.active = false;
      at = next;
    }
    return at;
  }

  /** Index in the history, or -1. */
  private beginning(asdu: Uint8Array): number {
    const timeTag = typeInfo(asdu[0] as number)?.timeTag ?? 'none';
    return timeTag === 'none' ? -1 : this.history.findIndex((logged) => sameOctets(logged.asdu, asdu));
  }

  private following(asdu: Uint8Array): number {
    for (let index = this.index; index < this.history.length; index++) {
      const logged = this.history[index] as LoggedAsdu;
      if (sameOctets(logged.asdu, asdu)) return index;
      if (!isAnswer(logged.asdu)) return -1;
    }
    return -1;
  }
}

/** True for what somebody asked for: commands mirrored, and answers to interrogations and reads. */
function isAnswer(asdu: Uint8Array): boolean {
  const cot = (asdu[ASDU_CAUSE_OFFSET] as number) & COT_CAUSE_MASK;
  return (asdu[0] as number) > LAST_MONITOR_TYPE || cot === Cause.REQ || isInterrogated(cot);
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
