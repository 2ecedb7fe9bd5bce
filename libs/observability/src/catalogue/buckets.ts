/** Upper bounds of the histograms' buckets, in milliseconds. Few: each is a series for every group. */

/** Of what is measured of a link. */
export const LINK_BOUNDS_MS = {
  /** TESTFR act to con. 50 ms is what alerts ask for. */
  tests: [5, 10, 25, 50, 100, 250, 1_000, 5_000],
  /** Peers may wait with an acknowledgement, by t2 for seconds. */
  acknowledgements: [10, 50, 250, 1_000, 5_000, 15_000],
} as const;

/** The times of events are whole milliseconds. */
export const EVENT_BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 1_000, 5_000, 60_000] as const;

/** A command's way to the RTU and back: a millisecond on one machine, tens of seconds on a 2G link. */
export const COMMAND_BOUNDS_MS = [1, 5, 25, 100, 250, 1_000, 5_000, 30_000] as const;

/** How late a timer may be. */
export const LAG_BOUNDS_MS = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000] as const;
