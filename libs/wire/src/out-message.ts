import { copyOctets, countApdus } from '@iec104mm2ss/iec104';
import { ageOf } from './age-code.js';
import {
  asBuffer,
  isPosition,
  short,
  unknownKind,
  unknownVersion,
  WIRE_VERSION,
  wrongLength,
  wrongValue,
} from './octets.js';
import type { Decoded } from './wire-error.js';

/**
 * Router to gateways, on `.out` for every live session and on `.out.<session>` for one. Little-endian.
 *
 *     0   u8   version (2)
 *     1   u8   kind, see OutKind
 *     2   u8   flags, see OutFlag
 *     3   u8   DATA: how old its first ASDU was when it was published, see ageCode; 0: not said
 *     4   u32  fence of the router that owns the group
 *     8   f64  generation of the log that the positions are of
 *     16  f64  from: the first position this message accounts for; with ANSWERS: number of the command that it answers
 *     24  f64  first: position of the first ASDU, or NO_POSITION when the ASDUs are the router's own
 *     32  u32  DATA: number of ASDUs; BEGIN: number of the message it answers; SETTLED: number of commands
 *     36       DATA: APDUs as in a log record; CLOSE, STANDBY: `code message` (UTF-8); SETTLED: u32 each
 *
 * Positions `from..first` were for somebody else. A session that expects a smaller position than `from` has missed
 * something. Version 1 has no generation (it counts as 0): everything behind it is 8 octets earlier.
 */
export const OUT_PREAMBLE_OCTETS = 36;
const PREAMBLE_OCTETS_V1 = 28;
const AGE_OFFSET = 3;
export const NO_POSITION = -1;

export const OutKind = {
  /** ASDUs to send. */
  DATA: 1,
  /** From position `first` on this session takes what is published for all; its own ASDUs ended at `from`. */
  JOIN: 2,
  /** Close the session; the text says why, as `code message`. */
  CLOSE: 3,
  /** Another connection of the same master took over: stop data transfer here, keep the connection. */
  STANDBY: 4,
  /**
   * The ASDUs of the session begin at position `from` of `generation`. `count`: number of the STARTED or RESYNC that this
   * answers. 0, also on `.out` for all: unasked; a session that expects a smaller position keeps it.
   */
  BEGIN: 5,
  /** Nothing for anybody in positions `from..first`: all up to `first` is accounted for. */
  MARK: 6,
  /** These commands of the session are over and their audit records stored: their gateway may forget them. */
  SETTLED: 7,
} as const;
export type OutKind = (typeof OutKind)[keyof typeof OutKind];

export const OutFlag = {
  /** Some OA octets are ours: each session writes its own OA where it finds its allocated one, 0 elsewhere. */
  PATCH_OA: 1,
  /** DATA: the router's own answer to one command of the session, whose number is in `from`. */
  ANSWERS: 2,
  /** SETTLED: the router has answered these itself. Who has not got the answer states the command again, and gets it. */
  ANSWERED: 4,
} as const;

export interface OutMessage {
  readonly kind: OutKind;
  readonly flags: number;
  readonly fence: number;
  readonly generation: number;
  readonly from: number;
  readonly first: number;
  readonly count: number;
  /** The octets of the message, and where its APDUs, text or numbers begin. */
  readonly octets: Uint8Array;
  readonly bodyAt: number;
}

export interface OutHead {
  readonly kind: OutKind;
  readonly flags?: number;
  /** See ageCode. */
  readonly age?: number;
  readonly fence: number;
  readonly generation: number;
  readonly from: number;
  readonly first: number;
  readonly count: number;
}

const NO_OCTETS = new Uint8Array(0);

/** A message with `octets[start..end)` behind its head. Copies once. */
export function encodeOut(head: OutHead, octets: Uint8Array = NO_OCTETS, start = 0, end = octets.length): Buffer {
  const message = Buffer.allocUnsafe(OUT_PREAMBLE_OCTETS + end - start);
  message[0] = WIRE_VERSION;
  message[1] = head.kind;
  message[2] = head.flags ?? 0;
  message[AGE_OFFSET] = head.age ?? 0;
  message.writeUInt32LE(head.fence, 4);
  message.writeDoubleLE(head.generation, 8);
  message.writeDoubleLE(head.from, 16);
  message.writeDoubleLE(head.first, 24);
  message.writeUInt32LE(head.count, 32);
  copyOctets(octets, start, end, message, OUT_PREAMBLE_OCTETS);
  return message;
}

/** CLOSE or STANDBY. `text`: `code message`. */
export function encodeOutText(
  kind: typeof OutKind.CLOSE | typeof OutKind.STANDBY,
  fence: number,
  text: string,
): Buffer {
  return encodeOut({ kind, fence, generation: 0, from: 0, first: NO_POSITION, count: 0 }, Buffer.from(text));
}

/**
 * SETTLED: the numbers of a session's commands that are over.
 *
 * @param answered by the router itself
 */
export function encodeSettled(fence: number, commands: readonly number[], answered = false): Buffer {
  const body = Buffer.allocUnsafe(commands.length * 4);
  commands.forEach((command, index) => body.writeUInt32LE(command, index * 4));
  const count = commands.length;
  const flags = answered ? OutFlag.ANSWERED : 0;
  const head = { kind: OutKind.SETTLED, flags, fence, generation: 0, from: 0, first: NO_POSITION, count };
  return encodeOut(head, body);
}

export function decodeOut(octets: Uint8Array): Decoded<OutMessage> {
  const what = 'out message';
  const [version, kind = 0, flags = 0] = octets;
  if (version !== 1 && version !== WIRE_VERSION) return unknownVersion(what, version);
  const bodyAt = version === 1 ? PREAMBLE_OCTETS_V1 : OUT_PREAMBLE_OCTETS;
  if (octets.length < bodyAt) return short(what, octets.length);
  const buffer = asBuffer(octets);
  const positionsAt = version === 1 ? 8 : 16;
  const generation = version === 1 ? 0 : buffer.readDoubleLE(8);
  const from = buffer.readDoubleLE(positionsAt);
  let first = buffer.readDoubleLE(positionsAt + 8);
  let count = buffer.readUInt32LE(positionsAt + 16);
  if (!isPosition(generation)) return wrongValue(what, 'generation', generation);
  if (!isPosition(from)) return wrongValue(what, 'from', from);
  if (first !== NO_POSITION && !isPosition(first)) return wrongValue(what, 'first', first);
  if (version === 1 && kind > OutKind.BEGIN) return unknownKind(what, kind);
  switch (kind) {
    case OutKind.DATA:
      if (first !== NO_POSITION && (first < from || !isPosition(first + count)))
        return wrongValue(what, 'first', first);
      if (count === 0 || countApdus(octets, bodyAt, octets.length) !== count) {
        return wrongLength(what, `its octets are not ${count} APDUs`);
      }
      break;
    case OutKind.BEGIN:
      // Version 1 has the number of the STARTED in `first`.
      if (version === 1) {
        if (first < 0 || first > 0xffffffff) return wrongValue(what, 'number', first);
        [first, count] = [NO_POSITION, first];
      }
      break;
    case OutKind.SETTLED:
      if (octets.length !== bodyAt + 4 * count) return wrongLength(what, `its octets are not ${count} numbers`);
      break;
    case OutKind.JOIN:
      if (first === NO_POSITION) return wrongValue(what, 'first', first);
      break;
    case OutKind.MARK:
      if (first < from) return wrongValue(what, 'first', first);
      break;
    case OutKind.CLOSE:
    case OutKind.STANDBY:
      break;
    default:
      return unknownKind(what, kind);
  }
  return {
    kind: kind,
    flags,
    fence: buffer.readUInt32LE(4),
    generation,
    from,
    first,
    count,
    octets,
    bodyAt,
  };
}

/** How old the first ASDU of a DATA was when it was published, ms; undefined: not said. */
export function dataAge({ octets }: OutMessage): number | undefined {
  return ageOf(octets[AGE_OFFSET] as number);
}

/** Text of a CLOSE or STANDBY, as code and message. */
export function outText({ octets, bodyAt }: OutMessage): { readonly code: string; readonly message: string } {
  return codeAndMessage(asBuffer(octets).toString('utf8', bodyAt));
}

/** Number of the command that a DATA answers, when it is the router's own answer and says so. */
export function answeredCommand({ flags, from }: OutMessage): number | undefined {
  return (flags & OutFlag.ANSWERS) === 0 ? undefined : from;
}

/** Numbers of the commands of a SETTLED. */
export function settledCommands({ octets, bodyAt, count }: OutMessage): number[] {
  const buffer = asBuffer(octets);
  return Array.from({ length: count }, (_, index) => buffer.readUInt32LE(bodyAt + 4 * index));
}

/** Splits `code message`. */
export function codeAndMessage(text: string): { readonly code: string; readonly message: string } {
  const [code = '', ...words] = text.split(' ');
  return { code: code === '' ? 'closed' : code, message: words.join(' ') };
}
