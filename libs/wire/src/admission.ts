import { z } from 'zod';
import { decodeAs, encodeJson, originatorAddress, position, text, u32, version, words } from './json.js';
import type { Decoded } from './wire-error.js';

/** Gateway to router, request on the control subject `admit` (JSON): may this connection come in? */
const admissionRequest = z.object({
  v: version,
  group: text,
  gateway: text,
  /** Number of the connection, chosen at random by the gateway: asking again for it makes no second session. */
  connection: position,
  /** IP address of the peer, IPv4-mapped IPv6 already written as IPv4. */
  address: text,
  port: z.number().int().min(0).max(65_535),
  /** What an accepted client certificate says, `cn:scada-a`, the name that let it in first; empty without TLS, and only then. */
  certificateNames: z.array(text).max(100),
});
export type AdmissionRequest = z.infer<typeof admissionRequest>;

export const encodeAdmissionRequest = (request: Omit<AdmissionRequest, 'v'>): Buffer =>
  encodeJson({ v: 2, ...request });
export const decodeAdmissionRequest = (data: Uint8Array): Decoded<AdmissionRequest> =>
  decodeAs('admission request', admissionRequest, data);
/** For who has parsed the JSON already. */
export const admissionRequestSchema = admissionRequest;

/** What gateways of the release before know. */
const REFUSAL_CODES = [
  'rtu_down',
  'rtu_address',
  'filter',
  'same_ip',
  'max_connections',
  'no_oa',
  'not_ready',
] as const;
type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Reasons that they do not know, and what each is to them. */
const LATER_REASONS = { rights: 'filter', per_source: 'max_connections', reserved: 'max_connections' } as const;
export type RefusalReason = RefusalCode | keyof typeof LATER_REASONS;
const REFUSAL_REASONS = [...REFUSAL_CODES, ...(Object.keys(LATER_REASONS) as (keyof typeof LATER_REASONS)[])];

/** One of a later release: refused it is, and the message says why. */
const OTHER = 'refused';

const admissionAnswer = z.discriminatedUnion('ok', [
  z.object({
    v: version,
    ok: z.literal(true),
    /** Fence of the router that made the session. */
    fence: u32,
    /** The session is provisional until its gateway states it. */
    session: u32,
    originatorAddress,
    name: text.nullable(),
    certificateName: text.nullable(),
  }),
  z.object({
    v: version,
    ok: z.literal(false),
    /** As the release before knows it; of a later release it may be any. */
    code: text,
    /** More precisely; absent: an earlier release, or there is no more to say. */
    reason: text.optional(),
    message: words,
  }),
]);
export type AdmissionAnswer = z.infer<typeof admissionAnswer>;

export const decodeAdmissionAnswer = (data: Uint8Array): Decoded<AdmissionAnswer> =>
  decodeAs('admission answer', admissionAnswer, data);
/** A refusal as gateways of the release before understand it, too. `not_ready`: the gateway is to ask again. */
export function refusalAnswer(reason: RefusalReason, message: string): Extract<AdmissionAnswer, { ok: false }> {
  const code = reason in LATER_REASONS ? LATER_REASONS[reason as keyof typeof LATER_REASONS] : reason;
  return { v: 2, ok: false, code, ...(code === reason ? {} : { reason }), message };
}

/** Why, one of a few words that are known here. */
export function reasonOf({
  code,
  reason,
}: {
  readonly code: string;
  readonly reason?: string | undefined;
}): RefusalReason | typeof OTHER {
  return REFUSAL_REASONS.find((each) => each === reason) ?? REFUSAL_REASONS.find((each) => each === code) ?? OTHER;
}

export const encodeAdmissionAnswer = (answer: AdmissionAnswer): Buffer => encodeJson(answer);
