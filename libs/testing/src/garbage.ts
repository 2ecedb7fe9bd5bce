/** Neither JSON nor octets of this product, or both of a kind that is not what is expected. */
export const GARBAGE: readonly Uint8Array[] = [
  ...['', 'null', '{}', '[]', '-1', '"a"', '{"v":2}', '{"v":2,"fence":{}}'].map((json) => Buffer.from(json)),
  Uint8Array.of(0),
  Uint8Array.of(2),
  Uint8Array.of(2, 1, 0, 0),
  new Uint8Array(24).fill(0xff),
  new Uint8Array(64).fill(2),
];
