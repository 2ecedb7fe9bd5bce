/** Injection token of OwnTime. */
export const OWN_TIME = Symbol('OWN_TIME');

/** The time of this host as far as it is known to be right, for who judges the time that others give. */
export interface OwnTime {
  /** Milliseconds since 1970-01-01 UTC; undefined while the clock is not known to be right. */
  synchronisedMs(): number | undefined;
  /** Milliseconds that the host's local time is ahead of UTC at that moment. */
  zoneMs(atMs: number): number;
  /** Why the clock is not known to be right; undefined: it is, or that is not known yet. */
  trouble(): string | undefined;
}

/** Of a process that asks nobody for the time. */
export const NO_TIME: OwnTime = {
  synchronisedMs: () => undefined,
  zoneMs: () => 0,
  trouble: () => 'no ntp_server is configured',
};
