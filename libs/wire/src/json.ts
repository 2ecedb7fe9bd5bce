import { z } from 'zod';
import { asBuffer, isPosition } from './octets.js';
import { type Decoded, WireError } from './wire-error.js';

/** Parts of schemas. Objects may hold further fields of later releases; they are left out. */
export const position = z.number().refine(isPosition, 'not a position');
export const u32 = z.number().int().min(0).max(0xffffffff);
export const octet = z.number().int().min(0).max(0xff);
export const milliseconds = z.number().refine(Number.isFinite, 'not a time');
/** Names of processes, addresses, reasons: nobody needs longer ones. */
export const text = z.string().max(1_000);
/** Octets as base64. */
export const octets = z.base64().max(1_000);

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
