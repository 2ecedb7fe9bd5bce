import { type AsduInput, Cause, encodeAsdu, epochMsToCp56, type TypeName } from '@iec104mm2ss/iec104';
import { parseKind, parseValue } from '../points/parse-points.js';
import { COMMAND_KINDS, type CommandKind, POINT_KINDS, representable } from '../points/point-kind.js';

/** A process command as a person thinks of it. */
export interface CommandRequest {
  readonly kind: CommandKind;
  /** Address of the command, 1..16777215. */
  readonly ioa: number;
  /** Single 0/1, double 1 off / 2 on, step 1 lower / 2 higher, else the set-point. */
  readonly value: number;
  /** Common address; default: the master's. */
  readonly ca?: number;
  /** QU 0..31 of on/off and step commands, QL 0..127 of set-points; default 0. */
  readonly qualifier?: number;
  /** Epoch milliseconds: send the type with CP56Time2a (58-64). */
  readonly timeMs?: number;
  /** T = 1: a test that does not touch the process. */
  readonly test?: boolean;
}

export interface CommandHeader {
  readonly ca: number;
  readonly oa: number;
  readonly select: boolean;
  /** Default ACT. */
  readonly cause?: number;
}

/** The ASDU of a process command. */
export function encodeCommand(request: CommandRequest, header: CommandHeader): Uint8Array {
  const { kind, ioa, qualifier = 0, timeMs } = request;
  const types = POINT_KINDS[kind].command as { plain: TypeName; timed: TypeName };
  const { select } = header;
  const object: Record<string, unknown> = { ioa, value: representable(kind, request.value) };
  if (kind === 'single') Object.assign(object, { value: request.value !== 0, qu: qualifier, select });
  else if (kind === 'double' || kind === 'step') Object.assign(object, { qu: qualifier, select });
  else if (kind !== 'bitstring') Object.assign(object, { ql: qualifier, select });
  if (timeMs !== undefined) object['time'] = epochMsToCp56(timeMs);
  const input = {
    type: timeMs === undefined ? types.plain : types.timed,
    cot: header.cause ?? Cause.ACT,
    ca: request.ca ?? header.ca,
    oa: header.oa,
    test: request.test ?? false,
    objects: [object],
  };
  // Type and objects come from one table row (POINT_KINDS), which the compiler cannot follow.
  return encodeAsdu(input as unknown as AsduInput);
}

/** Why a text is no command. */
export class CommandSyntaxError extends Error {
  constructor(text: string, reason: string) {
    super(
      `'${text}': ${reason}; expected KIND IOA VALUE, such as 'single 5000 on', 'step 5200 higher', 'float 5500 12.5'`,
    );
    this.name = 'CommandSyntaxError';
  }
}

const STEP_WORDS: ReadonlyMap<string, number> = new Map([
  ['lower', 1],
  ['down', 1],
  ['higher', 2],
  ['raise', 2],
  ['up', 2],
]);

/**
 * Reads `KIND IOA VALUE`, such as `single 5000 on`, `double 5100 off`, `step 5200 higher`, `float 5500 12.5`. KIND may
 * also be a TypeID name (`C_SC_NA_1`); a name with time tag (`C_SC_TA_1`) sets `timeMs` to `nowMs`.
 *
 * @throws CommandSyntaxError
 */
export function parseCommand(text: string, nowMs: number = Date.now()): CommandRequest {
  const [kindText = '', ioaText = '', valueText = '', ...rest] = text.trim().split(/\s+/);
  if (valueText === '' || rest.length > 0) throw new CommandSyntaxError(text, 'three words are needed');
  const kind = parseKind(kindText);
  if (kind === undefined || kind === 'counter') {
    throw new CommandSyntaxError(text, `'${kindText}' is none of ${COMMAND_KINDS.join(', ')}`);
  }
  const ioa = /^\d+$/.test(ioaText) ? Number(ioaText) : 0;
  if (ioa < 1 || ioa > 0xffffff) throw new CommandSyntaxError(text, `'${ioaText}' is no address 1..16777215`);
  const timed = /^C_.._T/i.test(kindText);
  return { kind, ioa, value: commandValue(kind, valueText, text), ...(timed && { timeMs: nowMs }) };
}

function commandValue(kind: CommandKind, valueText: string, text: string): number {
  if (kind === 'step') {
    const step = STEP_WORDS.get(valueText.toLowerCase()) ?? Number(valueText);
    if (step === 1 || step === 2) return step;
    throw new CommandSyntaxError(text, `'${valueText}' is neither lower nor higher`);
  }
  const value = parseValue(kind, valueText);
  if (typeof value === 'number') return value;
  throw new CommandSyntaxError(text, value.reason);
}
