import { AsduView, Cause, cp56ToEpochMs, decodeCp56 } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import { type CommandKind, type CommandTypeInfo, commandType } from '../points/point-kind.js';
import type { Command, Point, ProcessImage } from './process-image.js';

const ELEMENT_OFFSET = 9;
const SELECT_BIT = 0x80;
const VALUE_BITS_ON_OFF = 0x03;

/** What a command is to do, as it came. */
export interface CommandedValue {
  readonly ioa: number;
  readonly kind: CommandKind;
  readonly value: number;
}

/** How one process command is answered. Absent fields: nothing of that kind happens. */
export interface CommandVerdict {
  /** COT and P/N of the confirmation; undefined = not answered at all (a command that is too old). */
  readonly confirm: { readonly cause: number; readonly negative: boolean } | undefined;
  /** What to do after a positive confirmation of an execute. */
  readonly execute?: CommandedValue;
  /** For logs: what was decided and why. */
  readonly reason: string;
}

interface Selection {
  readonly connection: number;
  readonly typeId: number;
  readonly element: string;
  readonly expiresAt: number;
}

export interface CommandRules {
  readonly selectTimeoutMs: number;
  /** Time-tagged commands older (or younger) than this are ignored. */
  readonly maxAgeMs: number;
  /** Every command is confirmed, known or not, selected or not, as the IEC104-RTU-Simulator does. Default false. */
  readonly confirmAll?: boolean;
}

/** Decides on process commands (types 45-51, 58-64): selects, executes, deselects (IEC 60870-5-5 clause 6.8). */
export class CommandExecution {
  private readonly selections = new Map<number, Selection>();
  /** Command addresses whose command is being executed. */
  private readonly busy = new Set<number>();

  constructor(
    private readonly image: ProcessImage,
    private readonly rules: CommandRules,
    private readonly clock: Clock,
    private readonly wallClock: () => number,
  ) {}

  /** True for the types that `decide` takes. */
  knows(typeId: number): boolean {
    return commandType(typeId) !== undefined;
  }

  /** Decides on the command `asdu`, whose type, length and CA have been checked, from connection `connection`. */
  decide(asdu: Uint8Array, connection: number): CommandVerdict {
    const view = new AsduView(asdu);
    const type = commandType(view.typeId) as CommandTypeInfo;
    const ioa = view.ioa ?? 0;
    if (this.rules.confirmAll === true) return this.confirmed(asdu, ioa, type);
    const command = this.image.command(ioa, type.kind);
    if (command === undefined) {
      return { confirm: { cause: Cause.UNKNOWN_IOA, negative: true }, reason: `no ${type.kind} command at ${ioa}` };
    }
    if (view.cot === Cause.DEACT) return this.deselect(asdu, ioa, connection, type);
    if (view.count !== 1 || view.sq) return refuse('not exactly one object');
    const value = commandValue(asdu, type.kind);
    if (value === undefined) return refuse('value not permitted');
    if (type.timed && this.tooOld(asdu, type)) return { confirm: undefined, reason: 'time tag too old' };
    const selecting = type.selectOffset !== undefined && ((asdu[type.selectOffset] ?? 0) & SELECT_BIT) !== 0;
    if (selecting) return this.select(asdu, connection, command, type);
    return this.execute(asdu, connection, command, type, value);
  }

  /** The execution of the command at this address is over. */
  finished(commandIoa: number): void {
    this.busy.delete(commandIoa);
  }

  /** Forgets the selections of one connection, or all. */
  clearSelections(connection?: number): void {
    for (const [ioa, selection] of this.selections) {
      if (connection === undefined || selection.connection === connection) this.selections.delete(ioa);
    }
  }

  private confirmed(asdu: Uint8Array, ioa: number, type: CommandTypeInfo): CommandVerdict {
    const view = new AsduView(asdu);
    if (view.cot !== Cause.ACT) return { confirm: undefined, reason: `COT ${view.cot}` };
    const confirm = { cause: Cause.ACT_CON, negative: false };
    const value = commandValue(asdu, type.kind) ?? 0;
    const selecting = type.selectOffset !== undefined && ((asdu[type.selectOffset] ?? 0) & SELECT_BIT) !== 0;
    if (selecting) return { confirm, reason: 'selected' };
    return { confirm, execute: { ioa, kind: type.kind, value }, reason: 'executed' };
  }

  private select(asdu: Uint8Array, connection: number, command: Command, type: CommandTypeInfo): CommandVerdict {
    const { ioa } = command;
    if (command.select === 'no') return refuse('select is not supported here');
    if (this.busy.has(ioa)) return refuse('busy');
    const current = this.selection(ioa);
    if (current !== undefined && current.connection !== connection) return refuse('selected by another master');
    this.selections.set(ioa, {
      connection,
      typeId: asdu[0] as number,
      element: elementKey(asdu, type),
      expiresAt: this.clock.now() + this.rules.selectTimeoutMs,
    });
    return { confirm: { cause: Cause.ACT_CON, negative: false }, reason: 'selected' };
  }

  private execute(
    asdu: Uint8Array,
    connection: number,
    command: Command,
    type: CommandTypeInfo,
    value: number,
  ): CommandVerdict {
    const { ioa } = command;
    const current = this.selection(ioa);
    if (current !== undefined) {
      if (current.connection !== connection) return refuse('selected by another master');
      this.selections.delete(ioa);
      if (current.typeId !== asdu[0] || current.element !== elementKey(asdu, type)) {
        return refuse('not what was selected');
      }
    } else if (command.select === 'required') {
      return refuse('not selected');
    }
    if (this.busy.has(ioa)) return refuse('busy');
    const confirm = { cause: Cause.ACT_CON, negative: false };
    // T = 1: a test, which does not touch the process.
    if (new AsduView(asdu).test) return { confirm, reason: 'test' };
    this.busy.add(ioa);
    return { confirm, execute: { ioa, kind: type.kind, value }, reason: 'executed' };
  }

  private deselect(asdu: Uint8Array, ioa: number, connection: number, type: CommandTypeInfo): CommandVerdict {
    const current = this.selection(ioa);
    const own = current?.connection === connection && current.typeId === asdu[0];
    if (own && type.selectOffset !== undefined) this.selections.delete(ioa);
    return {
      confirm: { cause: Cause.DEACT_CON, negative: !own },
      reason: own ? 'deselected' : 'nothing to deselect',
    };
  }

  private selection(ioa: number): Selection | undefined {
    const selection = this.selections.get(ioa);
    if (selection === undefined || selection.expiresAt > this.clock.now()) return selection;
    this.selections.delete(ioa);
    return undefined;
  }

  private tooOld(asdu: Uint8Array, type: CommandTypeInfo): boolean {
    if (this.rules.maxAgeMs === Infinity) return false;
    const epochMs = cp56ToEpochMs(decodeCp56(asdu, ELEMENT_OFFSET + type.elementOctets));
    return epochMs === undefined || Math.abs(this.wallClock() - epochMs) > this.rules.maxAgeMs;
  }
}

function refuse(reason: string): CommandVerdict {
  return { confirm: { cause: Cause.ACT_CON, negative: true }, reason };
}

/** The object's octets without S/E and time tag: what select and execute must have in common. */
function elementKey(asdu: Uint8Array, type: CommandTypeInfo): string {
  // Not asdu.slice(): on a Node Buffer that would be a view, and the request is still to be mirrored.
  const element = new Uint8Array(asdu.subarray(ELEMENT_OFFSET, ELEMENT_OFFSET + type.elementOctets));
  if (type.selectOffset !== undefined) {
    const at = type.selectOffset - ELEMENT_OFFSET;
    element[at] = (element[at] ?? 0) & ~SELECT_BIT;
  }
  return Buffer.from(element).toString('hex');
}

/** The commanded value; undefined when the standard does not permit it (clauses 7.2.6.16, 7.2.6.17). */
export function commandValue(asdu: Uint8Array, kind: CommandKind): number | undefined {
  const view = new DataView(asdu.buffer, asdu.byteOffset + ELEMENT_OFFSET);
  switch (kind) {
    case 'single':
      return view.getUint8(0) & 1;
    case 'double':
    case 'step': {
      const state = view.getUint8(0) & VALUE_BITS_ON_OFF;
      return state === 1 || state === 2 ? state : undefined;
    }
    case 'normalized':
      return view.getInt16(0, true) / 32768;
    case 'scaled':
      return view.getInt16(0, true);
    case 'float':
      return view.getFloat32(0, true);
    case 'bitstring':
      return view.getUint32(0, true);
  }
}

/** How far a regulating step command moves a normalized point; others move by one. */
const NORMALIZED_STEP = 0.01;

/**
 * What a commanded value makes of the point: on/off means on/off for every kind of state, a step command switches a state on
 * (higher) or off (lower) and moves everything else by a step.
 */
export function pointValue(point: Point, kind: CommandKind, value: number): number {
  const isState = point.kind === 'single' || point.kind === 'double';
  if (kind === 'step' && !isState) {
    return point.current + (value === 2 ? 1 : -1) * (point.kind === 'normalized' ? NORMALIZED_STEP : 1);
  }
  if (kind === point.kind || (kind !== 'single' && kind !== 'double' && kind !== 'step')) return value;
  const on = kind === 'single' ? value === 1 : value === 2;
  return point.kind === 'double' ? (on ? 2 : 1) : on ? 1 : 0;
}
