import { z } from 'zod';
import { clockTime, decodeAs, encodeJson, position, text, u32, version, wallTime, words } from './json.js';
import type { Decoded } from './wire-error.js';

/**
 * Connector to all, on `.state`: what it has. Published on every change and at least every STATE_PERIOD_MS (JSON: it is
 * rare). A router and the gateways work with the last one; what they may conclude from a missing one is in
 * docs/decisions/core.md.
 */
export const RTU_STATES = ['disconnected', 'connecting', 'connected', 'starting', 'started', 'stopping'] as const;
export type RtuState = (typeof RTU_STATES)[number];

const stateMessage = z.object({
  v: version,
  group: text,
  /** Instance name of its process. */
  connector: text,
  /** Fence of its lease on the group. */
  fence: u32,
  /** Its clock when this was sent, monotonic ms: deadlines of commands are in this clock. */
  clock: clockTime,
  state: z.enum(RTU_STATES),
  /** Counts the RTU connections of the group. */
  epoch: u32,
  /** `host:port` in use, and the RTU's IP address; null while there is none. */
  endpoint: text.nullable(),
  address: text.nullable(),
  /** Since when, ms since 1970-01-01 UTC. For people. */
  since: wallTime,
  /** Why the state was entered. */
  reason: words,
  connects: position,
  /** Where the log goes on. */
  next: position,
  generation: position,
  /**
   * ASDUs of this connector that the log had lost when this generation began: of its earlier end, from where it goes on.
   * Whatever else was seen of that end was never stored, and is in this generation. Absent: not known.
   */
  lost: position.optional(),
  /** It gives the RTU to another connector, or ends: it takes no command any more. An earlier release does not say so. */
  leaving: z.boolean().optional(),
});
export type StateMessage = z.infer<typeof stateMessage>;

export const encodeState = (message: Omit<StateMessage, 'v'>): Buffer => encodeJson({ v: 2, ...message });
export const decodeState = (data: Uint8Array): Decoded<StateMessage> => decodeAs('state', stateMessage, data);

/** True while masters may be connected. */
export function rtuLinkUp(state: RtuState): boolean {
  return state !== 'disconnected' && state !== 'connecting';
}

/** The link as `/status` shows it. */
export function rtuStatus({ state, endpoint, since, epoch, connects, reason }: StateMessage) {
  const lastError = rtuLinkUp(state) ? {} : { lastError: reason };
  return { state, endpoint, since: new Date(since).toISOString(), linkEpoch: epoch, connects, ...lastError };
}
