import type { RtuEvent } from '@iec104mm2ss/simulator';

/** What is known of one event of an RTU. */
export interface LedgerEntry {
  readonly sequence: number;
  readonly createdAt: number;
  /** True once some master has it. */
  delivered: boolean;
  /** How often the RTU has sent it, as far as it was told more than once. */
  sent: number;
}

/** Delivered events older than this are forgotten, so that a demo may run for days. */
const REMEMBERED = 100_000;

/** Every event of one RTU: which are on their way, and which arrived. Events are told apart by their octets. */
export class EventLedger {
  /** Events created, and how many of them reached at least one master. */
  total = 0;
  delivered = 0;

  private readonly entries = new Map<string, LedgerEntry>();

  created({ asdu, createdAt, sequence }: RtuEvent): void {
    this.entries.set(key(asdu), { sequence, createdAt, delivered: false, sent: 1 });
    this.total = sequence + 1;
    // Insertion order is event order: the first entries are the oldest.
    for (const [name, entry] of this.entries) {
      if (this.entries.size <= REMEMBERED || !entry.delivered) break;
      this.entries.delete(name);
    }
  }

  /** Its link to the multiplexer broke, and the RTU sends events `from` to `upTo` once more: they were not acknowledged to it. */
  sentAgain(from: number, upTo: number): void {
    for (const entry of this.entries.values()) if (entry.sequence >= from && entry.sequence < upTo) entry.sent++;
  }

  /** A master received these octets; undefined when the RTU never sent them. */
  received(asdu: Uint8Array): LedgerEntry | undefined {
    const entry = this.entries.get(key(asdu));
    if (entry !== undefined && !entry.delivered) {
      entry.delivered = true;
      this.delivered++;
    }
    return entry;
  }

  /** Events that no master has. */
  get undelivered(): number {
    return this.total - this.delivered;
  }
}

/** IOA and time tag make the octets unique: see ProcessImage.change of the simulator. */
function key(asdu: Uint8Array): string {
  return Buffer.from(asdu.buffer, asdu.byteOffset, asdu.length).toString('latin1');
}
