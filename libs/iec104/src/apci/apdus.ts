import { APCI_OCTETS, MAX_LENGTH, MIN_LENGTH, START_OCTET } from './apci.js';
import { MIN_ASDU_OCTETS } from './asdu-length.js';

/**
 * Walking over APDUs that lie back to back. This is the only place that knows where one ends; whoever walks has checked
 * the octets with `countApdus` where they came from another process.
 */

/** Where the APDU that begins at `octets[at]` ends: the index after its last octet. Not checked. */
export function apduEnd(octets: Uint8Array, at: number): number {
  return at + (octets[at + 1] as number) + 2;
}

/** Where the APDU begins that `count` others from `at` on are before. The octets must have passed `countApdus`. */
export function skipApdus(octets: Uint8Array, at: number, count: number): number {
  let next = at;
  for (let left = count; left > 0; left--) next = apduEnd(octets, next);
  return next;
}

/** Up to here copying octet by octet takes less time than making the view that `set` asks for. */
const SHORT_COPY_OCTETS = 128;

/** Copies `source[start..end)` to `target[at..]`. The two may not overlap. */
export function copyOctets(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start <= SHORT_COPY_OCTETS) for (let from = start, to = at; from < end;) target[to++] = source[from++]!;
  else target.set(source.subarray(start, end), at);
}

/**
 * Calls `visit` for each APDU in `octets[start..end)`: where it begins, where it ends, and its number counting from 0. The
 * octets must have passed `countApdus`.
 */
export function forEachApdu(
  octets: Uint8Array,
  start: number,
  end: number,
  visit: (at: number, next: number, index: number) => void,
): void {
  let index = 0;
  for (let at = start; at < end; index++) {
    const next = apduEnd(octets, at);
    visit(at, next, index);
    at = next;
  }
}

/** Number of whole APDUs, each with an ASDU, that fill `octets[start..end)`; -1 when they do not. */
export function countApdus(octets: Uint8Array, start: number, end: number): number {
  if (start < 0 || end > octets.length || start > end) return -1;
  let count = 0;
  let at = start;
  while (at < end) {
    if (end - at < APCI_OCTETS + MIN_ASDU_OCTETS || octets[at] !== START_OCTET) return -1;
    const length = octets[at + 1] as number;
    if (length < MIN_LENGTH + MIN_ASDU_OCTETS || length > MAX_LENGTH) return -1;
    at = apduEnd(octets, at);
    count++;
  }
  return at === end ? count : -1;
}

/** Where in an APDU its ASDU's fields are: TypeID, cause, OA. */
export const APDU_TYPE_OFFSET = APCI_OCTETS;
export const APDU_CAUSE_OFFSET = APCI_OCTETS + 2;
export const APDU_OA_OFFSET = APCI_OCTETS + 3;
