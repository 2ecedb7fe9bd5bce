import { MAX_ASDU_OCTETS, MIN_ASDU_OCTETS } from '@iec104mm2ss/iec104';
import { z } from 'zod';
import { asBuffer, isClockTime, isPosition, isWallTime } from './octets.js';
import { type Decoded, WireError } from './wire-error.js';

/** Parts of schemas. Objects may hold further fields of later releases; they are left out. */
export const position = z.number().refine(isPosition, 'not a position');
export const u32 = z.number().int().min(0).max(0xffffffff);
export const octet = z.number().int().min(0).max(0xff);
/** Milliseconds of a process's own clock. */
export const clockTime = z.number().refine(isClockTime, 'not a time');
/** Milliseconds since 1970-01-01 UTC. */
export const wallTime = z.number().refine(isWallTime, 'not a time');
/** Milliseconds that have passed. */
export const duration = z.number().refine(isWallTime, 'not a duration');
/** 1..255: an originator address that a session has. */
export const originatorAddress = z.number().int().min(1).max(255);

const MAX_TEXT = 1_000;
/** Names of processes and addresses: nobody needs longer ones. */
export const text = z.string().max(MAX_TEXT);
/** What people read: cut off where it is longer, as a long reason is no reason to drop what it explains. */
export const words = z.string().transform((value) => value.slice(0, MAX_TEXT));
/** An ASDU as base64. */
export const asduOctets = z.base64().refine((value) => {
  const length = Buffer.byteLength(value, 'base64');
  return length >= MIN_ASDU_OCTETS && length <= MAX_ASDU_OCTETS;
}, 'not an ASDU');

/** Any JSON value; `undefined` is none. */
export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Octets as any JSON value. */
export function decodeJson(what: string, data: Uint8Array): Decoded<unknown> {
  try {
    return JSON.parse(asBuffer(data).toString('utf8')) as unknown;
  } catch {
    return new WireError('JSON', `${what}: not JSON`);
  }
}

/** Octets as JSON that keeps `schema`. */
export function decodeAs<T>(what: string, schema: z.ZodType<T>, data: Uint8Array): Decoded<T> {
  const value = decodeJson(what, data);
  if (value instanceof WireError) return value;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') ?? '';
  const code = path === 'v' ? 'VERSION' : 'JSON';
  return new WireError(code, `${what}: ${path === '' ? '' : `${path}: `}${issue?.message ?? 'not as expected'}`);
}

/** Version of what this release writes. */
export const version = z.literal(2);
