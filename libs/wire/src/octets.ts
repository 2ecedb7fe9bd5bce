import { WireError } from './wire-error.js';

/** Version of what this release writes, and the oldest one that it reads. */
export const WIRE_VERSION = 2;
export const OLDEST_WIRE_VERSION = 1;

/** Octets as a Buffer over the same memory. */
export function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}

/** Positions count ASDUs from 0; a log that wrote a million a second would reach 2^53 in 285 years. */
export function isPosition(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Milliseconds since 1970-01-01 UTC that a `Date` can show. */
const MAX_WALL_MS = 8.64e15;
export function isWallTime(value: number): boolean {
  return value >= 0 && value <= MAX_WALL_MS;
}

/** Milliseconds of a monotonic clock: so small that a millisecond still counts. */
export function isClockTime(value: number): boolean {
  return Math.abs(value) <= MAX_WALL_MS;
}

export const short = (what: string, octets: number): WireError =>
  new WireError('SHORT', `${what} of ${octets} octets is too short`);
export const unknownVersion = (what: string, version: number | undefined): WireError =>
  new WireError(
    'VERSION',
    `${what} of version ${version}: this release knows ${OLDEST_WIRE_VERSION} to ${WIRE_VERSION}`,
  );
export const unknownKind = (what: string, kind: number | undefined): WireError =>
  new WireError('KIND', `${what} of kind ${kind}`);
export const wrongLength = (what: string, message: string): WireError => new WireError('LENGTH', `${what}: ${message}`);
export const wrongValue = (what: string, field: string, value: unknown): WireError =>
  new WireError('VALUE', `${what}: ${field} ${String(value)}`);
