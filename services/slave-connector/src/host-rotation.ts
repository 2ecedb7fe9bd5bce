import type { Endpoint } from '@iec104mm2ss/config';

/** After every host was tried in vain: first pause, its largest, and how much of it is random. */
export const ROUND_PAUSE_MS = 1_000;
export const MAX_ROUND_PAUSE_MS = 15_000;
const JITTER = 0.25;
/** Pause between two hosts of one round, so that a refusing host costs nothing but is not hammered. */
export const NEXT_HOST_PAUSE_MS = 100;

/**
 * In which order the hosts of an RTU are tried (the manual: one by one until one accepts), and how long to wait in
 * between. A host that worked is tried first again. `random` gives 0..1.
 */
export class HostRotation {
  private index = 0;
  private failures = 0;

  constructor(
    private readonly hosts: readonly Endpoint[],
    private readonly random: () => number,
  ) {}

  get current(): Endpoint {
    return this.hosts[this.index] as Endpoint;
  }

  /** Every host was tried in vain since one last worked. */
  get roundEnded(): boolean {
    return this.failures >= this.hosts.length;
  }

  /** The current host accepted. */
  succeeded(): void {
    this.failures = 0;
  }

  /** The current host did not accept, or its link ended at once: move on. Returns the pause in ms before trying. */
  failed(): number {
    this.index = (this.index + 1) % this.hosts.length;
    this.failures++;
    const rounds = Math.floor(this.failures / this.hosts.length);
    if (this.failures % this.hosts.length !== 0) return NEXT_HOST_PAUSE_MS;
    const pause = Math.min(ROUND_PAUSE_MS * 2 ** (rounds - 1), MAX_ROUND_PAUSE_MS);
    return pause * (1 - JITTER + 2 * JITTER * this.random());
  }

  /** A link that had worked ended: try the same host again. Returns the pause in ms. */
  lost(): number {
    return NEXT_HOST_PAUSE_MS + ROUND_PAUSE_MS * JITTER * this.random();
  }
}
