import type { Point } from './process-image.js';

/** Amplitude and period of the slow wave that simulated measurements follow. */
const WAVE_EVENTS = 600;

/**
 * The next value of a point that changes spontaneously: states toggle, counters count, taps move up and down,
 * measurements follow a slow sine wave. `step` is a running number, so that neighbours in time differ.
 */
export function nextValue(point: Point, step: number): number {
  const wave = Math.sin((2 * Math.PI * (step % WAVE_EVENTS)) / WAVE_EVENTS + point.ioa);
  switch (point.kind) {
    case 'single':
      return point.current === 0 ? 1 : 0;
    case 'double':
      return point.current === 1 ? 2 : 1;
    case 'step':
      return point.current >= 8 ? -8 : point.current + 1;
    case 'bitstring':
      return step >>> 0;
    case 'normalized':
      return wave * 0.99;
    case 'scaled':
      return wave * 1000;
    case 'float':
      return 100 + wave * 10;
    case 'counter':
      return point.current >= 0x7fffffff ? 0 : point.current + 1;
  }
}
