import { z } from 'zod';
import { decodeAs, encodeJson, text, u32, version } from './json.js';
import type { Decoded } from './wire-error.js';

/**
 * `lines`, to every process: which log lines of a group do you keep? Asked again and again while somebody looks, so that lines
 * travel only then; who has none behind those that were had says nothing.
 */
export const linesRequestSchema = z.object({
  v: version,
  by: text,
  /** Id of a group, or a name of libs/observability for what belongs to none. */
  group: text,
  /** By instance: the number of the last line that was had. Who is not in it gives all it keeps. */
  after: z.record(text, z.number().int().min(0)),
});
export const encodeLinesRequest = (by: string, group: string, after: Readonly<Record<string, number>>): Buffer =>
  encodeJson({ v: 2, by, group, after });

const linesAnswer = z.object({
  v: version,
  instance: text,
  group: text,
  /** Oldest first; several messages follow each other where there are many. */
  lines: z.array(z.object({ seq: u32, line: z.string().max(20_000) })).max(1_000),
});
export type LinesAnswer = z.infer<typeof linesAnswer>;
export const decodeLinesAnswer = (data: Uint8Array): Decoded<LinesAnswer> => decodeAs('log lines', linesAnswer, data);
