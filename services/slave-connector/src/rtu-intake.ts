import type { AckPolicy } from '@iec104mm2ss/config';
import type { Clock } from '@iec104mm2ss/runtime';
import {
  apduEnd,
  countApdus,
  FIELD_LENGTHS_104,
  type FieldLengths,
  type Link,
  OFFENDING_OCTETS,
  toHex,
} from '@iec104mm2ss/iec104';
import type { RtuEnd } from '@iec104mm2ss/observability';
import type { CloseReason } from '@iec104mm2ss/transport';
import type { ConnectorCounters } from './counters.js';
import type { EventWriter } from './event-writer.js';
import { type ForeignLengths, LengthCheck } from './length-check.js';
import { LinkOrdinals } from './link-ordinals.js';
import { type LoggedAsdu, RepeatFilter } from './repeat-filter.js';

/** What may be repeated is new when the RTU sends nothing more for this long; never longer than a quarter of its t1. */
export const HELD_PAUSE_MS = 1_000;

/** What is used of the connection. */
export interface AcknowledgedPath {
  readonly link: Pick<Link, 'received' | 'confirm'>;
  touched(): void;
}

export interface IntakeOptions {
  readonly ack: AckPolicy;
  readonly t1Ms: number;
  readonly clock: Clock;
  readonly counters: ConnectorCounters;
  /** The link before was refused for its field lengths. */
  readonly suspect: boolean;
  /** The RTU keeps to the field lengths of 104. */
  readonly onProven: () => void;
  /** An ASDU fits other field lengths than those of 104; it is taken. */
  readonly onOdd: (reason: Required<CloseReason>) => void;
  /** The RTU has other field lengths than 104: nothing of it is taken any more. */
  readonly onForeign: (reason: Required<CloseReason<RtuEnd>>) => void;
  /** False while another connector may be using the RTU: the log may refuse what we give it. */
  readonly mayUse: () => boolean;
  /** The deadline has changed. */
  readonly onDeadlineMoved: () => void;
}

/**
 * What comes from the RTU on one link: it goes to the log unless it was repeated, and the RTU is acknowledged as far as it
 * is safe.
 */
export class RtuIntake {
  private readonly ordinals = new LinkOrdinals();
  private readonly lengths: LengthCheck;
  /** Undefined once everything that comes is new. */
  private filter: RepeatFilter | undefined;
  private readonly pauseMs: number;
  /** How many APDUs of the link may be acknowledged. */
  private safeCount = 0;
  /** When the first and the last ASDU that is held came. */
  private heldSince = 0;
  private heldAt = 0;

  /** @param history what the RTU may send once more */
  constructor(
    private readonly connection: AcknowledgedPath,
    private readonly epoch: number,
    history: readonly LoggedAsdu[],
    private readonly writer: EventWriter,
    private readonly options: IntakeOptions,
  ) {
    this.lengths = new LengthCheck(options.suspect);
    this.pauseMs = Math.min(HELD_PAUSE_MS, options.t1Ms / 4);
    const filter = new RepeatFilter(history, {
      fresh: (octets, start, end, count, receivedAt) => this.write(octets, start, end, count, receivedAt),
      repeated: (ordinal) => {
        this.ordinals.add(ordinal, 1);
        options.counters.repeated++;
      },
    });
    if (filter.active) this.filter = filter;
  }

  /** ASDUs that are held until it is known whether they are repeated ones. */
  get holding(): number {
    return this.filter?.holding ?? 0;
  }

  /** Takes `count` APDUs, `octets[start..end)`, which must stay unchanged. */
  take(octets: Uint8Array, start: number, end: number, count: number): void {
    const odd = this.lengths.active ? this.look(octets, start, end) : [];
    for (const one of odd) if (!one.certain) this.options.onOdd(foreignReason(octets, one));
    const foreign = odd.find(({ certain }) => certain);
    if (foreign === undefined) {
      this.accept(octets, start, end, count);
      return;
    }
    const before = countApdus(octets, start, foreign.at);
    if (before > 0) this.accept(octets, start, foreign.at, before);
    this.options.onForeign(foreignReason(octets, foreign));
  }

  private look(octets: Uint8Array, start: number, end: number): ForeignLengths[] {
    const odd = this.lengths.take(octets, start, end);
    if (!this.lengths.active) this.options.onProven();
    return odd;
  }

  private accept(octets: Uint8Array, start: number, end: number, count: number): void {
    const { ack, clock, counters } = this.options;
    counters.received += count;
    if (this.filter !== undefined) this.sift(this.filter, octets, start, end, clock.wallMs());
    else {
      this.write(octets, start, end, count, clock.wallMs());
      if (ack !== 'received') return;
    }
    this.confirm();
  }

  /** Tells the link how far it may acknowledge. */
  confirm(): void {
    const { stored, appended, confirmed } = this.writer;
    const { ack, mayUse } = this.options;
    if (ack === 'received') {
      if (mayUse()) this.confirmTo(appended);
    } else this.confirmTo(ack === 'delivered' ? Math.min(stored, confirmed ?? 0) : stored);
  }

  /** What no master has acknowledged in time, the first `count` APDUs, is acknowledged as far as the log holds it. */
  force(count: number): void {
    const before = this.safeCount;
    this.confirmTo(Math.min(this.ordinals.endOf(count), this.writer.stored));
    this.options.counters.forcedAcknowledgements += this.safeCount - before;
  }

  nextDeadline(): number {
    if (this.holding === 0) return Infinity;
    return Math.min(this.heldAt + this.pauseMs, this.heldSince + this.options.t1Ms / 2);
  }

  onDeadline(now: number): void {
    if (this.nextDeadline() > now || this.filter === undefined) return;
    this.filter.giveUp();
    this.settle(this.filter);
    this.confirm();
  }

  private sift(filter: RepeatFilter, octets: Uint8Array, start: number, end: number, receivedAt: number): void {
    const before = filter.holding;
    filter.take(octets, start, end, receivedAt);
    this.settle(filter);
    if (filter.holding === 0) return;
    this.heldAt = this.options.clock.now();
    if (before === 0) this.heldSince = this.heldAt;
    this.options.onDeadlineMoved();
  }

  private settle(filter: RepeatFilter): void {
    if (filter.active) return;
    this.options.counters.heldRepeats += filter.heldNew;
    this.filter = undefined;
  }

  private write(octets: Uint8Array, start: number, end: number, count: number, receivedAt: number): void {
    // The log may store it at once, and then it is asked for.
    this.ordinals.add(this.writer.next, count);
    this.writer.write(this.epoch, octets, start, end, count, receivedAt);
  }

  private confirmTo(ordinal: number): void {
    const { connection } = this;
    const count = Math.min(this.ordinals.countBefore(ordinal), connection.link.received);
    if (count <= this.safeCount) return;
    this.safeCount = count;
    connection.link.confirm(count, this.options.clock.now());
    connection.touched();
    this.writer.release(this.ordinals.endOf(count));
  }
}

function foreignReason(octets: Uint8Array, { at, lengths, certain }: ForeignLengths): Required<CloseReason<RtuEnd>> {
  const [likeliest, ...others] = lengths.map(lengthsText);
  const or = others.length === 0 ? '' : ` (or ${others.join('; ')})`;
  const message =
    `${certain ? 'the ASDUs of the RTU fit' : 'an ASDU fits'} ${likeliest} octets${or}, as on a serial line (101): ` +
    `104 has ${lengthsText(FIELD_LENGTHS_104)}${certain ? ', and the RTU is to be set to them' : ''}`;
  const apdu = octets.subarray(at, Math.min(apduEnd(octets, at), at + OFFENDING_OCTETS));
  return { code: 'field_lengths', message, clause: '7', octets: toHex(apdu) };
}

function lengthsText({ cot, ca, ioa }: FieldLengths): string {
  return `COT ${cot}, CA ${ca}, IOA ${ioa}`;
}
