import { countApdus } from '@iec104mm2ss/iec104';
import {
  asBuffer,
  isClockTime,
  isPosition,
  short,
  unknownKind,
  unknownVersion,
  WIRE_VERSION,
  wrongLength,
  wrongValue,
} from './octets.js';
import { codeAndMessage } from './out-message.js';
import type { Decoded } from './wire-error.js';

/**
 * Gateway to router, on `.in`: what one session does. Messages of a session are numbered from 1; the statement of sessions
 * (see session-statement.ts) goes the same way and so keeps its place among them. Little-endian.
 *
 *     0   u8   version (2)
 *     1   u8   kind, see InKind
 *     2   u16  COMMANDS: number of ASDUs
 *     4   u32  session
 *     8   u32  number of this message within its session
 *     12  u32  COMMANDS: number of the first command within its session, counting from 1
 *     16  u32  COMMANDS: fence of the connector whose clock the deadline is in
 *     20  u32  0
 *     24  f64  COMMANDS: deadline, ms of the connector's clock; RESYNC: the position missed
 *     32  f64  RESYNC: generation of that position
 *     40       COMMANDS: APDUs as in a log record; CLOSED: `code message` (UTF-8)
 */
export const IN_PREAMBLE_OCTETS = 40;

export const InKind = {
  STARTED: 1,
  STOPPED: 2,
  COMMANDS: 3,
  CLOSED: 4,
  /** The session missed positions: send it everything from there on once more. */
  RESYNC: 5,
  /** What this gateway has, see session-statement.ts. */
  STATEMENT: 7,
} as const;
export type InKind = (typeof InKind)[keyof typeof InKind];

export interface InHead {
  readonly session: number;
  /** Number of this message within its session. */
  readonly number: number;
}

export type InMessage =
  | (InHead & { readonly kind: typeof InKind.STARTED | typeof InKind.STOPPED })
  | (InHead & {
      readonly kind: typeof InKind.COMMANDS;
      readonly count: number;
      readonly firstCommand: number;
      /** Deadline in the clock of the connector with this fence. */
      readonly connectorFence: number;
      readonly deadline: number;
      readonly octets: Uint8Array;
      readonly apdusAt: number;
    })
  | (InHead & { readonly kind: typeof InKind.CLOSED; readonly code: string; readonly message: string })
  | (InHead & { readonly kind: typeof InKind.RESYNC; readonly position: number; readonly generation: number })
  /** JSON of a statement: to be decoded with `decodeStatement`. */
  | { readonly kind: typeof InKind.STATEMENT; readonly json: Uint8Array };

function preamble(kind: InKind, session: number, number: number, bodyOctets: number): Buffer {
  const message = Buffer.alloc(IN_PREAMBLE_OCTETS + bodyOctets);
  message[0] = WIRE_VERSION;
  message[1] = kind;
  message.writeUInt32LE(session, 4);
  message.writeUInt32LE(number, 8);
  return message;
}

export function encodeStarted({ session, number }: InHead): Buffer {
  return preamble(InKind.STARTED, session, number, 0);
}

export function encodeStopped({ session, number }: InHead): Buffer {
  return preamble(InKind.STOPPED, session, number, 0);
}

export function encodeClosed({ session, number }: InHead, code: string, text: string): Buffer {
  const body = Buffer.from(`${code} ${text}`);
  const message = preamble(InKind.CLOSED, session, number, body.length);
  message.set(body, IN_PREAMBLE_OCTETS);
  return message;
}

export function encodeResync({ session, number }: InHead, position: number, generation: number): Buffer {
  const message = preamble(InKind.RESYNC, session, number, 0);
  message.writeDoubleLE(position, 24);
  message.writeDoubleLE(generation, 32);
  return message;
}

/** The `head.count` APDUs in `octets[start..end)`. Copies once. */
export function encodeCommands(
  head: InHead & {
    readonly count: number;
    readonly firstCommand: number;
    readonly connectorFence: number;
    readonly deadline: number;
  },
  octets: Uint8Array,
  start: number,
  end: number,
): Buffer {
  const message = preamble(InKind.COMMANDS, head.session, head.number, end - start);
  message.writeUInt16LE(head.count, 2);
  message.writeUInt32LE(head.firstCommand, 12);
  message.writeUInt32LE(head.connectorFence, 16);
  message.writeDoubleLE(head.deadline, 24);
  message.set(octets.subarray(start, end), IN_PREAMBLE_OCTETS);
  return message;
}

/** `json`: from `encodeStatement`. */
export function encodeStatementMessage(json: Uint8Array): Buffer {
  const message = preamble(InKind.STATEMENT, 0, 0, json.length);
  message.set(json, IN_PREAMBLE_OCTETS);
  return message;
}

export function decodeIn(octets: Uint8Array): Decoded<InMessage> {
  const what = 'in message';
  const [version, kind] = octets;
  // Version 1 is of a release whose sessions cannot be stated: its gateways are told nothing and restart with this release.
  if (version !== WIRE_VERSION) return unknownVersion(what, version);
  if (octets.length < IN_PREAMBLE_OCTETS) return short(what, octets.length);
  const buffer = asBuffer(octets);
  const head = { session: buffer.readUInt32LE(4), number: buffer.readUInt32LE(8) };
  switch (kind) {
    case InKind.STARTED:
    case InKind.STOPPED:
      if (octets.length !== IN_PREAMBLE_OCTETS) return wrongLength(what, `${octets.length} octets`);
      return { kind, ...head };
    case InKind.CLOSED:
      return { kind, ...head, ...codeAndMessage(buffer.toString('utf8', IN_PREAMBLE_OCTETS)) };
    case InKind.RESYNC: {
      if (octets.length !== IN_PREAMBLE_OCTETS) return wrongLength(what, `${octets.length} octets`);
      const position = buffer.readDoubleLE(24);
      const generation = buffer.readDoubleLE(32);
      if (!isPosition(position)) return wrongValue(what, 'position', position);
      if (!isPosition(generation)) return wrongValue(what, 'generation', generation);
      return { kind, ...head, position, generation };
    }
    case InKind.COMMANDS: {
      const count = buffer.readUInt16LE(2);
      const deadline = buffer.readDoubleLE(24);
      if (!isClockTime(deadline)) return wrongValue(what, 'deadline', deadline);
      if (count === 0 || countApdus(octets, IN_PREAMBLE_OCTETS, octets.length) !== count) {
        return wrongLength(what, `its octets are not ${count} APDUs`);
      }
      const firstCommand = buffer.readUInt32LE(12);
      const connectorFence = buffer.readUInt32LE(16);
      return { kind, ...head, count, firstCommand, connectorFence, deadline, octets, apdusAt: IN_PREAMBLE_OCTETS };
    }
    case InKind.STATEMENT:
      return { kind, json: octets.subarray(IN_PREAMBLE_OCTETS) };
    default:
      return unknownKind(what, kind);
  }
}
