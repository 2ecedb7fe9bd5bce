import { z } from 'zod';
import {
  decodeAs,
  duration,
  encodeJson,
  octet,
  originatorAddress,
  position,
  text,
  u32,
  wallTime,
  words,
} from './json.js';
import { unknownVersion } from './octets.js';
import { type Decoded, WireError } from './wire-error.js';

/** Bucket `iec104_leases`: who holds a lease. `fence` only grows. Version 1 has no `v`. */
const leaseEntry = z.object({
  v: z.literal(2).optional(),
  holder: text.nullable(),
  fence: u32,
});
export interface LeaseEntry {
  /** Instance name of the process that holds it. */
  readonly holder: string | null;
  readonly fence: number;
}
export const encodeLeaseEntry = (entry: LeaseEntry): Buffer => encodeJson({ v: 2, ...entry });
export function decodeLeaseEntry(data: Uint8Array): Decoded<LeaseEntry> {
  const entry = decodeAs('lease entry', leaseEntry, data);
  return entry instanceof WireError ? entry : { holder: entry.holder, fence: entry.fence };
}

/** How an RTU answers, as far as it is worth to be known to the next owner of its group. */
const savedHabits = z.object({
  /** Kinds of commands (a TypeID; 357: a freeze of counters; 512 more: selected before), and whether they are ended with ACT_TERM. */
  terminating: z.array(z.tuple([u32, z.boolean()])).max(1_024),
  /** TypeIDs that are ended with ACT_TERM without an ACT_CON. */
  unconfirmed: z.array(octet).max(256),
  /** TypeIDs whose answers do not repeat the qualifier (1), or the value (2). */
  alters: z.array(z.tuple([octet, octet])).max(256),
  /** How long the slowest of the last answers has taken. */
  slowestMs: duration,
});
export type SavedHabits = z.infer<typeof savedHabits>;

/** Why a group is in observe mode, and since when. */
const savedObserve = z.object({
  /** When it began, ms since 1970-01-01 UTC. For people. */
  since: wallTime,
  reason: words,
  /** `condition`: one of the column `observe`, which may also end it; `operator`: only an operator ends it. */
  by: z.enum(['condition', 'operator']),
});
export type SavedObserve = z.infer<typeof savedObserve>;

/** Bucket `iec104_kept`, key `router.<group>`, where there is no server: what outlives the process. */
const keptState = z.object({
  v: z.literal(2),
  /** The group is in observe mode, not because the file says so; absent: it is not. */
  observe: savedObserve.optional(),
});
export type KeptState = Omit<z.infer<typeof keptState>, 'v'>;
export const encodeKeptState = (state: KeptState): Buffer => encodeJson({ v: 2, ...state });
export const decodeKeptState = (data: Uint8Array): Decoded<KeptState> => decodeAs('kept state', keptState, data);

/** Bucket `iec104_state`, key `router.<group>`: what survives the owner of a group. */
const routerState = z.object({
  v: z.literal(2),
  /** Everything before this position is confirmed; of the log's generation beside it. */
  confirmed: position,
  generation: position,
  /** Position of each named master. */
  cursors: z.record(text, position),
  /** OAs that may still be answered with: who has them (0: nobody any more), and for how long, ms, nobody had them. */
  addresses: z
    .array(
      z.object({
        oa: originatorAddress,
        session: u32,
        restedMs: duration,
        /** Name on the bus of the gateway that has the session; undefined: a bus without names, or an older release. */
        gateway: text.optional(),
      }),
    )
    .max(255),
  /** When this was saved, ms since 1970-01-01 UTC: rests go on from there, never longer than a whole rest. */
  savedAt: wallTime,
  /** How this RTU fills the OA of its answers. */
  oaBehaviour: z.enum(['unknown', 'mirrors', 'opaque']),
  /** How else it answers; undefined: an older release has written it. */
  habits: savedHabits.optional(),
  /** The group is in observe mode, not because the file says so; absent: it is not, or an older release has written this. */
  observe: savedObserve.optional(),
  /** The group was taken out of the configuration: what the log holds is for nobody any more. */
  ended: z.literal(true).optional(),
});
export type RouterState = Omit<z.infer<typeof routerState>, 'v'>;

const anyVersion = z.object({ v: z.unknown().optional() });

const routerStateV1 = z.object({
  v: z.undefined().optional(),
  confirmed: position,
  cursors: z.record(text, position).default({}),
  resting: z
    .array(z.tuple([octet, wallTime]))
    .max(255)
    .default([]),
  mirrorsOa: z.boolean().default(false),
});

export const encodeRouterState = (state: RouterState): Buffer => encodeJson({ v: 2, ...state });

export function decodeRouterState(data: Uint8Array): Decoded<RouterState> {
  const what = 'router state';
  const versioned = decodeAs(what, anyVersion, data);
  if (versioned instanceof WireError) return versioned;
  if (versioned.v === 2) {
    const state = decodeAs(what, routerState, data);
    if (state instanceof WireError) return state;
    const { v: _, ...rest } = state;
    return rest;
  }
  if (versioned.v !== undefined) {
    return unknownVersion(what, typeof versioned.v === 'number' ? versioned.v : undefined);
  }
  const old = decodeAs(what, routerStateV1, data);
  if (old instanceof WireError) return old;
  const { confirmed, cursors, resting, mirrorsOa } = old;
  // It says since when by the wall clock of another machine: they rest once more.
  const addresses = resting.filter(([oa]) => oa > 0).map(([oa]) => ({ oa, session: 0, restedMs: 0 }));
  return {
    confirmed,
    generation: 0,
    cursors,
    addresses,
    savedAt: 0,
    oaBehaviour: mirrorsOa ? 'mirrors' : 'unknown',
  };
}
