import { asBuffer } from './log-record.js';

/**
 * Router to gateways, on `.out` for every live session and on `.out.<session>` for one.
 *
 *     0   u8   version (1)
 *     1   u8   kind, see OutKind
 *     2   u8   flags, see OutFlag
 *     3   u8   0
 *     4   u32  fence of the router that owns the group: a smaller one than seen before is stale
 *     8   f64  from: the first position this message accounts for
 *     16  f64  first: position of the first ASDU, or NO_POSITION when the ASDUs are the router's own; for JOIN and BEGIN
 *              see there
 *     24  u32  number of ASDUs
 *     28       APDUs as in a log record; text (UTF-8) for CLOSE and STANDBY
 *
 * Positions `from..first` were for somebody else. A session that expects a smaller position than `from` has missed
 * something.
 */
export const OUT_PREAMBLE_OCTETS = 28;
export const NO_POSITION = -1;

export const OutKind = {
  /** ASDUs to send. */
  DATA: 1,
  /** From position `first` on this session takes what is published for all; its own ASDUs ended at `from`. */
  JOIN: 2,
  /** Close the session; the text says why, as `code message`. */
  CLOSE: 3,
  /** Another connection of the same master took over: stop data transfer here, keep the connection. */
  STANDBY: 4,
  /** Answers the session's STARTED with number `first`: the ASDUs it gets begin at position `from`. */
  BEGIN: 5,
} as const;
export type OutKind = (typeof OutKind)[keyof typeof OutKind];

export const OutFlag = {
  /** Some OA octets are ours: each session writes its own OA where it finds its allocated one, 0 elsewhere. */
  PATCH_OA: 1,
} as const;

export function encodeOut(
  kind: OutKind,
  flags: number,
  fence: number,
  from: number,
  first: number,
  count: number,
  octets: Uint8Array,
  start: number,
  end: number,
): Buffer {
  const message = Buffer.allocUnsafe(OUT_PREAMBLE_OCTETS + end - start);
  message[0] = 1;
  message[1] = kind;
  message[2] = flags;
  message[3] = 0;
  message.writeUInt32LE(fence, 4);
  message.writeDoubleLE(from, 8);
  message.writeDoubleLE(first, 16);
  message.writeUInt32LE(count, 24);
  if (end > start) message.set(octets.subarray(start, end), OUT_PREAMBLE_OCTETS);
  return message;
}

const NO_OCTETS = new Uint8Array(0);

/** A message without ASDUs: JOIN or BEGIN. */
export function encodeOutMark(kind: OutKind, fence: number, from: number, first: number): Buffer {
  return encodeOut(kind, 0, fence, from, first, 0, NO_OCTETS, 0, 0);
}

/** A message with a text: CLOSE or STANDBY. */
export function encodeOutText(kind: OutKind, fence: number, text: string): Buffer {
  const octets = Buffer.from(text);
  return encodeOut(kind, 0, fence, 0, NO_POSITION, 0, octets, 0, octets.length);
}

export const outKind = (message: Uint8Array): OutKind => message[1] as OutKind;
export const outFlags = (message: Uint8Array): number => message[2] as number;
export const outFence = (message: Uint8Array): number => asBuffer(message).readUInt32LE(4);
export const outFrom = (message: Uint8Array): number => asBuffer(message).readDoubleLE(8);
export const outFirst = (message: Uint8Array): number => asBuffer(message).readDoubleLE(16);
export const outCount = (message: Uint8Array): number => asBuffer(message).readUInt32LE(24);
export const outText = (message: Uint8Array): string => asBuffer(message).toString('utf8', OUT_PREAMBLE_OCTETS);
