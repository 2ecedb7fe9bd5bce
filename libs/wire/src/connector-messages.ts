import { MAX_ASDU_OCTETS, MIN_ASDU_OCTETS } from '@iec104mm2ss/iec104';
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
import type { Decoded } from './wire-error.js';

/**
 * Router to connector, on `.confirmed`, 24 octets, little-endian:
 *
 *     0   u8   version (2)
 *     1   u8*3 0
 *     4   u32  fence of the router that owns the group
 *     8   f64  everything before this position was acknowledged by a master, or is for nobody
 *     16  f64  generation of that position
 */
const CONFIRMED_OCTETS = 24;

export interface Confirmed {
  readonly fence: number;
  readonly position: number;
  readonly generation: number;
}

export function encodeConfirmed({ fence, position, generation }: Confirmed): Buffer {
  const message = Buffer.alloc(CONFIRMED_OCTETS);
  message[0] = WIRE_VERSION;
  message.writeUInt32LE(fence, 4);
  message.writeDoubleLE(position, 8);
  message.writeDoubleLE(generation, 16);
  return message;
}

export function decodeConfirmed(octets: Uint8Array): Decoded<Confirmed> {
  const what = 'confirmed mark';
  if (octets[0] !== WIRE_VERSION) return unknownVersion(what, octets[0]);
  if (octets.length !== CONFIRMED_OCTETS) return wrongLength(what, `${octets.length} octets`);
  const buffer = asBuffer(octets);
  const position = buffer.readDoubleLE(8);
  const generation = buffer.readDoubleLE(16);
  if (!isPosition(position)) return wrongValue(what, 'position', position);
  if (!isPosition(generation)) return wrongValue(what, 'generation', generation);
  return { fence: buffer.readUInt32LE(4), position, generation };
}

/**
 * Router to connector, on `.cmd`: one command for the RTU. Little-endian.
 *
 *     0   u8   version (2)
 *     1   u8   OA its master used
 *     2   u16  0
 *     4   u32  fence of the router that owns the group
 *     8   u32  number of the command, chosen by the router; unique with the fence
 *     12  u32  session of the master that gave it
 *     16  u32  number of the command within that session
 *     20  u32  fence of the connector whose clock the deadline is in: another one must not send it
 *     24  f64  deadline, ms of that clock
 *     32       the ASDU as the RTU is to get it
 */
const COMMAND_PREAMBLE_OCTETS = 32;

export interface CommandMessage {
  readonly ownOa: number;
  readonly fence: number;
  readonly number: number;
  readonly session: number;
  readonly command: number;
  readonly connectorFence: number;
  readonly deadline: number;
  readonly asdu: Uint8Array;
}

export function encodeCommand(command: CommandMessage): Buffer {
  const message = Buffer.alloc(COMMAND_PREAMBLE_OCTETS + command.asdu.length);
  message[0] = WIRE_VERSION;
  message[1] = command.ownOa;
  message.writeUInt32LE(command.fence, 4);
  message.writeUInt32LE(command.number, 8);
  message.writeUInt32LE(command.session, 12);
  message.writeUInt32LE(command.command, 16);
  message.writeUInt32LE(command.connectorFence, 20);
  message.writeDoubleLE(command.deadline, 24);
  message.set(command.asdu, COMMAND_PREAMBLE_OCTETS);
  return message;
}

export function decodeCommand(octets: Uint8Array): Decoded<CommandMessage> {
  const what = 'command';
  if (octets[0] !== WIRE_VERSION) return unknownVersion(what, octets[0]);
  if (octets.length < COMMAND_PREAMBLE_OCTETS) return short(what, octets.length);
  const asdu = octets.subarray(COMMAND_PREAMBLE_OCTETS);
  if (asdu.length < MIN_ASDU_OCTETS || asdu.length > MAX_ASDU_OCTETS) {
    return wrongLength(what, `an ASDU of ${asdu.length} octets`);
  }
  const buffer = asBuffer(octets);
  const deadline = buffer.readDoubleLE(24);
  if (!isClockTime(deadline)) return wrongValue(what, 'deadline', deadline);
  return {
    ownOa: octets[1] as number,
    fence: buffer.readUInt32LE(4),
    number: buffer.readUInt32LE(8),
    session: buffer.readUInt32LE(12),
    command: buffer.readUInt32LE(16),
    connectorFence: buffer.readUInt32LE(20),
    deadline,
    asdu,
  };
}

/** What became of a command. All but SENT say that the RTU did not and will not get it. */
export const CommandOutcome = { SENT: 1, EXPIRED: 2, NOT_CONNECTED: 3, QUEUE_FULL: 4, WITHDRAWN: 5 } as const;
export type CommandOutcome = (typeof CommandOutcome)[keyof typeof CommandOutcome];
const OUTCOMES: ReadonlySet<number> = new Set(Object.values(CommandOutcome));

/**
 * Connector to router, on `.cmd.result`: what became of commands. Little-endian.
 *
 *     0   u8   version (2)
 *     1   u8   0
 *     2   u16  number of entries
 *     4   u32  fence of the connector
 *     8        entries of 12 octets:
 *              0  u32  fence of the router that gave the command
 *              4  u32  its number
 *              8  u32  outcome
 */
const RESULT_PREAMBLE_OCTETS = 8;
const RESULT_ENTRY_OCTETS = 12;

export interface CommandResult {
  readonly fence: number;
  readonly number: number;
  readonly outcome: CommandOutcome;
}

export interface CommandResults {
  readonly connectorFence: number;
  readonly results: readonly CommandResult[];
}

export function encodeCommandResults({ connectorFence, results }: CommandResults): Buffer {
  const message = Buffer.alloc(RESULT_PREAMBLE_OCTETS + results.length * RESULT_ENTRY_OCTETS);
  message[0] = WIRE_VERSION;
  message.writeUInt16LE(results.length, 2);
  message.writeUInt32LE(connectorFence, 4);
  results.forEach(({ fence, number, outcome }, index) => {
    const at = RESULT_PREAMBLE_OCTETS + index * RESULT_ENTRY_OCTETS;
    message.writeUInt32LE(fence, at);
    message.writeUInt32LE(number, at + 4);
    message.writeUInt32LE(outcome, at + 8);
  });
  return message;
}

export function decodeCommandResults(octets: Uint8Array): Decoded<CommandResults> {
  const what = 'command results';
  if (octets[0] !== WIRE_VERSION) return unknownVersion(what, octets[0]);
  if (octets.length < RESULT_PREAMBLE_OCTETS) return short(what, octets.length);
  const buffer = asBuffer(octets);
  const count = buffer.readUInt16LE(2);
  if (octets.length !== RESULT_PREAMBLE_OCTETS + count * RESULT_ENTRY_OCTETS)
    return wrongLength(what, `not ${count} entries`);
  const results: CommandResult[] = [];
  for (let at = RESULT_PREAMBLE_OCTETS; at < octets.length; at += RESULT_ENTRY_OCTETS) {
    const outcome = buffer.readUInt32LE(at + 8);
    if (!OUTCOMES.has(outcome)) return unknownKind(`${what}, outcome`, outcome);
    results.push({
      fence: buffer.readUInt32LE(at),
      number: buffer.readUInt32LE(at + 4),
      outcome: outcome as CommandOutcome,
    });
  }
  return { connectorFence: buffer.readUInt32LE(4), results };
}
