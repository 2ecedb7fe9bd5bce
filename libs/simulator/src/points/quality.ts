import type { PointKind } from './point-kind.js';

/**
 * Quality as the bits of a quality descriptor (IEC 60870-5-101 clauses 7.2.6.1 to 7.2.6.3): 128 invalid, 64 not topical, 32
 * substituted, 16 blocked; measurements have 1, overflow, too.
 */
export const QUALITY_BITS = { state: 0xf0, measurement: 0xf1, counter: 0x80 } as const;

const NAMES: readonly (readonly [bit: number, name: string])[] = [
  [0x80, 'IV'],
  [0x40, 'NT'],
  [0x20, 'SB'],
  [0x10, 'BL'],
  [0x01, 'OV'],
];

/** The bits that a kind of point can have. */
export function qualityMask(kind: PointKind): number {
  if (kind === 'counter') return QUALITY_BITS.counter;
  return kind === 'single' || kind === 'double' ? QUALITY_BITS.state : QUALITY_BITS.measurement;
}

/** `IV NT`; empty when it is good. */
export function qualityText(quality: number): string {
  return NAMES.filter(([bit]) => (quality & bit) !== 0)
    .map(([, name]) => name)
    .join(' ');
}

/** Reads `IV NT`, `good` or the number of its bits; undefined when it is neither. */
export function parseQuality(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= 0xff ? Number(text) : undefined;
  let quality = 0;
  for (const word of text.toUpperCase().split(/[\s,;+|]+/)) {
    if (word === '' || word === 'GOOD') continue;
    const bit = NAMES.find(([, name]) => name === word)?.[0];
    if (bit === undefined) return undefined;
    quality |= bit;
  }
  return quality;
}

/** As the codec wants it. */
export function qualityFlags(kind: PointKind, quality: number): Record<string, boolean> {
  const iv = (quality & 0x80) !== 0;
  if (kind === 'counter') return { iv, ca: false, cy: false };
  const flags = { iv, nt: (quality & 0x40) !== 0, sb: (quality & 0x20) !== 0, bl: (quality & 0x10) !== 0 };
  return kind === 'single' || kind === 'double' ? flags : { ...flags, ov: (quality & 0x01) !== 0 };
}
