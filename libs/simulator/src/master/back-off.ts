/** Growing, jittered pauses between attempts to connect. */
export interface BackOffOptions {
  /** First pause; default 500 ms. */
  readonly minMs?: number;
  /** Longest pause; default 10 s. */
  readonly maxMs?: number;
  /** 0..1; default Math.random. */
  readonly random?: () => number;
}

const DEFAULT_MIN_MS = 500;
const DEFAULT_MAX_MS = 10_000;
const FACTOR = 2;
/** A pause is shortened by up to this part of it, so that many masters do not come back in step. */
const JITTER = 0.3;

export class BackOff {
  private readonly minMs: number;
  private readonly maxMs: number;
  private readonly random: () => number;
  private attempts = 0;

  constructor(options: BackOffOptions = {}) {
    this.minMs = options.minMs ?? DEFAULT_MIN_MS;
    this.maxMs = Math.max(options.maxMs ?? DEFAULT_MAX_MS, this.minMs);
    this.random = options.random ?? Math.random;
  }

  /** The pause before the next attempt, in milliseconds. */
  next(): number {
    const fullMs = Math.min(this.minMs * FACTOR ** Math.min(this.attempts++, 30), this.maxMs);
    return fullMs * (1 - JITTER * this.random());
  }

  /** A connection was made: the next pause is a short one again. */
  reset(): void {
    this.attempts = 0;
  }
}
