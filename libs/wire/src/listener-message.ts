import { z } from 'zod';
import { decodeAs, encodeJson, text, version, words } from './json.js';
import type { Decoded } from './wire-error.js';

/**
 * On `.listener`: whether a gateway can let masters of the group in. One that cannot listen on the group's port says so at each
 * attempt; one that can says so when it has got the port at last, and whenever it hears of another that cannot. The connector
 * does not keep an RTU to itself that no master can reach. It is a statement of the gateway about itself, and carries no fence.
 * Gateways of releases that do not know it are silent.
 */
const listener = z.object({
  v: version,
  group: text,
  gateway: text,
  /** It listens, or knows nothing that keeps it from doing so. */
  listening: z.boolean(),
  /** Why not, such as `EADDRINUSE`; empty when it can. */
  reason: words,
});
export type ListenerMessage = z.infer<typeof listener>;

export const encodeListener = (value: Omit<ListenerMessage, 'v'>): Buffer => encodeJson({ v: 2, ...value });
export const decodeListener = (data: Uint8Array): Decoded<ListenerMessage> => decodeAs('listener', listener, data);
