import { APDU_TYPE_OFFSET, type AsduHeader, Cause, encodeAsdu, forEachApdu, iFormat } from '@iec104mm2ss/iec104';
import { encodeLogRecord } from '@iec104mm2ss/wire';

export interface EventOptions extends Partial<Pick<AsduHeader, 'cot' | 'oa' | 'ca' | 'negative' | 'test'>> {
  readonly ioa?: number;
}

/** M_ME_NB_1 with one scaled value: an event, spontaneous unless `cot` says otherwise. */
export function eventAsdu(value: number, options: EventOptions = {}): Uint8Array {
  const { cot = Cause.SPONT, oa = 0, ca = 1, ioa = 100, negative = false, test = false } = options;
  return encodeAsdu({ type: 'M_ME_NB_1', cot, oa, ca, negative, test, objects: [{ ioa, value }] });
}

/** The value of an `eventAsdu`. */
export function eventValue(asdu: Uint8Array): number {
  return (((asdu[9] as number) | ((asdu[10] as number) << 8)) << 16) >> 16;
}

/** ASDUs as I-format APDUs back to back, as a socket read brings them. */
export function apdus(asdus: readonly Uint8Array[]): Buffer {
  return Buffer.concat(asdus.map((asdu, index) => iFormat(index, 0, asdu)));
}

/** The ASDUs of I-format APDUs back to back in `octets[from..]`. */
export function asdusOf(octets: Uint8Array, from = 0): Uint8Array[] {
  const found: Uint8Array[] = [];
  forEachApdu(octets, from, octets.length, (at, next) => {
    found.push(new Uint8Array(octets.subarray(at + APDU_TYPE_OFFSET, next)));
  });
  return found;
}

/** A record of the event log whose first ASDU has position `first`. */
export function logRecord(
  first: number,
  asdus: readonly Uint8Array[],
  epoch = 1,
  receivedAt = 0,
  generation = 1,
): Buffer {
  const octets = apdus(asdus);
  return encodeLogRecord({ epoch, generation, first, count: asdus.length, receivedAt }, octets, 0, octets.length);
}
