/** How often something took how long: counted in buckets, for a histogram. Plain numbers, which anybody may read. */
export class Durations {
  /** One for each bound, and one for what is longer than all; not cumulative. */
  readonly counts: number[];
  sumMs = 0;

  /** @param boundsMs upper bounds of the buckets, inclusive, ascending, in milliseconds */
  constructor(readonly boundsMs: readonly number[]) {
    this.counts = new Array<number>(boundsMs.length + 1).fill(0);
  }

  add(ms: number, times = 1): void {
    let bucket = 0;
    while (bucket < this.boundsMs.length && ms > (this.boundsMs[bucket] as number)) bucket++;
    this.counts[bucket] = (this.counts[bucket] as number) + times;
    this.sumMs += ms * times;
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }
}

/** APDUs of one direction, by format. Plain numbers, which anybody may read. */
export interface ApduCounts {
  i: number;
  s: number;
  u: number;
}

/** What links measure of the path to their peers. */
export interface LinkFigures {
  /** APDUs that were taken, and those that were handed to the socket. */
  readonly received: ApduCounts;
  readonly sent: ApduCounts;
  /** TESTFR act to TESTFR con: the way there and back, and what the peer takes to answer. */
  readonly tests: Durations;
  /** I-format APDU sent to its acknowledgement: it includes how long the peer waits with it (t2, w). */
  readonly acknowledgements: Durations;
}
