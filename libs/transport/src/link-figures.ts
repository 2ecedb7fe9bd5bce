import { Durations, type LinkFigures, type LinkParameters, type ProbeOptions } from '@iec104mm2ss/iec104';

/** A link that is measured sends TESTFR act so often. */
export const PROBE_MS = 10_000;
/** With a longer t3 the link was asked to be quiet, as its every octet may be paid for: it is probed while data passes only. */
export const QUIET_T3_MS = 30_000;

/** Upper bounds of the buckets, milliseconds; libs/observability has those of the metrics. */
export interface LinkBounds {
  readonly tests: readonly number[];
  readonly acknowledgements: readonly number[];
}

/** For the links of one group to its RTU, or of its masters. */
export function newLinkFigures(boundsMs: LinkBounds): LinkFigures {
  return {
    tests: new Durations(boundsMs.tests),
    acknowledgements: new Durations(boundsMs.acknowledgements),
    received: { i: 0, s: 0, u: 0 },
    sent: { i: 0, s: 0, u: 0 },
  };
}

/** What is known of a link when it is decided how it is probed. */
export interface Probed extends Pick<LinkParameters, 't3Ms'> {
  readonly idleTimeMs: number;
  readonly localPort: number;
  readonly remotePort: number;
}

/**
 * How a link is probed. Where nothing is to be heard for the idle time before t3 asks, the answers would keep the link from
 * being closed as idle: there, too, it is probed while data passes only.
 */
export function probesOf({ t3Ms, idleTimeMs, localPort, remotePort }: Probed): ProbeOptions {
  // By the golden ratio: ports that follow each other are far apart.
  const phase = ((localPort ^ remotePort) * 0.618_033_988_75) % 1;
  return { everyMs: PROBE_MS, firstMs: PROBE_MS * (1 - phase), idleToo: t3Ms <= QUIET_T3_MS && t3Ms < idleTimeMs };
}
