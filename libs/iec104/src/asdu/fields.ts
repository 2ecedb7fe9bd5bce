import { Iec104Error } from '../errors.js';

/*
 * Reading and range-checked writing of single fields. Readers assume that the caller has checked the length; writers
 * check the value, because what is encoded comes from people and programs.
 */

export function readUint16(octets: Uint8Array, offset: number): number {
  return octets[offset]! | (octets[offset + 1]! << 8);
}

export function readInt16(octets: Uint8Array, offset: number): number {
  return (readUint16(octets, offset) << 16) >> 16;
}

export function readInt32(octets: Uint8Array, offset: number): number {
  return readUint16(octets, offset) | (readUint16(octets, offset + 2) << 16);
}

export function readUint32(octets: Uint8Array, offset: number): number {
  return readInt32(octets, offset) >>> 0;
}

function outOfRange(field: string, value: unknown, min: number, max: number): Iec104Error {
  const found = typeof value === 'number' ? String(value) : `a ${typeof value}`;
  return new Iec104Error('ASDU_VALUE_RANGE', `${field} must be an integer ${min}..${max}, not ${found}`);
}

/** Returns `value` when it is an integer 0..max. @throws Iec104Error `ASDU_VALUE_RANGE` */
export function checkedUint(field: string, value: unknown, max: number): number {
  return checkedInt(field, value, 0, max);
}

/** Returns `value` when it is an integer min..max. @throws Iec104Error `ASDU_VALUE_RANGE` */
export function checkedInt(field: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(field, value, min, max);
  }
  return value;
}

export function writeUint16(field: string, value: unknown, octets: Uint8Array, offset: number): void {
  const checked = checkedUint(field, value, 0xffff);
  octets[offset] = checked & 0xff;
  octets[offset + 1] = checked >> 8;
}

export function writeUint24(field: string, value: unknown, octets: Uint8Array, offset: number): void {
  const checked = checkedUint(field, value, 0xffffff);
  octets[offset] = checked & 0xff;
  octets[offset + 1] = (checked >> 8) & 0xff;
  octets[offset + 2] = checked >> 16;
}

/** Writes the low 16 bits of an already checked signed or unsigned integer. */
export function putInt16(value: number, octets: Uint8Array, offset: number): void {
  octets[offset] = value & 0xff;
  octets[offset + 1] = (value >> 8) & 0xff;
}

/** Writes the low 32 bits of an already checked signed or unsigned integer. */
export function putInt32(value: number, octets: Uint8Array, offset: number): void {
  putInt16(value, octets, offset);
  putInt16(value >> 16, octets, offset + 2);
}

/**
 * The bit `mask` when `value` is true; 0 when it is false or left out.
 * @throws Iec104Error `ASDU_VALUE_RANGE` for anything else: a command must not be switched on by the text "false"
 */
export function bit(field: string, value: unknown, mask: number): number {
  if (value === true) return mask;
  if (value === false || value === undefined) return 0;
  throw new Iec104Error('ASDU_VALUE_RANGE', `${field} must be true or false, not a ${typeof value}`);
}

/** Reserved bits to keep: those of `mask`, 0 when left out. @throws Iec104Error `ASDU_VALUE_RANGE` for other bits */
export function reservedBits(value: unknown, mask: number): number {
  if (value === undefined) return 0;
  const bits = checkedUint('reserved', value, 0xff);
  if ((bits & ~mask) !== 0) {
    throw new Iec104Error('ASDU_VALUE_RANGE', `reserved holds bits outside of its mask 0x${mask.toString(16)}`);
  }
  return bits;
}

/** Returns `value` when it is an object. @throws Iec104Error `ASDU_VALUE_RANGE` */
export function checkedObject<T>(field: string, value: T): NonNullable<T> {
  if (typeof value !== 'object' || value === null) {
    throw new Iec104Error(
      'ASDU_VALUE_RANGE',
      `${field} must be an object, not ${value === null ? 'null' : typeof value}`,
    );
  }
  return value;
}
