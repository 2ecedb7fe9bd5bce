import type { PointKind } from './point-kind.js';
import type { PointDefinition } from './point.js';

/** One block of consecutive addresses of the built-in list. */
interface Block {
  readonly kind: PointKind;
  readonly ioa: number;
  readonly count: number;
  readonly group: number;
  readonly commandIoa?: number;
  readonly label: string;
}

const BLOCKS: readonly Block[] = [
  { kind: 'single', ioa: 1000, count: 16, group: 1, commandIoa: 5000, label: 'Alarm' },
  { kind: 'double', ioa: 2000, count: 8, group: 2, commandIoa: 5100, label: 'Breaker' },
  { kind: 'step', ioa: 3000, count: 2, group: 3, commandIoa: 5200, label: 'Tap changer' },
  { kind: 'normalized', ioa: 4000, count: 4, group: 4, commandIoa: 5300, label: 'Set-point' },
  { kind: 'scaled', ioa: 4100, count: 4, group: 4, commandIoa: 5400, label: 'Limit' },
  { kind: 'float', ioa: 4200, count: 8, group: 4, commandIoa: 5500, label: 'Power' },
  { kind: 'bitstring', ioa: 4300, count: 1, group: 5, commandIoa: 5600, label: 'Status word' },
  { kind: 'counter', ioa: 4400, count: 4, group: 1, label: 'Energy' },
];

/**
 * The points of a simulated RTU that was given no list: 47 points of all kinds, commands at 5000 and above (5000-5015
 * single, 5100-5107 double, 5200-5201 step, 5300 normalized, 5400 scaled, 5500 float, 5600 bitstring). The last single
 * (5015) and the last double (5107) command need a select.
 */
export const DEFAULT_POINTS: readonly PointDefinition[] = BLOCKS.flatMap(
  ({ kind, ioa, count, group, commandIoa, label }) =>
    Array.from({ length: count }, (_, index): PointDefinition => {
      const needsSelect = (kind === 'single' || kind === 'double') && index === count - 1;
      return {
        ioa: ioa + index,
        kind,
        value: kind === 'double' ? 1 : 0,
        name: `${label} ${index + 1}`,
        group: kind === 'counter' ? (index % 4) + 1 : group,
        commandIoas: commandIoa === undefined ? [] : [commandIoa + index],
        commandKind: commandIoa === undefined || kind === 'counter' ? undefined : kind,
        select: needsSelect ? 'required' : 'optional',
        events: true,
      };
    }),
);
