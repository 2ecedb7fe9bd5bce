import { z } from 'zod';
import {
  asduOctets,
  clockTime,
  decodeAs,
  duration,
  encodeJson,
  octet,
  originatorAddress,
  position,
  text,
  u32,
  version,
  wallTime,
  words,
} from './json.js';
import type { Decoded } from './wire-error.js';

/**
 * What a gateway has of one group: every session with all that a router needs to go on with it, and the sessions that
 * ended a short while ago. Sent in an `.in` message of kind STATEMENT on every new owner, on every difference that an owner
 * shows, and every STATEMENT_PERIOD_MS while there is anything to state.
 */
const pendingCommand = z.object({
  /** Its number within the session. */
  command: u32,
  /** The ASDU as the master sent it. */
  asdu: asduOctets,
  /** 0: its gateway has refused it, as nobody could take it over. */
  connectorFence: u32,
  /** In that connector's clock. */
  deadline: clockTime,
  ageMs: duration,
  /** Cause, with P/N, of the last answer that went to the master; null: none has. */
  answered: octet.nullable(),
});
export type PendingCommandStatement = z.infer<typeof pendingCommand>;

const sessionStatement = z.object({
  session: u32,
  /** The connection it was admitted for, see AdmissionRequest. */
  connection: position,
  address: text,
  port: z.number().int().min(0).max(65_535),
  name: text.nullable(),
  certificateName: text.nullable(),
  /** As in AdmissionRequest. Left out without TLS, which earlier releases do not know. */
  certificateNames: z.array(text).max(100).optional(),
  /** OA towards the RTU, and the one its master used last. */
  originatorAddress,
  ownOa: octet,
  started: z.boolean(),
  /** Number of its STARTED while the BEGIN of the router has not come; else 0. */
  starting: u32,
  /** Number of the last message it sent on `.in`. */
  number: u32,
  /** Next position it has to get; everything before `acknowledged` was acknowledged by its master. */
  expected: position,
  acknowledged: position,
  /** Of both positions; 0 when it has none yet. */
  generation: position,
  /**
   * Everything before this place was sent on this connection when data transfer ended the last time: answers are not sent once
   * more. Left out when it has not ended yet. Earlier releases do not know it.
   */
  had: z.object({ generation: position, position }).optional(),
  /** Number of its next command. */
  nextCommand: u32,
  /** Its commands that the router has not settled, oldest first, MAX_STATED_COMMANDS at most. */
  commands: z.array(pendingCommand).max(1_000),
  /** When its master connected, ms since 1970-01-01 UTC. For people. */
  sinceMs: wallTime,
  /** Its TLS session is to end, as it has reached its largest age, and nothing is under way that is to be waited for. */
  aged: z.boolean().optional(),
});
export type SessionStatement = z.infer<typeof sessionStatement>;

const closedSession = z.object({
  session: u32,
  originatorAddress,
  /** It gave commands: the RTU may still answer with its OA. */
  used: z.boolean(),
  agoMs: duration,
  code: text,
  message: words,
  /** Commands that were not settled when it ended. */
  commands: z.array(pendingCommand).max(1_000),
  address: text,
  port: z.number().int().min(0).max(65_535),
  name: text.nullable(),
  certificateName: text.nullable(),
});
export type ClosedSessionStatement = z.infer<typeof closedSession>;

const statement = z.object({
  v: version,
  group: text,
  gateway: text,
  sessions: z.array(sessionStatement).max(1_000),
  closed: z.array(closedSession).max(1_000),
});
export type Statement = z.infer<typeof statement>;

export const encodeStatement = (value: Omit<Statement, 'v'>): Buffer => encodeJson({ v: 2, ...value });
export const decodeStatement = (data: Uint8Array): Decoded<Statement> => decodeAs('statement', statement, data);

/** Octets in JSON. */
export const toBase64 = (data: Uint8Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
export const fromBase64 = (data: string): Uint8Array => new Uint8Array(Buffer.from(data, 'base64'));
