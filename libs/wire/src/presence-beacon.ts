import { z } from 'zod';
import { decodeAs, encodeJson, text, u32, version } from './json.js';
import type { Decoded } from './wire-error.js';

/**
 * On `ctl.presence.<pool>`: a member of the pool lives. Sent every BEACON_MS to the pool's subject, which only those
 * subscribe to who need to know its members. It proves nothing else: who holds what is in the lease bucket.
 */
const beacon = z.object({
  v: version,
  instance: text,
  /** Number of leases of the pool that it holds. */
  held: u32,
  /** True in the last one: it leaves. */
  leaving: z.boolean(),
});
export type Beacon = z.infer<typeof beacon>;

export const encodeBeacon = (value: Omit<Beacon, 'v'>): Buffer => encodeJson({ v: 2, ...value });
export const decodeBeacon = (data: Uint8Array): Decoded<Beacon> => decodeAs('beacon', beacon, data);
