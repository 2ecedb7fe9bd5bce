import type { AckPolicy, GroupConfig } from './types.js';

const LONGEST_GAP_MS = 5;
/** A log of this many ASDUs is reported on often enough not to be full for want of a report. */
const ASDUS_PER_MS = 200;

/** When the RTU is acknowledged, if the file leaves it open: a log on disk is safe, one in memory is not. */
export function ackPolicy({ ack }: GroupConfig, bus: 'memory' | 'nats'): AckPolicy {
  return ack ?? (bus === 'nats' ? 'stored' : 'delivered');
}

/**
 * Shortest time, ms, between two reports of what masters have acknowledged. 0 = report at once: nothing is gained in one
 * process, and under `delivered` the RTU waits for it. Otherwise only the room in the log depends on it.
 */
export function reportGapMs(config: GroupConfig, bus: 'memory' | 'nats'): number {
  if (bus === 'memory' || ackPolicy(config, bus) === 'delivered') return 0;
  return Math.min(LONGEST_GAP_MS, Math.floor(config.buffsize / ASDUS_PER_MS));
}
