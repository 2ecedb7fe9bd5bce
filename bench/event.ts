/**
 * The event the bench sends: one M_ME_TF_1 object per ASDU, 27 octets with its APCI, valid in every field, numbered and
 * stamped by its own contents. What passes through a multiplexer bit-exact can be checked at the far end.
 *
 *   0  68 19                 start, length 25
 *   2  N(S) N(R)
 *   6  24 01 03 00           M_ME_TF_1, SQ = 0 and one object, COT 3 (spontaneous), OA 0
 *   10 CA                    as configured
 *   12 IOA                   1 + id modulo 1000
 *   15 value                 the stamp (clock.ts): 30 bits read as IEEE 754, always a finite number, never a NaN
 *   19 QDS 00
 *   20 CP56Time2a            run = month and year; id = milliseconds since the first of that month
 */
export const EVENT_OCTETS = 27;
export const EVENT_LENGTH = EVENT_OCTETS - 2;
export const M_ME_TF_1 = 36;
export const POINTS = 1000;

const MS_PER_MINUTE = 60_000;
/** 28 days of milliseconds: every month has that many, so an id below this is always a valid date. */
export const MAX_ID = 28 * 24 * 60 * MS_PER_MINUTE;

export function writeEventTemplate(buf: Uint8Array, at: number, ca: number): void {
  buf.fill(0, at, at + EVENT_OCTETS);
  buf[at] = 0x68;
  buf[at + 1] = EVENT_LENGTH;
  buf[at + 6] = M_ME_TF_1;
  buf[at + 7] = 1;
  buf[at + 8] = 3;
  buf[at + 10] = ca & 0xff;
  buf[at + 11] = ca >> 8;
}

/** Fills what differs from one event to the next. The sequence numbers are the sender's. */
export function writeEvent(buf: Uint8Array, at: number, run: number, id: number, stamp: number): void {
  const ioa = 1 + (id % POINTS);
  buf[at + 12] = ioa & 0xff;
  buf[at + 13] = ioa >> 8;
  buf[at + 15] = stamp & 0xff;
  buf[at + 16] = (stamp >> 8) & 0xff;
  buf[at + 17] = (stamp >> 16) & 0xff;
  buf[at + 18] = stamp >> 24;
  const minutes = Math.floor(id / MS_PER_MINUTE);
  const ms = id - minutes * MS_PER_MINUTE;
  const hours = Math.floor(minutes / 60);
  buf[at + 20] = ms & 0xff;
  buf[at + 21] = ms >> 8;
  buf[at + 22] = minutes % 60;
  buf[at + 23] = hours % 24;
  buf[at + 24] = 1 + Math.floor(hours / 24);
  buf[at + 25] = 1 + (run % 12);
  buf[at + 26] = Math.floor(run / 12) % 100;
}

/** The id, or -1 where the object address does not belong to it: then the octets were changed on the way. */
export function readId(buf: Uint8Array, at: number): number {
  const ms = buf[at + 20]! | (buf[at + 21]! << 8);
  const minutes = ((buf[at + 24]! - 1) * 24 + buf[at + 23]!) * 60 + buf[at + 22]!;
  const id = minutes * MS_PER_MINUTE + ms;
  const ioa = buf[at + 12]! | (buf[at + 13]! << 8) | (buf[at + 14]! << 16);
  return ioa === 1 + (id % POINTS) ? id : -1;
}

export function readRun(buf: Uint8Array, at: number): number {
  return buf[at + 26]! * 12 + buf[at + 25]! - 1;
}

export function readStamp(buf: Uint8Array, at: number): number {
  return buf[at + 15]! | (buf[at + 16]! << 8) | (buf[at + 17]! << 16) | (buf[at + 18]! << 24);
}
