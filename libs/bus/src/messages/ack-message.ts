import { asBuffer } from './log-record.js';

/**
 * Gateway to router, on `.ack`: entries of 12 octets, one per session that acknowledged something this turn.
 *
 *     0  u32  session
 *     4  f64  everything for this session before this position is acknowledged by its master
 */
export const ACK_ENTRY_OCTETS = 12;

export function encodeAcks(
  entries: Iterable<{ readonly id: number; readonly acknowledged: number }>,
  size: number,
): Buffer {
  const message = Buffer.allocUnsafe(size * ACK_ENTRY_OCTETS);
  let at = 0;
  for (const entry of entries) {
    message.writeUInt32LE(entry.id, at);
    message.writeDoubleLE(entry.acknowledged, at + 4);
    at += ACK_ENTRY_OCTETS;
  }
  return message;
}

export function forEachAck(message: Uint8Array, visit: (session: number, position: number) => void): void {
  const buffer = asBuffer(message);
  for (let at = 0; at + ACK_ENTRY_OCTETS <= buffer.length; at += ACK_ENTRY_OCTETS) {
    visit(buffer.readUInt32LE(at), buffer.readDoubleLE(at + 4));
  }
}
