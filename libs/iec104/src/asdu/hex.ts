const DIGITS = '0123456789abcdef';

/** Octets as lower case hexadecimal digits without separators. */
export function toHex(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += DIGITS[octet >> 4]! + DIGITS[octet & 0x0f]!;
  return text;
}
