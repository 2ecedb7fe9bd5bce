import { z } from 'zod';
import { asduOctets, clockTime, decodeAs, duration, encodeJson, octet, position, text, u32, version } from './json.js';
import type { Decoded } from './wire-error.js';

/**
 * Router to connector, request on `.cmd.query` (JSON): what became of commands? Once it is answered, no command that the
 * answer does not list as sent or queued will be sent any more:
 *
 * - those of smaller fences are withdrawn from the queue and refused from then on,
 * - those of this fence up to `upTo` that never came are lost (messages of one router arrive in order).
 */
const commandQuery = z.object({
  v: version,
  fence: u32,
  /** Number of the last command given with this fence; 0: none. */
  upTo: u32,
});
export type CommandQuery = z.infer<typeof commandQuery>;
export const encodeCommandQuery = (query: Omit<CommandQuery, 'v'>): Buffer => encodeJson({ v: 2, ...query });
export const decodeCommandQuery = (data: Uint8Array): Decoded<CommandQuery> =>
  decodeAs('command query', commandQuery, data);

/** A command that this connector has sent to the RTU within the last SENT_REMEMBERED_MS. */
const sentCommand = z.object({
  fence: u32,
  number: u32,
  session: u32,
  command: u32,
  ownOa: octet,
  /** The link it was sent on: on an earlier one than the report's the RTU answers it no longer. Absent: the present one. */
  epoch: u32.optional(),
  /** As the RTU got it, with our OA. */
  asdu: asduOctets,
  ageMs: duration,
  /** The log's end when it was sent: its answers are at or behind this position. */
  position,
  /** A router has said that it is settled, see OwnerMessage. Absent: not that the connector knows. */
  settled: z.literal(true).optional(),
});
export type SentCommand = z.infer<typeof sentCommand>;

const commandReport = z.object({
  v: version,
  connector: text,
  fence: u32,
  epoch: u32,
  clock: clockTime,
  generation: position,
  sent: z.array(sentCommand).max(2_000),
  /** Numbers of commands of the asking fence that wait for the RTU's window. */
  queued: z.array(u32).max(2_000),
});
export type CommandReport = z.infer<typeof commandReport>;
export const encodeCommandReport = (report: Omit<CommandReport, 'v'>): Buffer => encodeJson({ v: 2, ...report });
export const decodeCommandReport = (data: Uint8Array): Decoded<CommandReport> =>
  decodeAs('command report', commandReport, data);
