/**
 * A record of the event log: what one socket read from the RTU brought, whole I-format APDUs back to back.
 *
 *     0   u8   version (1)
 *     1   u8   0
 *     2   u16  number of ASDUs
 *     4   u32  link epoch: counts the RTU connections of the group
 *     8   f64  position of the first ASDU
 *     16  f64  receive time, ms since 1970-01-01 UTC
 *     24       the APDUs, `68 len control*4 ASDU`; their control fields are the RTU's and mean nothing here
 *
 * All little-endian. Keeping the six octets of APCI in place lets a gateway copy a whole run and patch it.
 */
export const LOG_RECORD_VERSION = 1;
export const LOG_RECORD_PREAMBLE_OCTETS = 24;

/** Makes a record from `octets[start..end)` holding `count` APDUs. Copies once. */
export function encodeLogRecord(
  epoch: number,
  first: number,
  count: number,
  receivedAt: number,
  octets: Uint8Array,
  start: number,
  end: number,
): Buffer {
  const record = Buffer.allocUnsafe(LOG_RECORD_PREAMBLE_OCTETS + end - start);
  record[0] = LOG_RECORD_VERSION;
  record[1] = 0;
  record.writeUInt16LE(count, 2);
  record.writeUInt32LE(epoch, 4);
  record.writeDoubleLE(first, 8);
  record.writeDoubleLE(receivedAt, 16);
  if (start === 0 && end === octets.length) record.set(octets, LOG_RECORD_PREAMBLE_OCTETS);
  else record.set(octets.subarray(start, end), LOG_RECORD_PREAMBLE_OCTETS);
  return record;
}

/** Number of ASDUs in a record. */
export function recordCount(record: Uint8Array): number {
  return (record[2] as number) | ((record[3] as number) << 8);
}

export function recordEpoch(record: Uint8Array): number {
  return asBuffer(record).readUInt32LE(4);
}

/** Position of a record's first ASDU. */
export function recordFirst(record: Uint8Array): number {
  return asBuffer(record).readDoubleLE(8);
}

/** Position after a record's last ASDU. */
export function recordEnd(record: Uint8Array): number {
  return recordFirst(record) + recordCount(record);
}

export function recordReceivedAt(record: Uint8Array): number {
  return asBuffer(record).readDoubleLE(16);
}

/** Octets as a Buffer over the same memory. */
export function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}
