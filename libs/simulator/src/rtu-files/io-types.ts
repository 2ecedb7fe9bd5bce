import { POINT_KINDS, type CommandKind, type PointKind } from '../points/point-kind.js';
import { TypeId } from '@iec104mm2ss/iec104';

/** A type ID that an IO file may have. */
export type IoType =
  | { readonly direction: 'monitor'; readonly kind: PointKind; readonly timed: boolean }
  | { readonly direction: 'control'; readonly kind: CommandKind; readonly timed: boolean };

/** Kinds of the monitored types 1, 3, 9, 11, 13 and 30, 31, 34, 35, 36. */
const MONITORED = ['single', 'double', 'normalized', 'scaled', 'float'] as const;
/** Kinds of the commands 45, 46, 47 and 58, 59, 60. */
const COMMANDED = ['single', 'double', 'step'] as const;

const TYPES = new Map<number, IoType>();
for (const kind of MONITORED) {
  TYPES.set(TypeId[POINT_KINDS[kind].plain], { direction: 'monitor', kind, timed: false });
  TYPES.set(TypeId[POINT_KINDS[kind].timed], { direction: 'monitor', kind, timed: true });
}
for (const kind of COMMANDED) {
  const { command } = POINT_KINDS[kind];
  if (command === undefined) continue;
  TYPES.set(TypeId[command.plain], { direction: 'control', kind, timed: false });
  TYPES.set(TypeId[command.timed], { direction: 'control', kind, timed: true });
}

/** All of them, in order. */
export const IO_TYPE_IDS: readonly number[] = [...TYPES.keys()].sort((a, b) => a - b);

/** Undefined for a type ID that an IO file cannot have. */
export function ioType(typeId: number): IoType | undefined {
  return TYPES.get(typeId);
}
