import { TokenBucket } from '@iec104mm2ss/runtime';

/**
 * How much a peer may send that brings nothing, before its connection is closed: on the average per second. Ten times as much
 * may come at once. A peer that keeps to the protocol stays far below: it tests a link every few seconds (t3), and what it
 * acknowledges was sent to it.
 */
export interface PeerLimits {
  /** U-format APDUs: TESTFR, STARTDT, STOPDT. */
  readonly uFramesPerSecond: number;
  /** S-format APDUs that acknowledge nothing new. */
  readonly sFramesPerSecond: number;
  /** Reads of the socket that complete no APDU: octets one at a time. A serial line behind a converter sends like that, too. */
  readonly scrapsPerSecond: number;
}

export const DEFAULT_PEER_LIMITS: PeerLimits = { uFramesPerSecond: 20, sFramesPerSecond: 50, scrapsPerSecond: 2_000 };
export const NO_PEER_LIMITS: PeerLimits = {
  uFramesPerSecond: Infinity,
  sFramesPerSecond: Infinity,
  scrapsPerSecond: Infinity,
};

/** So many seconds' worth may come at once. */
const BURST_SECONDS = 10;

/** What a peer does too much of; a reason for the end of a connection. */
export interface Excess {
  readonly code: 'u_flood' | 's_flood' | 'octet_flood' | 'half_frame';
  readonly message: string;
}

/** Keeps count of what one peer sends without need, and of a frame that it does not end. */
export class PeerBounds {
  private readonly uFrames: TokenBucket;
  private readonly sFrames: TokenBucket;
  private readonly scraps: TokenBucket;
  /** Since when an APDU is incomplete; Infinity: none is. */
  private halfSince = Infinity;

  /** @param halfFrameMs how long the rest of an APDU may take */
  constructor(
    private readonly limits: PeerLimits,
    private readonly halfFrameMs: number,
    now: number,
  ) {
    const bucket = (perSecond: number): TokenBucket =>
      new TokenBucket(perSecond, Math.max(1, perSecond * BURST_SECONDS), now);
    this.uFrames = bucket(limits.uFramesPerSecond);
    this.sFrames = bucket(limits.sFramesPerSecond);
    this.scraps = bucket(limits.scrapsPerSecond);
  }

  /** A read of the socket. @param whole an APDU was completed by it @param pendingOctets of one that is not complete */
  read(whole: boolean, pendingOctets: number, now: number): Excess | undefined {
    if (pendingOctets === 0) this.halfSince = Infinity;
    else if (whole || this.halfSince === Infinity) this.halfSince = now;
    if (whole || this.scraps.take(1, now) > 0) return undefined;
    return excess('octet_flood', this.limits.scrapsPerSecond, 'reads that complete no APDU');
  }

  uFrame(now: number): Excess | undefined {
    if (this.uFrames.take(1, now) > 0) return undefined;
    return excess('u_flood', this.limits.uFramesPerSecond, 'U-format APDUs');
  }

  /** One that acknowledges nothing new. */
  idleSFrame(now: number): Excess | undefined {
    if (this.sFrames.take(1, now) > 0) return undefined;
    return excess('s_flood', this.limits.sFramesPerSecond, 'S-format APDUs that acknowledge nothing new');
  }

  /** When the rest of an incomplete APDU must have come. */
  get halfFrameAt(): number {
    return this.halfSince + this.halfFrameMs;
  }

  get halfFrame(): Excess {
    return { code: 'half_frame', message: `an APDU was not completed within ${this.halfFrameMs / 1000} s` };
  }

  /** Nothing was read for a while: the rest of an incomplete APDU has its time from now on. */
  readAgain(now: number): void {
    if (this.halfSince !== Infinity) this.halfSince = now;
  }
}

const CODES: ReadonlySet<string> = new Set<Excess['code']>(['u_flood', 's_flood', 'octet_flood', 'half_frame']);

/** True for the reasons by which a connection ends as its peer did too much. */
export function isExcess(code: string): code is Excess['code'] {
  return CODES.has(code);
}

function excess(code: Excess['code'], perSecond: number, what: string): Excess {
  return { code, message: `more than ${perSecond} ${what} a second` };
}
