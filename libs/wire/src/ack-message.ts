import { asBuffer, isPosition, unknownVersion, WIRE_VERSION, wrongLength, wrongValue } from './octets.js';
import type { Decoded } from './wire-error.js';

/**
 * Gateway to router, on `.ack`: what masters have acknowledged, one entry per session. Little-endian.
 *
 *     0   u8   version (2)
 *     1   u8   0
 *     2   u16  number of entries
 *     4        entries of 20 octets:
 *              0   u32  session
 *              4   f64  everything for this session before this position is acknowledged by its master
 *              12  f64  generation of that position
 */
const PREAMBLE_OCTETS = 4;
const ENTRY_OCTETS = 20;
/** Entries of one message. */
export const MAX_ACKS = 0xffff;

export interface Ack {
  readonly session: number;
  readonly position: number;
  readonly generation: number;
}

export function encodeAcks(acks: readonly Ack[]): Buffer {
  const message = Buffer.allocUnsafe(PREAMBLE_OCTETS + acks.length * ENTRY_OCTETS);
  message[0] = WIRE_VERSION;
  message[1] = 0;
  message.writeUInt16LE(acks.length, 2);
  let at = PREAMBLE_OCTETS;
  for (const { session, position, generation } of acks) {
    message.writeUInt32LE(session, at);
    message.writeDoubleLE(position, at + 4);
    message.writeDoubleLE(generation, at + 12);
    at += ENTRY_OCTETS;
  }
  return message;
}

export function decodeAcks(octets: Uint8Array): Decoded<readonly Ack[]> {
  const what = 'acknowledgements';
  if (octets[0] !== WIRE_VERSION) return unknownVersion(what, octets[0]);
  const buffer = asBuffer(octets);
  const count = octets.length < PREAMBLE_OCTETS ? -1 : buffer.readUInt16LE(2);
  if (octets.length !== PREAMBLE_OCTETS + count * ENTRY_OCTETS) return wrongLength(what, `not ${count} entries`);
  const acks: Ack[] = [];
  for (let at = PREAMBLE_OCTETS; at < octets.length; at += ENTRY_OCTETS) {
    const position = buffer.readDoubleLE(at + 4);
    const generation = buffer.readDoubleLE(at + 12);
    if (!isPosition(position)) return wrongValue(what, 'position', position);
    if (!isPosition(generation)) return wrongValue(what, 'generation', generation);
    acks.push({ session: buffer.readUInt32LE(at), position, generation });
  }
  return acks;
}
