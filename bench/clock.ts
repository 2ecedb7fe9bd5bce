/**
 * One clock for all processes of the bench: CLOCK_MONOTONIC, which on Linux counts the same for every process.
 *
 * `process.hrtime.bigint()` reads it, but makes a BigInt each time; `performance.now()` reads the same clock from
 * the start of its own process and makes a plain number. So each process finds its own offset once.
 */

function findOffsetMs(): number {
  let bestGapMs = Infinity;
  let offsetMs = 0;
  // The tightest of many brackets: a preemption between two readings must not become a constant error.
  for (let i = 0; i < 2000; i++) {
    const before = performance.now();
    const sharedMs = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before < bestGapMs) {
      bestGapMs = after - before;
      offsetMs = sharedMs - (before + after) / 2;
    }
  }
  return offsetMs;
}

const offsetMs = findOffsetMs();

/** Milliseconds of the clock all processes of this machine share; resolution far below a microsecond. */
export function sharedNowMs(): number {
  return performance.now() + offsetMs;
}

/** A stamp counts tenths of a microsecond in 30 bits, so it wraps every 107 seconds. */
export const STAMP_MASK = 0x3fffffff;
const STAMP_SPAN = STAMP_MASK + 1;
export const STAMPS_PER_US = 10;

/** The stamp of a time from `sharedNowMs`. Differences are taken modulo the wrap, so no event may be older than that. */
export function stampOf(timeMs: number): number {
  return Math.floor(timeMs * 1e4) % STAMP_SPAN;
}
