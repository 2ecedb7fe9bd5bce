import { AsduView, causeName, typeName } from '@iec104mm2ss/iec104';

const OA_OFFSET = 3;

/** Tells ASDUs apart by all their octets but the OA, which the product may change. */
export function asduKey(asdu: Uint8Array): string {
  const octets = Buffer.from(asdu);
  octets[OA_OFFSET] = 0;
  return octets.toString('latin1');
}

/** As `asduKey`, whatever the cause and P/N: what a command and its answers have in common. */
export function requestKey(asdu: Uint8Array): string {
  const octets = Buffer.from(asdu);
  octets[2] = 0;
  octets[OA_OFFSET] = 0;
  return octets.toString('latin1');
}

/** An ASDU in few words, for the story. */
export function describe(asdu: Uint8Array): string {
  const view = new AsduView(asdu);
  const sign = view.negative ? ' P/N=1' : '';
  const value = Buffer.from(asdu.subarray(9)).toString('hex');
  return `${typeName(view.typeId)} ${causeName(view.cot)}${sign} CA ${view.ca} IOA ${view.ioa ?? '-'} [${value}] OA ${view.oa}`;
}
