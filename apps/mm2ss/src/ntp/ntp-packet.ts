/**
 * The 48 octets of an (S)NTP message, client side, RFC 5905 clause 7.3 and RFC 4330 clause 4 and 5:
 *
 *     0 LI(2) VN(3) Mode(3) | 1 stratum | 2 poll | 3 precision | 4..7 root delay | 8..11 root dispersion
 *     12..15 reference id | 16..23 reference time | 24..31 origin T1 | 32..39 receive T2 | 40..47 transmit T3
 *
 * A time stamp is 32 bits of seconds since 1900 and 32 bits of fraction, big endian.
 */

export const NTP_PACKET_OCTETS = 48;
/** Length of the client's transmit field, which the server sends back as origin. */
export const COOKIE_OCTETS = 8;

const VERSION = 4;
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
const LEAP_UNSYNCHRONISED = 3;
const MAX_STRATUM = 15;
/** MAXDISP of RFC 5905. Windows servers announce ten seconds and are right to some milliseconds, so no tighter bound. */
const MAX_ROOT_DISTANCE_MS = 16_000;
/** From 1900 to 1970. */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
const ERA_SECONDS = 2 ** 32;

/** `kiss`: the server asks not to be asked (RFC 5905 clause 7.4); `kissCode` says how. */
export type NtpFailure = 'timeout' | 'network' | 'invalid' | 'kiss';

/** Why a server gave no time. */
export class NtpError extends Error {
  readonly code = 'ERR_NTP';

  constructor(
    readonly failure: NtpFailure,
    message: string,
    options?: { cause?: unknown; kissCode?: string },
  ) {
    super(message, options);
    this.name = 'NtpError';
    this.kissCode = options?.kissCode;
  }

  readonly kissCode: string | undefined;
}

/** What one answer says; offset = server time minus ours. */
export interface NtpSample {
  readonly stratum: number;
  readonly offsetMs: number;
  /** Round trip without the server's own time. */
  readonly delayMs: number;
}

/** The client's side of one exchange: its wall clock when it sent, and the monotonic time until the answer came. */
export interface Exchange {
  readonly cookie: Uint8Array;
  readonly sentAtMs: number;
  readonly elapsedMs: number;
}

/**
 * A request. The transmit field carries `cookie`, 8 random octets, not our time: the server only sends it back, and
 * whoever cannot see the request cannot forge an answer to it.
 */
export function encodeRequest(cookie: Uint8Array): Buffer {
  const octets = Buffer.alloc(NTP_PACKET_OCTETS);
  octets[0] = (VERSION << 3) | MODE_CLIENT;
  octets.set(cookie, 40);
  return octets;
}

/**
 * Reads an answer. Undefined when `octets` do not answer this exchange's request (to be ignored, the answer may still
 * come); throws NtpError when they do but carry no time to rely on.
 */
export function decodeReply(octets: Buffer, { cookie, sentAtMs, elapsedMs }: Exchange): NtpSample | undefined {
  if (octets.length < NTP_PACKET_OCTETS) return undefined;
  const first = octets.readUInt8(0);
  if ((first & 7) !== MODE_SERVER || !octets.subarray(24, 32).equals(cookie)) return undefined;

  const stratum = octets.readUInt8(1);
  if (stratum === 0) {
    const kissCode = octets.toString('latin1', 12, 16).replace(/[^A-Z0-9]/g, '');
    throw new NtpError('kiss', `kiss of death "${kissCode}"`, { kissCode });
  }
  if (stratum > MAX_STRATUM) throw new NtpError('invalid', `stratum ${stratum}`);
  if (first >> 6 === LEAP_UNSYNCHRONISED) throw new NtpError('invalid', 'its clock is not synchronised');
  const version = (first >> 3) & 7;
  if (version < 1 || version > VERSION) throw new NtpError('invalid', `version ${version}`);
  const rootDistanceMs = shortFormatMs(octets, 4) / 2 + shortFormatMs(octets, 8);
  if (rootDistanceMs >= MAX_ROOT_DISTANCE_MS) throw new NtpError('invalid', `root distance ${rootDistanceMs} ms`);

  const receivedMs = readTimestamp(octets, 32);
  const transmittedMs = readTimestamp(octets, 40);
  if (receivedMs === undefined || transmittedMs === undefined) throw new NtpError('invalid', 'no time in its answer');
  if (transmittedMs < receivedMs) throw new NtpError('invalid', 'transmit time before receive time');

  // RFC 5905 clause 8, with T4 = T1 + elapsed, so that a clock set meanwhile does no harm.
  const arrivedAtMs = sentAtMs + elapsedMs;
  return {
    stratum,
    offsetMs: (receivedMs - sentAtMs + (transmittedMs - arrivedAtMs)) / 2,
    delayMs: Math.max(0, elapsedMs - (transmittedMs - receivedMs)),
  };
}

/** Unix milliseconds of the time stamp at `at`; undefined for the all-zero "unknown". */
export function readTimestamp(octets: Buffer, at: number): number | undefined {
  const seconds = octets.readUInt32BE(at);
  const fraction = octets.readUInt32BE(at + 4);
  if (seconds === 0 && fraction === 0) return undefined;
  // RFC 4330 clause 3: with the top bit clear it is the era that begins on 2036-02-07.
  const era = seconds < 0x8000_0000 ? ERA_SECONDS : 0;
  return (seconds + era - NTP_TO_UNIX_SECONDS) * 1000 + (fraction * 1000) / ERA_SECONDS;
}

/** Writes `unixMs` as a time stamp at `at`. */
export function writeTimestamp(octets: Buffer, at: number, unixMs: number): void {
  const seconds = Math.floor(unixMs / 1000);
  octets.writeUInt32BE((seconds + NTP_TO_UNIX_SECONDS) % ERA_SECONDS, at);
  octets.writeUInt32BE(Math.floor(((unixMs - seconds * 1000) / 1000) * ERA_SECONDS), at + 4);
}

/** NTP short format: 16 bits of seconds, 16 of fraction. */
function shortFormatMs(octets: Buffer, at: number): number {
  return (octets.readUInt32BE(at) * 1000) / 65536;
}
