/** For the specs of this library: golden vectors, and what has to be survived. Not part of what is built. */

export const hex = (octets: Uint8Array): string =>
  Buffer.from(octets)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');

/** Octets of lines of hexadecimal digits. */
export const fromHex = (...lines: readonly string[]): Uint8Array =>
  new Uint8Array(Buffer.from(lines.join('').replaceAll(' ', ''), 'hex'));

export const fromText = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** The octets as a subscriber may see them: no Buffer, and in the middle of memory that is full of `around`. */
export function received(octets: Uint8Array, around = 0xee): Uint8Array {
  const memory = new Uint8Array(octets.length + 300).fill(around);
  memory.set(octets, 7);
  return memory.subarray(7, 7 + octets.length);
}

/** Every truncation and every change of a single octet, and the message with more behind it. */
export function* corruptions(octets: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < octets.length; length++) yield octets.slice(0, length);
  for (const more of [1, 4, 12, 20]) yield new Uint8Array([...octets, ...new Uint8Array(more)]);
  for (let at = 0; at < octets.length; at++) {
    for (let change = 1; change < 256; change++) {
      const changed = octets.slice();
      changed[at]! ^= change;
      yield changed;
    }
  }
}
