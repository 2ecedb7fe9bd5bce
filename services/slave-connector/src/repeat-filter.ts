import { LOG_RECORD_PREAMBLE_OCTETS, recordFirst } from '@iec104mm2ss/bus';
import { APCI_OCTETS, typeInfo } from '@iec104mm2ss/iec104';

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
 * for octet, before anything else. Those that are in the event log already are not appended again.
 *
 * Only an ASDU with a time tag can begin such a repetition: one without may be a new event that happens to look the same.
 */
export class RepeatFilter {
  /** Repeated ASDUs seen: the first ones of the link. */
  repeated = 0;
  /** Position of the first of them. */
  from = 0;
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

  /** Skips repeated ASDUs at the beginning of the APDUs in `octets[start..end)`; returns where the first new one begins. */
  skip(octets: Uint8Array, start: number, end: number): number {
    let at = start;
    while (this.active && at < end) {
      const next = at + (octets[at + 1] as number) + 2;
      const asdu = octets.subarray(at + APCI_OCTETS, next);
      if (this.index < 0) this.index = this.beginning(asdu);
      const expected = this.index < 0 ? undefined : this.history[this.index];
      if (expected === undefined || !sameOctets(expected.asdu, asdu)) {
        this.active = false;
        break;
      }
      if (this.repeated === 0) this.from = expected.position;
      this.repeated++;
      this.index++;
      if (this.index === this.history.length) this.active = false;
      at = next;
    }
    return at;
  }

  private beginning(asdu: Uint8Array): number {
    const timeTag = typeInfo(asdu[0] as number)?.timeTag ?? 'none';
    return timeTag === 'none' ? -1 : this.history.findIndex((logged) => sameOctets(logged.asdu, asdu));
  }
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
