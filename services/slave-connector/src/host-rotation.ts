import type { Endpoint } from '@iec104mm2ss/config';

/** After every host was tried in vain: first pause, its largest, and how much of it is random. */
export const ROUND_PAUSE_MS = 1_000;
export const MAX_ROUND_PAUSE_MS = 15_000;
const JITTER = 0.25;
/** A link that has lived so long is no refusal, and one after which the RTU counts as well again. */
export const LIVED_MS = 1_000;
export const STEADY_MS = 60_000;
/** Pauses after links over which something went, but which ended at once: the first and the largest. */
export const BRIEF_PAUSE_MS = 250;
export const MAX_BRIEF_PAUSE_MS = 5_000;

/** What became of a link. */
export interface EndedLink {
  readonly livedMs: number;
  /** ASDUs went over it. */
  readonly exchanged: boolean;
  /** The RTU broke the protocol, or is none that can be served. */
  readonly faulty: boolean;
  /** It was ended here, and not for what the RTU did. */
  readonly ours: boolean;
}
/** Pause between two hosts of one round, so that a refusing host costs nothing but is not hammered. */
export const NEXT_HOST_PAUSE_MS = 100;

/**
 * In which order the hosts of an RTU are tried (the manual: one by one until one accepts), and how long to wait in
 * between. A host that worked is tried first again. `random` gives 0..1.
 */
export class HostRotation {
  private index = 0;
  private failures = 0;
  private briefLinks = 0;

  constructor(
    private readonly hosts: readonly Endpoint[],
    private readonly random: () => number,
  ) {}

  get count(): number {
    return this.hosts.length;
  }

  get current(): Endpoint {
    return this.hosts[this.index] as Endpoint;
  }

  /** Every host was tried in vain since one last worked. */
  get roundEnded(): boolean {
    return this.failures >= this.hosts.length;
  }

  /**
   * The link to the current host has ended. A station may close a link that is idle, after 20 s or 2 s without STARTDT: it is
   * connected again at once, so that masters find the port open. One that closes at once is no better than one that refuses
   * (its masters are all there), and one that breaks the protocol will do so again. Returns the pause in ms.
   */
  ended({ livedMs, exchanged, faulty, ours }: EndedLink): number {
    if (livedMs >= STEADY_MS || ours) this.failures = 0;
    if (faulty) return this.failed();
    if (livedMs >= LIVED_MS || ours) {
      this.failures = this.briefLinks = 0;
      return this.lost();
    }
    if (!exchanged) return this.failed();
    this.failures = 0;
    return this.jittered(Math.min(BRIEF_PAUSE_MS * 2 ** this.briefLinks++, MAX_BRIEF_PAUSE_MS));
  }

  /** Somebody wants the next host to be used; what is known of failures stays. */
  skip(): void {
    this.index = (this.index + 1) % this.hosts.length;
  }

  /** The current host did not accept: move on. Returns the pause in ms before trying. */
  failed(): number {
    this.index = (this.index + 1) % this.hosts.length;
    this.failures++;
    const rounds = Math.floor(this.failures / this.hosts.length);
    if (this.failures % this.hosts.length !== 0) return NEXT_HOST_PAUSE_MS;
    return this.jittered(Math.min(ROUND_PAUSE_MS * 2 ** (rounds - 1), MAX_ROUND_PAUSE_MS));
  }

  /** A link that had worked ended: the same host again. */
  private lost(): number {
    return NEXT_HOST_PAUSE_MS * (1 + this.random() / 2);
  }

  private jittered(pauseMs: number): number {
    return pauseMs * (1 - JITTER + 2 * JITTER * this.random());
  }
}
