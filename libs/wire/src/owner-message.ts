import { z } from 'zod';
import { decodeAs, encodeJson, text, u32, version } from './json.js';
import type { Decoded } from './wire-error.js';

/** As many settled commands as one message names. */
export const MAX_SETTLED = 500;

/**
 * Router to all, on `.owner`: that it owns the group and what it wants. Published on every change and at least every
 * OWNER_PERIOD_MS (JSON).
 */
const ownerMessage = z.object({
  v: version,
  group: text,
  /** Instance name of its process. */
  owner: text,
  /** Fence of its lease on the group. */
  fence: u32,
  /** Sessions are served and masters admitted: the takeover is over. */
  open: z.boolean(),
  /** Data transfer with the RTU is wanted: a master is started. */
  wanted: z.boolean(),
  /** Sessions it has at each gateway, by instance name: a gateway that counts differently states its own at once. */
  sessions: z.record(text, u32),
  /** Observe mode: the connector sends commands of the class `monitor` only. Absent: no; an earlier release has written it. */
  observe: z.boolean().optional(),
  /**
   * Sessions whose turn it is to end for the age of their TLS session, see SessionStatement: one connection of a master at a
   * time. Absent: none; an earlier release has written it, which knows no TLS.
   */
  mayEnd: z.array(u32).max(1_000).optional(),
  /**
   * Commands that are settled since it said so last, as session and number: their records are stored, and nobody waits for an
   * answer. The connector says so to the next owner, see SentCommand. Each is said several times. Absent: none; an earlier
   * release has written it.
   */
  settled: z
    .array(z.tuple([u32, u32]))
    .max(MAX_SETTLED)
    .optional(),
});
export type OwnerMessage = z.infer<typeof ownerMessage>;

export const encodeOwner = (message: Omit<OwnerMessage, 'v'>): Buffer => encodeJson({ v: 2, ...message });
export const decodeOwner = (data: Uint8Array): Decoded<OwnerMessage> => decodeAs('owner', ownerMessage, data);
