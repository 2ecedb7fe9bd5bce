import { POINT_KINDS, type PointKind } from '../points/point-kind.js';
import { QUALITY_BITS } from '../points/quality.js';
import { decimal, quoted, wholeNumber } from './rows.js';

/** A value cell: value and quality bits, or why it is none. `remark`: it is one, but not all of it counts. */
export type IoValue =
  { readonly value: number; readonly quality: number; readonly remark?: string } | { readonly reason: string };

const STATE_BITS: Readonly<Record<'single' | 'double', number>> = { single: 0x01, double: 0x03 };

/**
 * Reads the value of a monitored row. For single and double points it is the octet SIQ or DIQ (IEC 60870-5-101 clauses 7.2.6.1
 * and 7.2.6.2), so it may carry quality bits: 129 is ON and invalid. Measurements are good.
 */
export function parseIoValue(kind: PointKind, text: string, decimalComma: boolean): IoValue {
  if (kind === 'single' || kind === 'double') return stateOctet(kind, text);
  const { min, max, integer } = POINT_KINDS[kind];
  const value = decimal(text, decimalComma);
  if (value === undefined) return { reason: `${quoted(text)} is no number` };
  // 1 is the end of the scale of normalized values, though the largest that the octets can say is 1 - 2^-15.
  const outside = kind === 'normalized' ? Math.abs(value) > 1 : value < min || value > max;
  if (outside) return { reason: `${text} is outside ${min}..${kind === 'normalized' ? 1 : max}` };
  if (integer && !Number.isInteger(value)) return { reason: `${text} is no whole number, which this type needs` };
  return { value: Math.min(value, max), quality: 0 };
}

function stateOctet(kind: 'single' | 'double', text: string): IoValue {
  const octet = wholeNumber(text, 0, 0xff);
  const states = kind === 'single' ? '0 (off) or 1 (on)' : '1 (off) or 2 (on), or 0 and 3';
  if (octet === undefined) return { reason: `${quoted(text)} is neither ${states}, nor these with quality bits` };
  const bits = STATE_BITS[kind];
  const reserved = octet & ~bits & ~QUALITY_BITS.state;
  return {
    value: octet & bits,
    quality: octet & QUALITY_BITS.state,
    ...(reserved !== 0 && {
      remark: `${octet} has reserved bits, which are left out: it counts as ${octet & ~reserved}`,
    }),
  };
}
