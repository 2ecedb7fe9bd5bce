import { copyOctets, countApdus } from '@iec104mm2ss/iec104';
import {
  asBuffer,
  isPosition,
  isWallTime,
  short,
  unknownVersion,
  WIRE_VERSION,
  wrongLength,
  wrongValue,
} from './octets.js';
import type { Decoded } from './wire-error.js';

/**
 * A record of the event log: what one socket read from the RTU brought, whole I-format APDUs back to back. Little-endian.
 *
 *     0   u8   version (2)
 *     1   u8   0
 *     2   u16  number of ASDUs, 1..65535
 *     4   u32  link epoch: counts the RTU connections of the group
 *     8   f64  position of the first ASDU
 *     16  f64  receive time, ms since 1970-01-01 UTC
 *     24  f64  generation of the log, see LogPlace
 *     32       the APDUs, `68 len control*4 ASDU`; their control fields are the RTU's and mean nothing here
 *
 * Version 1 has no generation (it counts as 0) and its APDUs begin at 24. Keeping the six octets of APCI in place lets a
 * gateway copy a whole run and patch it.
 */
export const LOG_RECORD_PREAMBLE_OCTETS = 32;
const PREAMBLE_OCTETS_V1 = 24;

/**
 * A place in the event log of a group. Positions alone are not enough: a log that lost its end (power failure, restored
 * store) goes on with numbers it has given out before. Each time a writer opens the log it begins a new generation, a
 * number larger than every earlier one, so the same position of two generations can be told apart.
 */
export interface LogPlace {
  readonly generation: number;
  readonly position: number;
}

export interface LogRecord {
  readonly epoch: number;
  readonly generation: number;
  /** Position of the first ASDU, and the one after the last. */
  readonly first: number;
  readonly end: number;
  readonly count: number;
  /** ms since 1970-01-01 UTC. */
  readonly receivedAt: number;
  /** The octets of the record, and where its first APDU begins; the last one ends with them. */
  readonly octets: Uint8Array;
  readonly apdusAt: number;
}

export interface LogRecordHead {
  readonly epoch: number;
  readonly generation: number;
  readonly first: number;
  readonly count: number;
  readonly receivedAt: number;
}

/** Makes a record of the `head.count` APDUs in `octets[start..end)`. Copies once. */
export function encodeLogRecord(head: LogRecordHead, octets: Uint8Array, start: number, end: number): Buffer {
  const record = Buffer.allocUnsafe(LOG_RECORD_PREAMBLE_OCTETS + end - start);
  record[0] = WIRE_VERSION;
  record[1] = 0;
  record.writeUInt16LE(head.count, 2);
  record.writeUInt32LE(head.epoch, 4);
  record.writeDoubleLE(head.first, 8);
  record.writeDoubleLE(head.receivedAt, 16);
  record.writeDoubleLE(head.generation, 24);
  copyOctets(octets, start, end, record, LOG_RECORD_PREAMBLE_OCTETS);
  return record;
}

/** The record is a view: its octets belong to whoever gave them. */
export function decodeLogRecord(octets: Uint8Array): Decoded<LogRecord> {
  const what = 'log record';
  const [version] = octets;
  if (version !== 1 && version !== WIRE_VERSION) return unknownVersion(what, version);
  const apdusAt = version === 1 ? PREAMBLE_OCTETS_V1 : LOG_RECORD_PREAMBLE_OCTETS;
  if (octets.length < apdusAt) return short(what, octets.length);
  const buffer = asBuffer(octets);
  const count = buffer.readUInt16LE(2);
  const first = buffer.readDoubleLE(8);
  const receivedAt = buffer.readDoubleLE(16);
  const generation = version === 1 ? 0 : buffer.readDoubleLE(24);
  if (!isPosition(first) || !isPosition(first + count)) return wrongValue(what, 'position', first);
  if (!isPosition(generation)) return wrongValue(what, 'generation', generation);
  if (!isWallTime(receivedAt)) return wrongValue(what, 'receive time', receivedAt);
  if (count === 0 || countApdus(octets, apdusAt, octets.length) !== count) {
    return wrongLength(what, `its octets are not ${count} APDUs`);
  }
  const epoch = buffer.readUInt32LE(4);
  return { epoch, generation, first, end: first + count, count, receivedAt, octets, apdusAt };
}
