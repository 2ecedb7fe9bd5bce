import { apduEnd, APCI_OCTETS, type FieldLengths, fieldLengthsOf } from '@iec104mm2ss/iec104';

/** So many ASDUs that can only have been written with other field lengths are enough. */
const ENOUGH = 2;
/** An RTU that has sent so many ASDUs which prove nothing is believed. */
const MAX_ASDUS = 1_000;

/** That an ASDU fits other field lengths than those of 104, and which, the likeliest first. */
export interface ForeignLengths {
  /** Where its APDU begins. */
  readonly at: number;
  /** False for the first one, which may be damaged: it is taken. From a certain one on nothing is. */
  readonly certain: boolean;
  readonly lengths: readonly FieldLengths[];
}

/**
 * Looks at what an RTU sends first on a link: a station with the field lengths of a serial line (101) behind a terminal server,
 * or one that is set to them, would be read wrongly all through, and OAs written into its addresses. One ASDU that fits 104
 * shows that it is not so; one alone that does not may be damaged.
 */
export class LengthCheck {
  private looked = 0;
  private odd: number;
  private candidates: readonly FieldLengths[] = [];

  /** False once it is known that the RTU keeps to 104. */
  active = true;

  /** @param suspect it was refused for that before, so the first odd ASDU is enough */
  constructor(suspect = false) {
    this.odd = suspect ? ENOUGH - 1 : 0;
  }

  /** Takes the APDUs in `octets[start..end)`; says which ones are odd, up to the one at which it is certain. */
  take(octets: Uint8Array, start: number, end: number): ForeignLengths[] {
    const odd: ForeignLengths[] = [];
    for (let at = start; at < end && this.active; at = apduEnd(octets, at)) {
      const lengths = this.look(octets.subarray(at + APCI_OCTETS, apduEnd(octets, at)));
      if (lengths === undefined) continue;
      const certain = this.odd >= ENOUGH;
      odd.push({ at, lengths, certain });
      if (certain) break;
    }
    return odd;
  }

  private look(asdu: Uint8Array): readonly FieldLengths[] | undefined {
    const found = fieldLengthsOf(asdu);
    if (found === '104' || ++this.looked > MAX_ASDUS) {
      this.active = false;
      return undefined;
    }
    if (found === undefined) return undefined;
    const both = found.filter((one) => this.candidates.includes(one));
    // What contradicts what came before is damaged, not foreign.
    this.odd = both.length === 0 && this.candidates.length > 0 ? 1 : this.odd + 1;
    this.candidates = both.length === 0 ? found : both;
    return this.candidates;
  }
}
