import { z } from 'zod';
import { decodeAs, encodeJson, text, u32, version, wallTime, words } from './json.js';
import { asBuffer } from './octets.js';
import type { Decoded } from './wire-error.js';

/**
 * `capture`, to every process: what do the connections of a group say? Whoever serves the group answers as long as it is asked
 * again within CAPTURE_INTEREST_MS, with many messages. The answers go to who asked last.
 */
export const captureRequestSchema = z.object({
  v: version,
  by: text,
  group: text,
  /** The capture: one who asks again names the same. */
  capture: text,
});
export type CaptureRequest = z.infer<typeof captureRequestSchema>;
export const encodeCaptureRequest = (by: string, group: string, capture: string): Buffer =>
  encodeJson({ v: 2, by, group, capture });

/** For so long nobody has to ask again, ms. */
export const CAPTURE_INTEREST_MS = 6_000;

const address = z.tuple([text, z.number().int().min(0).max(0xffff)]);

const segment = z.object({
  /** As in TapRecord. */
  kind: z.enum(['open', 'in', 'out', 'closed', 'peer-closed', 'reset', 'peer-reset']),
  /** When, with fractions of a millisecond. */
  at: wallTime,
  local: address,
  remote: address,
  /** We opened the connection: the remote end is an RTU. */
  controlling: z.boolean(),
  /** Octets received and sent before. */
  received: z.number().int().min(0),
  sent: z.number().int().min(0),
  octets: z
    .base64()
    .max(400_000)
    .transform((text): Uint8Array => Buffer.from(text, 'base64'))
    .optional(),
  reason: words.optional(),
});
/** What was read or written at a time, or how a connection began or ended. Its octets are base64 on the wire only. */
export type CaptureSegment = z.infer<typeof segment>;

const captureAnswer = z.object({
  v: version,
  instance: text,
  group: text,
  capture: text,
  /** Of all segments since this process began to listen, the number of the first; those in between were left out. */
  first: u32,
  segments: z.array(segment).max(10_000),
  /** Why this process does not listen. */
  refused: words.optional(),
});
export type CaptureAnswer = z.infer<typeof captureAnswer>;
export const encodeCaptureAnswer = ({ segments, ...answer }: Omit<CaptureAnswer, 'v'>): Buffer =>
  encodeJson({ v: 2, ...answer, segments: segments.map(inBase64) });
const inBase64 = ({ octets, ...segment }: CaptureSegment): object =>
  octets === undefined ? segment : { ...segment, octets: asBuffer(octets).toString('base64') };
export const decodeCaptureAnswer = (data: Uint8Array): Decoded<CaptureAnswer> =>
  decodeAs('captured segments', captureAnswer, data);
