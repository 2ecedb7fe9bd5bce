import { Iec104Error } from '../errors.js';
import {
  ASDU_CA_OFFSET,
  ASDU_CAUSE_OFFSET,
  ASDU_HEADER_OCTETS,
  ASDU_IOA_OFFSET,
  ASDU_OA_OFFSET,
  ASDU_TYPE_OFFSET,
  ASDU_VSQ_OFFSET,
  COT_CAUSE_MASK,
  COT_NEGATIVE_BIT,
  COT_TEST_BIT,
  IOA_OCTETS,
  readIoa,
  VSQ_COUNT_MASK,
  VSQ_SQ_BIT,
} from './asdu-layout.js';

/**
 * The data unit identifier of an ASDU, read in place: no copy, no element decode, nothing cached. This is what routing
 * looks at.
 *
 * The view does not own its octets. It reads whatever the buffer holds at the moment of the call, so a view into a
 * socket chunk must not outlive the tick that delivered the chunk:
 *
 *     onApdu(octets) { route(new AsduView(octets)); }                // safe: used before the chunk is reused
 *     onApdu(octets) { this.pending = new AsduView(octets); }        // unsafe: the chunk is overwritten later
 *     onApdu(octets) { this.pending = new AsduView(new Uint8Array(octets)); } // safe: a copy
 *
 * (`slice()` copies a Uint8Array but not a Node Buffer.)
 *
 * @throws Iec104Error `ASDU_TOO_SHORT` when fewer than six octets are there. The length against TypeID and VSQ is not
 * checked here: what passes through is passed bit-exact even when the station's profile is a strange one.
 */
export class AsduView {
  constructor(
    readonly octets: Uint8Array,
    readonly offset: number = 0,
    readonly lengthOctets: number = octets.length - offset,
  ) {
    if (lengthOctets < ASDU_HEADER_OCTETS || offset < 0 || offset + lengthOctets > octets.length) {
      throw new Iec104Error(
        'ASDU_TOO_SHORT',
        `an ASDU has at least ${ASDU_HEADER_OCTETS} octets: offset ${offset}, length ${lengthOctets} in a buffer of ${octets.length}`,
      );
    }
  }

  /** 0..255. */
  get typeId(): number {
    return this.octets[this.offset + ASDU_TYPE_OFFSET]!;
  }

  /** True when the objects are a sequence behind one IOA (VSQ bit 8). */
  get sq(): boolean {
    return (this.octets[this.offset + ASDU_VSQ_OFFSET]! & VSQ_SQ_BIT) !== 0;
  }

  /** Number of objects (SQ = 0) or elements (SQ = 1), 0..127. */
  get count(): number {
    return this.octets[this.offset + ASDU_VSQ_OFFSET]! & VSQ_COUNT_MASK;
  }

  /** Cause of transmission 0..63, without P/N and T. */
  get cot(): number {
    return this.octets[this.offset + ASDU_CAUSE_OFFSET]! & COT_CAUSE_MASK;
  }

  /** P/N: true is a negative confirmation. */
  get negative(): boolean {
    return (this.octets[this.offset + ASDU_CAUSE_OFFSET]! & COT_NEGATIVE_BIT) !== 0;
  }

  /** T: true marks a test, which does not touch the process. */
  get test(): boolean {
    return (this.octets[this.offset + ASDU_CAUSE_OFFSET]! & COT_TEST_BIT) !== 0;
  }

  /** Originator address 0..255; 0 = not used. */
  get oa(): number {
    return this.octets[this.offset + ASDU_OA_OFFSET]!;
  }

  /** Common address 0..65535. */
  get ca(): number {
    const at = this.offset + ASDU_CA_OFFSET;
    return this.octets[at]! | (this.octets[at + 1]! << 8);
  }

  /** Address of the first information object 0..16777215; undefined when the ASDU ends before it. */
  get ioa(): number | undefined {
    if (this.lengthOctets < ASDU_IOA_OFFSET + IOA_OCTETS) return undefined;
    return readIoa(this.octets, this.offset + ASDU_IOA_OFFSET);
  }

  /** The ASDU's octets as a view into the same buffer; copy it to keep it. */
  subarray(): Uint8Array {
    return this.octets.subarray(this.offset, this.offset + this.lengthOctets);
  }
}
