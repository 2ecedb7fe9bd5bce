import { type LinkBreach, linkBreach, OFFENDING_OCTETS } from '../errors.js';
import { MAX_APDU_OCTETS, MAX_LENGTH, MIN_LENGTH, START_OCTET } from './apci.js';
import { apduEnd } from './apdus.js';

const NOTHING = new Uint8Array(0);

/**
 * Finds whole APDUs in a TCP stream, however it was cut into chunks.
 *
 * Knows the start and length octets only (clause 5); what the control field says is the link's concern.
 * In the common case, a chunk holding whole APDUs, nothing is copied.
 */
export class ApduFramer {
  /** Why the stream can no longer be read; set once, never cleared. Octets before the fault were returned as usual. */
  error: LinkBreach | undefined;

  private readonly carry = new Uint8Array(MAX_APDU_OCTETS);
  private carried = 0;

  /** Octets of an incomplete APDU waiting for the rest. */
  get pendingOctets(): number {
    return this.carried;
  }

  /**
   * Takes the next chunk and returns octets that hold whole APDUs only, one after the other (possibly none).
   *
   * The result is a view into `chunk`, or into a fresh array when an APDU began in an earlier chunk. It is the
   * caller's for as long as `chunk` is. Malformed input sets `error` and ends the stream.
   */
  feed(chunk: Uint8Array): Uint8Array {
    if (this.error !== undefined) return NOTHING;
    let octets = chunk;
    if (this.carried > 0) {
      octets = new Uint8Array(this.carried + chunk.length);
      octets.set(this.carry.subarray(0, this.carried));
      octets.set(chunk, this.carried);
      this.carried = 0;
    }
    const end = octets.length;
    let at = 0;
    while (at < end) {
      if (octets[at] !== START_OCTET) {
        this.fail(octets, at, 'APCI_START', `start octet 0x${hex(octets[at] as number)} instead of 0x68`);
        return octets.subarray(0, at);
      }
      if (at + 1 === end) break;
      const length = octets[at + 1] as number;
      if (length < MIN_LENGTH || length > MAX_LENGTH) {
        this.fail(octets, at, 'APCI_LENGTH', `length octet ${length}, allowed are ${MIN_LENGTH}..${MAX_LENGTH}`);
        return octets.subarray(0, at);
      }
      const next = apduEnd(octets, at);
      if (next > end) break;
      at = next;
    }
    if (at === end) return octets;
    this.carried = end - at;
    this.carry.set(octets.subarray(at));
    return octets.subarray(0, at);
  }

  private fail(octets: Uint8Array, at: number, code: 'APCI_START' | 'APCI_LENGTH', message: string): void {
    this.error = linkBreach(code, message);
    this.error.octets = octets.slice(at, at + OFFENDING_OCTETS);
  }
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
