import { asBuffer } from './log-record.js';

/**
 * Router to connector.
 *
 * `.confirmed` and `.demand`, 16 octets:
 *
 *     0  u32  fence of the owner
 *     4  u32  `.demand`: 1 = data transfer wanted, 0 = not; `.confirmed`: 0
 *     8  f64  `.confirmed`: everything before this position was acknowledged by a master, or is for nobody
 */
export function encodeConfirmed(fence: number, position: number): Buffer {
  const message = Buffer.allocUnsafe(16);
  message.writeUInt32LE(fence, 0);
  message.writeUInt32LE(0, 4);
  message.writeDoubleLE(position, 8);
  return message;
}
export const confirmedPosition = (message: Uint8Array): number => asBuffer(message).readDoubleLE(8);

export function encodeDemand(fence: number, wanted: boolean): Buffer {
  const message = Buffer.alloc(16);
  message.writeUInt32LE(fence, 0);
  message.writeUInt32LE(wanted ? 1 : 0, 4);
  return message;
}
export const demandWanted = (message: Uint8Array): boolean => asBuffer(message).readUInt32LE(4) === 1;
export const messageFence = (message: Uint8Array): number => asBuffer(message).readUInt32LE(0);

/**
 * `.cmd`: one command.
 *
 *     0   u32  fence of the owner
 *     4   u32  command number, chosen by the router
 *     8   f64  deadline, ms since 1970-01-01 UTC: after it the command must not be sent
 *     16       the ASDU
 */
export const COMMAND_PREAMBLE_OCTETS = 16;

export function encodeCommand(fence: number, number: number, deadline: number, asdu: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(COMMAND_PREAMBLE_OCTETS + asdu.length);
  message.writeUInt32LE(fence, 0);
  message.writeUInt32LE(number, 4);
  message.writeDoubleLE(deadline, 8);
  message.set(asdu, COMMAND_PREAMBLE_OCTETS);
  return message;
}
export const commandNumber = (message: Uint8Array): number => asBuffer(message).readUInt32LE(4);
export const commandDeadline = (message: Uint8Array): number => asBuffer(message).readDoubleLE(8);
export const commandAsdu = (message: Uint8Array): Uint8Array => message.subarray(COMMAND_PREAMBLE_OCTETS);

/** What became of a command: `.cmd.result`, u32 command number, u8 outcome. */
export const CommandOutcome = { SENT: 1, EXPIRED: 2, NOT_CONNECTED: 3, QUEUE_FULL: 4 } as const;
export type CommandOutcome = (typeof CommandOutcome)[keyof typeof CommandOutcome];

export function encodeCommandResult(number: number, outcome: CommandOutcome): Buffer {
  const message = Buffer.allocUnsafe(5);
  message.writeUInt32LE(number, 0);
  message[4] = outcome;
  return message;
}
export const resultNumber = (message: Uint8Array): number => asBuffer(message).readUInt32LE(0);
export const resultOutcome = (message: Uint8Array): CommandOutcome => message[4] as CommandOutcome;
