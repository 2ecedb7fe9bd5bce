import { asBuffer } from './log-record.js';

/**
 * Gateway to router, on `.in`: what a session does.
 *
 *     0   u8   version (1)
 *     1   u8   kind, see InKind
 *     2   u16  number of ASDUs (COMMANDS)
 *     4   u32  session
 *     8   f64  COMMANDS: deadline, ms since 1970-01-01 UTC; RESYNC: the position missed; else 0
 *     16  u32  number of this message within its session, counting from 1
 *     20       COMMANDS: APDUs as in a log record; CLOSED: text `code message` (UTF-8); RESUME: JSON
 */
export const IN_PREAMBLE_OCTETS = 20;

export const InKind = {
  STARTED: 1,
  STOPPED: 2,
  COMMANDS: 3,
  CLOSED: 4,
  /** The session missed positions: send it everything after what it acknowledged once more. */
  RESYNC: 5,
  /** To a new owner of the group, or after a lost connection: all about the session (JSON, SessionSnapshot). */
  RESUME: 6,
} as const;
export type InKind = (typeof InKind)[keyof typeof InKind];

/** What a gateway knows of a session: enough for another router to go on with it. */
export interface SessionSnapshot {
  readonly session: number;
  readonly gateway: string;
  readonly address: string;
  readonly port: number;
  readonly name: string | null;
  readonly certificateName: string | null;
  /** OA towards the RTU, and the one the master used last. */
  readonly originatorAddress: number;
  readonly ownOa: number;
  readonly started: boolean;
  /** Number of its STARTED while the BEGIN of the router has not come; else 0. */
  readonly starting: number;
  /** Next position it has to get. */
  readonly expected: number;
  readonly acknowledged: number;
  /** ms since 1970-01-01 UTC. */
  readonly since: number;
}

const NO_OCTETS = new Uint8Array(0);

export function encodeIn(
  kind: InKind,
  session: number,
  number: number,
  deadline = 0,
  count = 0,
  octets: Uint8Array = NO_OCTETS,
  start = 0,
  end = octets.length,
): Buffer {
  const message = Buffer.allocUnsafe(IN_PREAMBLE_OCTETS + end - start);
  message[0] = 1;
  message[1] = kind;
  message.writeUInt16LE(count, 2);
  message.writeUInt32LE(session, 4);
  message.writeDoubleLE(deadline, 8);
  message.writeUInt32LE(number, 16);
  if (end > start) message.set(octets.subarray(start, end), IN_PREAMBLE_OCTETS);
  return message;
}

export const inKind = (message: Uint8Array): InKind => message[1] as InKind;
export const inCount = (message: Uint8Array): number => asBuffer(message).readUInt16LE(2);
export const inSession = (message: Uint8Array): number => asBuffer(message).readUInt32LE(4);
export const inDeadline = (message: Uint8Array): number => asBuffer(message).readDoubleLE(8);
export const inNumber = (message: Uint8Array): number => asBuffer(message).readUInt32LE(16);
export const inText = (message: Uint8Array): string => asBuffer(message).toString('utf8', IN_PREAMBLE_OCTETS);
