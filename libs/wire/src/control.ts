import { z } from 'zod';
import { decodeAs, encodeJson, text, u32, version, wallTime, words } from './json.js';
import type { Decoded } from './wire-error.js';

/**
 * The control verbs besides `admit`, each a request on its control subject (JSON). Who is not concerned says nothing; the
 * one who is answers with ControlAnswer, `status` with StatusAnswer.
 */

/** To the connector of a group. `restart`: close the link to the RTU, it is opened anew. `next-host`: on the next host. */
const groupRequest = z.object({
  v: version,
  group: text,
  /** Who asks, for the log. */
  by: text,
});
export type GroupRequest = z.infer<typeof groupRequest>;
export const groupRequestSchema = groupRequest;

/** `disconnect`, to the gateway that has the session: end it. The master may come again. */
const disconnectRequest = groupRequest.extend({ session: u32 });
export type DisconnectRequest = z.infer<typeof disconnectRequest>;
export const disconnectRequestSchema = disconnectRequest;

/** `observe`, to the router of a group: begin or end observe mode. */
const observeRequest = groupRequest.extend({ on: z.boolean() });
export type ObserveRequest = z.infer<typeof observeRequest>;
export const observeRequestSchema = observeRequest;

const controlAnswer = z.object({
  v: version,
  /** False: it was refused, `message` says why. */
  ok: z.boolean(),
  /** Who answers. */
  instance: text,
  message: words,
});
export type ControlAnswer = z.infer<typeof controlAnswer>;

export const encodeControlRequest = (request: {
  readonly group: string;
  readonly by: string;
  readonly session?: number;
  readonly on?: boolean;
}) => encodeJson({ v: 2, ...request });
export const decodeControlAnswer = (data: Uint8Array): Decoded<ControlAnswer> =>
  decodeAs('control answer', controlAnswer, data);

/** `status`, to every process: what do you know? Each answers in one or several messages. */
const statusRequest = z.object({ v: version, by: text });
export const statusRequestSchema = statusRequest;
export const encodeStatusRequest = (by: string): Buffer => encodeJson({ v: 2, by });

/** What a process is. */
const statedProcess = z.object({
  instance: text,
  host: text,
  parts: z.array(text).max(10),
  release: text,
  startedAt: wallTime,
  /** The configuration it works with; null: it was given none that is a file. */
  configuration: z
    .object({
      digest: text,
      file: text,
      loadedAt: wallTime,
      /** Why the file, as it is now, is not in force; null: it is. Earlier releases do not say. */
      refused: words.nullable().default(null),
    })
    .nullable(),
  /** NtpStatus, passed on as it is; null: none is known. Earlier releases do not say. */
  ntp: z.looseObject({ state: text }).nullable().default(null),
});
export type StatedProcess = z.infer<typeof statedProcess>;

const number = z.number();
/**
 * What one part knows of one group. The shape is checked as far as others reckon with it; what is shown only is passed on
 * as it is (see GroupContribution of libs/observability).
 */
const statedGroup = z.looseObject({
  id: text,
  trouble: z.array(z.object({ what: text, reason: words, since: text })).optional(),
  rtu: z.looseObject({}).optional(),
  log: z.looseObject({}).optional(),
  listener: z.object({ open: z.boolean().nullable(), addresses: z.array(text) }).optional(),
  masters: z.array(z.looseObject({ session: text })).optional(),
  rates: z.record(text, number).optional(),
  counters: z.record(text, number).optional(),
});
export type StatedGroup = z.infer<typeof statedGroup>;

/** The part it comes from: `configuration`, `connector`, `router` or `gateway`. */
const statedPart = z.object({ part: text, groups: z.array(statedGroup) });
export type StatedPart = z.infer<typeof statedPart>;

const statusAnswer = z.object({
  v: version,
  process: statedProcess,
  /** This message is number `index`, from 0, of `count`. */
  index: u32,
  count: u32.min(1),
  known: z.array(statedPart),
});
export type StatusAnswer = z.infer<typeof statusAnswer>;

export const decodeStatusAnswer = (data: Uint8Array): Decoded<StatusAnswer> =>
  decodeAs('status answer', statusAnswer, data);

/** `left`, to every process: this one ends as it was told to, nobody is to miss it. */
const leftMessage = z.object({ v: version, instance: text });
export const leftMessageSchema = leftMessage;
export const encodeLeft = (instance: string): Buffer => encodeJson({ v: 2, instance });
